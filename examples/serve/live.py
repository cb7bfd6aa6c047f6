"""Sound that comes piece by piece over a websocket, and the tags of its last window.

The client says its sample rate, {"sample_rate": 48000}, then sends pieces of mono
float32 samples (little-endian). The server answers with {"seconds": 1.5, "tags": [...]}
whenever another half second has come. Only the last window is kept, in memory.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import numpy as np
import soxr
from fastapi import WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field, ValidationError
from reading import RATES, are_samples
from taggers import Tagger

MOST_LISTENERS = 8
MOST_PIECE_BYTES = 2**16  # 40 ms at 384 kHz are less
MOST_WORDS = 1_000  # characters of a text
IDLE_SECONDS = 20  # without a piece
HOP_SECONDS = 0.5
_UNSUPPORTED, _INVALID, _BUSY = 1003, 1008, 1013  # RFC 6455 and its registry

Scored = Callable[[np.ndarray], list[dict[str, Any]]]


class Start(BaseModel):
    """What a client says first."""

    sample_rate: int = Field(ge=RATES[0], le=RATES[1])


class RefusedError(Exception):
    """What was sent is not taken.

    Args:
        code: Code by which the connection is closed.
        why: What the client is told.
    """

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


class Ear:
    """The last window of a sound that comes in pieces.

    Args:
        given: Sample rate of the pieces in Hz.
        wanted: Sample rate of the window in Hz.
        samples: Length of the window.
    """

    def __init__(self, given: int, wanted: int, samples: int) -> None:
        self._stream = None
        if given != wanted:
            self._stream = soxr.ResampleStream(given, wanted, 1, dtype="float32")
        self._samples = samples
        self.window = np.zeros(0, "float32")
        self.heard = 0  # samples, at the wanted rate
        self.is_open = True

    def hear(self, piece: bytes) -> None:
        """Take the next samples."""
        if not piece or len(piece) % 4 or len(piece) > MOST_PIECE_BYTES:
            raise RefusedError(
                _UNSUPPORTED,
                f"Pieces are float32 samples, at most {MOST_PIECE_BYTES} bytes.",
            )
        sound = np.frombuffer(piece, "<f4")
        if not are_samples(sound):
            raise RefusedError(
                _UNSUPPORTED, "Samples must be finite numbers in [-1, 1]."
            )
        if self._stream is not None:
            sound = self._stream.resample_chunk(sound)
        self.heard += len(sound)
        self.window = np.concatenate([self.window, sound])[-self._samples :]


class Listeners:
    """The clients that are listened to.

    Args:
        tagger: What scores the windows.
        decode: Function that turns scores into what is sent.
        worked_on: Lock that bounds how many sounds are scored at a time.
    """

    def __init__(
        self,
        tagger: Tagger,
        decode: Scored,
        worked_on: AbstractAsyncContextManager[Any],
    ) -> None:
        self._tagger, self._decode, self._worked_on = tagger, decode, worked_on
        self._count = 0

    async def listen(self, socket: WebSocket) -> None:
        """Answer a client until it goes."""
        await socket.accept()
        self._count += 1
        try:
            if self._count > MOST_LISTENERS:
                raise RefusedError(_BUSY, "Too many are listening. Try again later.")
            await self._answer_all(socket)
        except RefusedError as error:
            await socket.close(error.code, error.why)
        except WebSocketDisconnect:
            pass  # it has gone, which is how listening ends
        finally:
            self._count -= 1

    async def _answer_all(self, socket: WebSocket) -> None:
        start = _read_start(await _receive(socket))
        rate = self._tagger.sample_rate
        ear = Ear(start.sample_rate, rate, self._tagger.window_samples)
        enough = asyncio.Event()
        answering = asyncio.create_task(self._answer(socket, ear, enough))
        told = 0
        try:
            while not answering.done():
                ear.hear(_bytes(await _receive(socket)))
                if ear.heard - told >= HOP_SECONDS * rate:
                    told = ear.heard
                    enough.set()
        finally:
            ear.is_open = False
            enough.set()
            await asyncio.wait([answering])  # a thread cannot be stopped
        answering.result()

    async def _answer(self, socket: WebSocket, ear: Ear, enough: asyncio.Event) -> None:
        """Score the newest window each time; what came meanwhile is not waited for."""
        rate = self._tagger.sample_rate
        while True:
            await enough.wait()
            enough.clear()
            seconds, window = ear.heard / rate, ear.window
            async with self._worked_on:
                if not ear.is_open:
                    return
                scores = await run_in_threadpool(self._tagger.scores, window, rate)
            if not ear.is_open:
                return
            await socket.send_json({"seconds": seconds, "tags": self._decode(scores)})


async def _receive(socket: WebSocket) -> bytes | str:
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            message = await socket.receive()
    except TimeoutError:
        raise RefusedError(_INVALID, f"Nothing came for {IDLE_SECONDS} s.") from None
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    data, text = message.get("bytes"), message.get("text")
    return data if data is not None else text


def _read_start(message: bytes | str) -> Start:
    try:
        if not isinstance(message, str) or len(message) > MOST_WORDS:
            raise ValueError("There is no text.")
        return Start.model_validate_json(message)
    except (ValidationError, ValueError):
        low, high = RATES
        raise RefusedError(
            _INVALID,
            f'First say {{"sample_rate": 48000}}, from {low} to {high} Hz.',
        ) from None


def _bytes(message: bytes | str) -> bytes:
    if isinstance(message, str):
        raise RefusedError(_UNSUPPORTED, "After the sample rate come samples, no text.")
    return message
