"""A model behind HTTP, with FastAPI: POST a sound, get its tags.

    pip install fastapi uvicorn soundfile soxr tensorflow
    MODEL=mine uvicorn --app-dir examples/serve app:app

MODEL is a folder that `kerasaudio.export` wrote (a SavedModel, run by TensorFlow alone,
without Keras and kerasaudio), or a .keras file (then kerasaudio is needed).

    curl --data-binary @bark.wav -H "Content-Type: audio/wav" localhost:8000/tags?top=3
    curl --json '{"sample_rate": 16000, "samples": [0.1, ...]}' localhost:8000/tags
"""

import io
import json
import os
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field, ValidationError

MOST_BYTES = 32 * 2**20
MOST_SECONDS = 600
MOST_SAMPLES = 2**26  # decoded, of all channels: silence is packed very small
SHORTEST_SECONDS = 0.05
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
        windows, weights = [], []
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
            windows.append(np.concatenate([window, fill]).astype("float32"))
            if start + size >= len(waveform):
                break
        rows = [self._output(window) for window in windows]
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

    sample_rate: int = Field(ge=1_000, le=384_000)
    samples: list[float] = Field(min_length=1)


def load(path: str) -> Tagger:
    """Load what MODEL names."""
    if path.endswith(".keras"):
        return KerasTagger(Path(path))
    return SavedModelTagger(Path(path))


tagger = load(os.environ["MODEL"])
app = FastAPI(title="Sounds to tags")


@app.get("/health")
async def health() -> dict[str, Any]:
    """Say that the model is loaded, and what it knows."""
    return {"ready": True, "labels": tagger.labels}


@app.post("/tags")
async def tags(
    request: Request, top: int = Query(5, ge=1)
) -> dict[str, list[dict[str, Any]]]:
    """Name what is heard in a sound file, or in samples as JSON."""
    body = await _body(request)
    is_json = request.headers.get("content-type", "").startswith("application/json")
    waveform, rate = _from_json(body) if is_json else _from_file(body)
    if len(waveform) < SHORTEST_SECONDS * rate:
        raise HTTPException(422, f"The sound is shorter than {SHORTEST_SECONDS} s.")
    scores = await run_in_threadpool(tagger.scores, waveform, rate)
    best = np.argsort(-scores, kind="stable")[:top]
    found = [{"label": tagger.labels[i], "score": float(scores[i])} for i in best]
    return {"tags": found}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"More than {MOST_BYTES} bytes are not taken.")
    return bytes(body)


def _from_json(body: bytes) -> tuple[np.ndarray, int]:
    try:
        given = Samples.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, error.errors(**_PLAIN)) from error
    waveform = np.array(given.samples, "float32")
    return _checked(waveform), given.sample_rate


def _from_file(body: bytes) -> tuple[np.ndarray, int]:
    try:
        with soundfile.SoundFile(io.BytesIO(body)) as file:
            most = min(MOST_SECONDS * file.samplerate, MOST_SAMPLES // file.channels)
            frames = file.read(most + 1, dtype="float32", always_2d=True)
            rate = file.samplerate
    except soundfile.LibsndfileError as error:
        raise HTTPException(422, f"This is no sound file: {error}") from error
    if len(frames) > most:
        raise HTTPException(413, f"More than {most} frames are not taken.")
    return _checked(frames.mean(axis=1)), rate


def _checked(waveform: np.ndarray) -> np.ndarray:
    if not np.isfinite(waveform).all() or np.abs(waveform).max(initial=0) > 10:
        raise HTTPException(422, "Samples must be finite numbers in [-1, 1].")
    return waveform
