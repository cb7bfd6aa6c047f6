"""Sound that comes packet by packet over a websocket, and what goes back.

The page says {"sample_rate": 48000, "format": "int16"}, then sends packets of mono
samples, and at any time {"saliency": true}. The server answers {"kind": "ready"}, then
{"kind": "tags", "seconds": end of the window, "tags": ..., "pictures": ...} a hop
apart, and {"kind": "saliency", ...}. Only the last window is kept, in memory.
"""

import asyncio
import contextlib
import itertools
import logging
from typing import Any

import numpy as np
from fastapi import WebSocket, WebSocketDisconnect

from kerasaudio.app.ear import Ear, Moment
from kerasaudio.app.explainer import Explainer, Question
from kerasaudio.app.packets import (
    BUSY,
    FAILED,
    INVALID,
    UNSUPPORTED,
    Pace,
    RefusedError,
    read_saliency,
    read_sound,
    read_start,
)
from kerasaudio.app.pictures import Pictures
from kerasaudio.app.scorer import Listener, Scorer
from kerasaudio.core import AudioModel, AudioSpec

START_SECONDS = 10.0  # until the sample rate comes
IDLE_SECONDS = 20.0  # without a packet
_TAGS = 8
_log = logging.getLogger(__name__)


class Visitors:
    """Those who are listened to.

    Args:
        model: The model.
        spec: Its spec with the windows of a stream.
        pictures: The pictures.
        most: Number of visitors at a time.

    Attributes:
        count: Number of those who are here.
        scorer: What scores all.
        explainer: What explains some.
    """

    def __init__(
        self, model: AudioModel, spec: AudioSpec, pictures: Pictures, most: int
    ) -> None:
        self.model, self.spec, self.pictures, self.most = model, spec, pictures, most
        self.count = 0
        self.scorer = Scorer(model, spec)
        self.explainer = Explainer(model, spec.rule.context + spec.rule.window)
        self._numbers = itertools.count()

    def tags(self, scores: np.ndarray) -> list[tuple[str, float]]:
        """Return the best (label, score) pairs, best first."""
        top = min(_TAGS, len(self.spec.labels or ()))
        return self.model.decode(scores[None], top)[0]

    async def welcome(self, socket: WebSocket) -> None:
        """Answer a visitor until he leaves."""
        await socket.accept()
        self.count += 1
        try:
            if self.count > self.most:
                raise RefusedError(
                    BUSY, f"All {self.most} places are taken. Try again later."
                )
            await _Session(self, socket, next(self._numbers)).run()
        except RefusedError as error:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # he is gone
                await socket.close(error.code, error.why)
        except WebSocketDisconnect:
            pass  # he closed the page, which is how visits end
        finally:
            self.count -= 1


class _Session:
    """One visitor.

    Args:
        visitors: The others.
        socket: The connection.
        number: Which visit it is.
    """

    def __init__(self, visitors: Visitors, socket: WebSocket, number: int) -> None:
        self._visitors, self._socket, self._number = visitors, socket, number
        self._loop = asyncio.get_running_loop()
        self._listener = Listener(self._from_scorer)
        # The newest of each kind: a slow connection gets fewer messages, not old ones.
        self._news: dict[str, dict[str, Any]] = {}
        self._has_news = asyncio.Event()
        self._error: Exception | None = None
        self._wants_saliency = False

    async def run(self) -> None:
        """Hear and answer until one of the two ends."""
        tasks = [
            asyncio.create_task(self._hear_all()),
            asyncio.create_task(self._answer_all()),
        ]
        for task in tasks:  # an error that nobody asks for is logged
            task.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._visitors.scorer.leave(self._listener)
            self._visitors.explainer.leave(self._number)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def _hear_all(self) -> None:
        pace = Pace()
        start = read_start(await self._receive(START_SECONDS, "No sample rate came"))
        self._wants_saliency = start.saliency
        self._tell({"kind": "ready"})
        ear = Ear(self._visitors.spec, start.sample_rate)
        while True:
            message = await self._receive(IDLE_SECONDS, "No sound came")
            if isinstance(message, str):
                pace.text()
                self._wants_saliency = read_saliency(message)
                continue
            sound = read_sound(message, start.form)
            pace.sound(len(sound) / start.sample_rate)
            self._visitors.scorer.submit(self._listener, ear.hear(sound))

    async def _receive(self, seconds: float, lack: str) -> bytes | str:
        try:
            async with asyncio.timeout(seconds):
                message = await self._socket.receive()
        except TimeoutError:
            raise RefusedError(INVALID, f"{lack} for {seconds:g} s.") from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        data = message.get("bytes")
        found = message.get("text") if data is None else data
        if not isinstance(found, bytes | str):
            raise RefusedError(UNSUPPORTED, "Messages are bytes or texts.")
        return found

    async def _answer_all(self) -> None:
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            if self._error is not None:
                _log.error("The network failed.", exc_info=self._error)
                raise RefusedError(FAILED, "The network failed; see the server's log.")
            news, self._news = self._news, {}
            for message in news.values():
                await self._socket.send_json(message)

    def _tell(self, message: dict[str, Any]) -> None:
        self._news[message["kind"]] = message
        self._has_news.set()

    def _soon(self, function: Any, *arguments: Any) -> None:
        """Call a function from another thread, unless the server has ended."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function, *arguments)

    def _from_scorer(self, moment: Moment, scores: np.ndarray | Exception) -> None:
        try:
            if isinstance(scores, Exception):
                raise scores
            if not np.isfinite(scores).all():
                raise ValueError("The scores are not finite.")
            self._tell_tags(moment, scores)
        except Exception as error:
            self._soon(self._fail, error)

    def _tell_tags(self, moment: Moment, scores: np.ndarray) -> None:
        visitors = self._visitors
        tags = visitors.tags(scores)
        message = {
            "kind": "tags",
            "seconds": round(moment.end, 4),
            "tags": [[label, round(score, 4)] for label, score in tags],
            "pictures": [
                [number, round(score, 4)]
                for number, score in visitors.pictures.scores(scores)
            ],
        }
        self._soon(self._tell, message)
        if self._wants_saliency:
            label, score = tags[0]
            question = Question(moment, label, score, self._from_explainer)
            visitors.explainer.ask(self._number, question)

    def _from_explainer(self, message: dict[str, Any]) -> None:
        self._soon(self._tell, message)

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._has_news.set()
