"""What a request may hold, and how it becomes a waveform; nothing touches the disk."""

import email.message
import io
from collections.abc import AsyncIterator
from typing import Annotated

import numpy as np
import soundfile
from fastapi import HTTPException
from pydantic import BaseModel, FailFast, Field, ValidationError

MOST_BYTES = 32 * 2**20
MOST_JSON_BYTES = 8 * 2**20  # numbers as text take 20 times their size to read
MOST_SECONDS = 600
MOST_SAMPLES = 2**26  # decoded, of all channels: silence is packed very small
SHORTEST_SECONDS = 0.05
RATES = (1_000, 384_000)
MOST_PARTS = 16  # of a form
_BLOCK = 2**20
_UNKNOWN = 2**62  # libsndfile's count of frames where the header has none: more
_PLAIN = {"include_url": False, "include_context": False, "include_input": False}


class Samples(BaseModel):
    """A waveform as JSON."""

    sample_rate: int = Field(ge=RATES[0], le=RATES[1])
    samples: Annotated[list[float], FailFast()] = Field(min_length=1)


async def read_body(stream: AsyncIterator[bytes], content_type: str) -> bytes:
    """Read a body up to its bound."""
    most = MOST_JSON_BYTES if _is_json(content_type) else MOST_BYTES
    body = bytearray()
    async for piece in stream:
        body += piece
        if len(body) > most:
            raise HTTPException(413, f"More than {most} bytes are not taken.")
    return bytes(body)


def waveform_of(body: bytes, content_type: str) -> tuple[np.ndarray, int]:
    """Give the mono waveform in a body, float32 (samples,), and its rate in Hz."""
    if _is_json(content_type):
        waveform, rate = _from_json(body)
    elif content_type.startswith("multipart/"):
        waveform, rate = _from_file(_from_form(body, content_type))
    else:
        waveform, rate = _from_file(body)
    if not are_samples(waveform):
        raise HTTPException(422, "Samples must be finite numbers in [-1, 1].")
    if len(waveform) < SHORTEST_SECONDS * rate:
        raise HTTPException(422, f"The sound is shorter than {SHORTEST_SECONDS} s.")
    return waveform, rate


def are_samples(waveform: np.ndarray) -> bool:
    """Say whether all are finite, and none is an integer of 16 bits as a float."""
    return bool(waveform.max(initial=0) <= 10 and waveform.min(initial=0) >= -10)


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
