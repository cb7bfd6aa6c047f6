"""One thread that runs the network for all visitors, on batches of their windows.

Of a visitor whose windows come faster than they are scored, only the newest is scored:
tags get fewer, but not later. A network with a state gets all windows in their order.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from kerasaudio.app.ear import Moment
from kerasaudio.app.worker import Worker
from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.windowed import Hearing, run

MOST_AT_ONCE = 16
_LONGEST_SECONDS = 0.25  # of a batch, as it delays all
_MOST_WAITING = 50  # windows of a network with a state

Deliver = Callable[[Moment, "np.ndarray | Exception"], None]


class Listener:
    """A visitor's place at the scorer.

    Args:
        deliver: Function of a window and its scores, or the error of the network; it is
            called by the scorer's thread.
    """

    def __init__(self, deliver: Deliver) -> None:
        self.deliver = deliver
        self.waiting: deque[Moment] = deque()
        self.hearing: Hearing | None = None


class Scorer(Worker):
    """Scores windows of many visitors.

    Args:
        model: The model.
        spec: Its spec with the windows of a stream.
    """

    def __init__(self, model: AudioModel, spec: AudioSpec) -> None:
        super().__init__("scorer")
        self._model, self._rule = model, spec.rule
        self._queue: deque[Listener] = deque()  # whoever waits, once each
        self._most = 1

    def start(self) -> None:
        """Compile what is needed, and start the thread."""
        self._warm_up()
        super().start()

    def submit(self, listener: Listener, moments: list[Moment]) -> None:
        """Add windows of a visitor."""
        if not moments:
            return
        with self._ready:
            if not listener.waiting:
                self._queue.append(listener)
            listener.waiting.extend(moments)
            most = _MOST_WAITING if self._model.has_state else 1
            while len(listener.waiting) > most:
                listener.waiting.popleft()
            self._ready.notify()

    def leave(self, listener: Listener) -> None:
        """Forget a visitor; what is being scored may still be delivered."""
        with self._ready:
            listener.waiting.clear()

    def _warm_up(self) -> None:
        """Find the largest batch that does not take long, so that none compiles."""
        if self._model.has_state:
            Hearing(self._model)(self._silence(1))
            return
        size = 1
        while size <= MOST_AT_ONCE:
            silence = self._silence(size)
            run(self._model.predict_on_batch, silence)
            begin = time.perf_counter()
            run(self._model.predict_on_batch, silence)
            if size > 1 and time.perf_counter() - begin > _LONGEST_SECONDS:
                break
            self._most, size = size, 2 * size

    def _silence(self, count: int) -> np.ndarray:
        return np.zeros((count, self._rule.context + self._rule.window), np.float32)

    def _work(self) -> None:
        while True:
            with self._ready:
                if not self._comes(lambda: self._queue):
                    return
                batch = self._next_batch()
            if not batch:
                continue
            try:
                found: Sequence[np.ndarray | Exception] = self._scores(batch)
            except Exception as error:  # of the network: told to those it concerns
                found = [error] * len(batch)
            for (listener, moment), scores in zip(batch, found, strict=True):
                listener.deliver(moment, scores)

    def _next_batch(self) -> list[tuple[Listener, Moment]]:
        batch: list[tuple[Listener, Moment]] = []
        while self._queue and len(batch) < self._most:
            listener = self._queue.popleft()
            if listener.waiting:  # it has not left
                batch.append((listener, listener.waiting.popleft()))
                if listener.waiting:  # of a state, whose batches are of one window
                    self._queue.append(listener)
        return batch

    def _scores(self, batch: list[tuple[Listener, Moment]]) -> list[np.ndarray]:
        if not self._model.has_state:
            windows = np.stack([moment.samples for _, moment in batch])
            return list(run(self._model.predict_on_batch, windows))
        found = []
        for listener, moment in batch:
            if listener.hearing is None:
                listener.hearing = Hearing(self._model)
            found.append(listener.hearing(moment.samples[None])[0])
        return found
