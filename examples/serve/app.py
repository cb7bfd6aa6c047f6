"""A model behind HTTP, with FastAPI: POST a sound, get its tags.

    pip install fastapi uvicorn soundfile soxr tensorflow
    MODEL=mine uvicorn --app-dir examples/serve app:app

MODEL is a folder that `kerasaudio.export` wrote (a SavedModel, run by TensorFlow alone,
without Keras and kerasaudio), or a .keras file (then kerasaudio is needed).

    curl --data-binary @bark.wav -H "Content-Type: audio/wav" localhost:8000/tags?top=3
    curl --form sound=@bark.wav localhost:8000/tags
    curl --json '{"sample_rate": 16000, "samples": [0.1, ...]}' localhost:8000/tags
"""

import asyncio
import email.message
import io
import json
import os
import threading
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
import soundfile
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, FailFast, Field, ValidationError
from starlette.requests import ClientDisconnect

MOST_BYTES = 32 * 2**20
MOST_JSON_BYTES = 8 * 2**20  # numbers as text take 20 times their size to read
MOST_SECONDS = 600
MOST_SAMPLES = 2**26  # decoded, of all channels: silence is packed very small
SHORTEST_SECONDS = 0.05
RATES = (1_000, 384_000)
AT_ONCE = 2  # sounds that are decoded and scored; the others wait
MOST_WAITING = 16
MOST_PARTS = 16  # of a form
UPLOAD_SECONDS = 60
_BLOCK = 2**20
_UNKNOWN = 2**62  # libsndfile's count of frames where the header has none: more
_PLAIN = {"include_url": False, "include_context": False, "include_input": False}


class Tagger(Protocol):
    """What answers: labels and a score for each."""

    labels: list[str]

    def scores(self, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Give (classes,) for a mono waveform (samples,)."""
        ...


class SavedModelTagger:
    """A SavedModel, and what travels with it: rate, window and labels."""

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf

        facts = json.loads((folder / "assets" / "kerasaudio.json").read_text("utf-8"))
        if facts["labels"] is None:
            raise ValueError(f"{folder} gives embeddings; this serves tags.")
        self.labels: list[str] = facts["labels"]
        self._facts = facts
        self._loaded = tf.saved_model.load(str(folder))  # keeps its variables alive
        self._run = self._loaded.signatures["serving_default"]

    def scores(self, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Average over windows, each by what the sound has of it."""
        import soxr

        rate, size = self._facts["sample_rate"], self._facts["window_samples"]
        if sample_rate != rate:
            waveform = soxr.resample(waveform, sample_rate, rate, quality="HQ")
        starts = range(0, len(waveform), self._facts["hop_samples"] or size)
        rows, weights = [], []
        for start in starts:
            window = waveform[start : start + size]
            lacking = size - len(window)
            if lacking and start and self._facts["rest"] == "drop":
                break
            is_full = self._facts["rest"] == "full"
            weights.append(1.0 if is_full else len(window) / size)
            if self._facts["window_padding"] == "repeat":
                fill = np.resize(waveform[:size], lacking)
            else:
                fill = np.zeros(lacking)
            rows.append(self._output(np.concatenate([window, fill]).astype("float32")))
            if start + size >= len(waveform):
                break
        return np.average(rows, axis=0, weights=weights)

    def _output(self, window: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        found = self._run(waveform=tf.constant(window[None]))
        return np.asarray(found[self._facts["output"]])[0]


class KerasTagger:
    """A .keras file, through kerasaudio."""

    def __init__(self, path: Path) -> None:
        import keras

        import kerasaudio  # noqa: F401  the file's classes

        self._one_by_one = threading.Lock()
        self._model: Any = keras.saving.load_model(path, compile=False)
        self.labels: list[str] = list(self._model.spec.labels or ())

    def scores(self, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Ask the model."""
        with self._one_by_one:
            tags = dict(self._model.tag(waveform, sample_rate, top=len(self.labels)))
        return np.array([tags[label] for label in self.labels])


class Samples(BaseModel):
    """A waveform as JSON."""

    sample_rate: int = Field(ge=RATES[0], le=RATES[1])
    samples: Annotated[list[float], FailFast()] = Field(min_length=1)


def load(path: str) -> Tagger:
    """Load what MODEL names."""
    if path.endswith(".keras"):
        return KerasTagger(Path(path))
    return SavedModelTagger(Path(path))


tagger = load(os.environ["MODEL"])
app = FastAPI(title="Sounds to tags")
taken = asyncio.Semaphore(MOST_WAITING)
worked_on = asyncio.Semaphore(AT_ONCE)


@app.get("/health")
async def health() -> dict[str, Any]:
    """Say that the model is loaded, and what it knows."""
    return {"ready": True, "labels": tagger.labels}


@app.post("/tags")
async def tags(
    request: Request, top: int = Query(5, ge=1)
) -> dict[str, list[dict[str, Any]]]:
    """Name what is heard in a sound file, or in samples as JSON."""
    if taken.locked():
        raise HTTPException(503, "Too many sounds are waiting.", {"Retry-After": "5"})
    async with taken:
        content_type = request.headers.get("content-type", "")
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                body = await _body(request, content_type)
        except TimeoutError:
            raise HTTPException(408, "The sound came too slowly.") from None
        except ClientDisconnect:
            raise HTTPException(400, "The sound did not come to its end.") from None
        async with worked_on:  # in a thread: the event loop stays free for others
            return await run_in_threadpool(_tags, body, content_type, top)


async def _body(request: Request, content_type: str) -> bytes:
    most = MOST_JSON_BYTES if _is_json(content_type) else MOST_BYTES
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise HTTPException(413, f"More than {most} bytes are not taken.")
    return bytes(body)


def _tags(body: bytes, content_type: str, top: int) -> dict[str, list[dict[str, Any]]]:
    if _is_json(content_type):
        waveform, rate = _from_json(body)
    elif content_type.startswith("multipart/"):
        waveform, rate = _from_file(_from_form(body, content_type))
    else:
        waveform, rate = _from_file(body)
    if not (waveform.max(initial=0) <= 10 and waveform.min(initial=0) >= -10):
        raise HTTPException(422, "Samples must be finite numbers in [-1, 1].")
    if len(waveform) < SHORTEST_SECONDS * rate:
        raise HTTPException(422, f"The sound is shorter than {SHORTEST_SECONDS} s.")
    scores = tagger.scores(waveform, rate)
    best = np.argsort(-scores, kind="stable")[:top]
    return {
        "tags": [{"label": tagger.labels[i], "score": float(scores[i])} for i in best]
    }


def _is_json(content_type: str) -> bool:
    return content_type.startswith("application/json")


def _from_json(body: bytes) -> tuple[np.ndarray, int]:
    try:
        given = Samples.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, error.errors(**_PLAIN)) from error
    if len(given.samples) > MOST_SECONDS * given.sample_rate:
        raise HTTPException(413, f"More than {MOST_SECONDS} s are not taken.")
    return np.array(given.samples, "float32"), given.sample_rate


def _from_form(body: bytes, content_type: str) -> bytes:
    """Give the file of a multipart form."""
    header = email.message.Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary("").encode()
    if boundary and body.count(b"--" + boundary) > MOST_PARTS:
        raise HTTPException(
            413, f"Forms of more than {MOST_PARTS} parts are not taken."
        )
    # Before the first boundary and behind the last are no parts.
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary)[1:-1] if boundary else []
    fields = [part.partition(b"\r\n\r\n") for part in parts]
    files = [content for head, _, content in fields if b"filename" in head.lower()]
    if len(files) != 1:
        raise HTTPException(
            422,
            f"The form holds {len(files)} files; send one: curl --form sound=@bark.wav",
        )
    return files[0]


def _from_file(body: bytes) -> tuple[np.ndarray, int]:
    try:
        with soundfile.SoundFile(io.BytesIO(body)) as file:
            return _decode(file), file.samplerate
    except soundfile.LibsndfileError as error:
        raise HTTPException(
            422,
            f"This is no sound file that is read here: {error.error_string} Send wav, "
            "flac, ogg, opus, mp3, aiff, au or caf, as the body or as the file of a "
            "form. Convert others, such as m4a and webm: ffmpeg -i INPUT OUTPUT.flac",
        ) from error


def _decode(file: soundfile.SoundFile) -> np.ndarray:
    """Give the mean of the channels; of what is too much, nothing or not all."""
    low, high = RATES
    if not low <= file.samplerate <= high:
        raise HTTPException(
            422, f"Rates from {low} to {high} Hz are taken, not {file.samplerate} Hz."
        )
    most = min(MOST_SECONDS * file.samplerate, MOST_SAMPLES // file.channels)
    refusal = HTTPException(
        413,
        f"More than {MOST_SECONDS} s, or {MOST_SAMPLES} samples of all channels, are "
        "not taken.",
    )
    if most < file.frames < _UNKNOWN:
        raise refusal
    mono = np.empty(min(most, file.frames), "float32")
    length = 0
    while len(block := file.read(_BLOCK // file.channels, "float32", always_2d=True)):
        if length + len(block) > most:
            raise refusal
        mono[length : length + len(block)] = block.mean(axis=1)
        length += len(block)
    return mono[:length]
