"""Many files decoded at once, within a bound of memory."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from kerasaudio.audio.load import Hold

# Of waveforms, at the higher of the file's rate and the wanted one.
MOST_BYTES = 2**27


class Room:
    """Memory that threads share: `limit` bytes, or more of what has waited longest.

    Who came first never waits, so the others do not wait for ever; together they hold
    at most `limit` bytes besides the first one's.
    """

    def __init__(self, limit: int = MOST_BYTES) -> None:
        self._limit = limit
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._held: dict[object, int] = {}  # in the order in which they came
        self._changed = threading.Condition()

    def __reduce__(self) -> tuple[type["Room"], tuple[int]]:
        """Give another process a room of its own."""
        return Room, (self._limit,)

    @contextmanager
    def entered(self) -> Iterator[Hold]:
        """Give what one calls, and waits in, before one holds so many bytes in all."""
        me = object()
        if self._process != os.getpid():  # forked: without the threads that were in
            self._begin()

        def hold(size: int) -> None:
            with self._changed:
                self._changed.wait_for(lambda: self._has_room(me, size))
                self._held[me] = max(self._held[me], size)

        with self._changed:
            self._held[me] = 0
        try:
            yield hold
        finally:
            with self._changed:
                del self._held[me]
                self._changed.notify_all()

    def _has_room(self, me: object, size: int) -> bool:
        others = sum(self._held.values()) - self._held[me]
        return next(iter(self._held)) is me or others + size <= self._limit


def for_each_file(
    files: Sequence[Path], readers: int, decode: Callable[[Path], None]
) -> None:
    """Call `decode` with each file, in threads, behind a bar on terminals.

    Raises:
        Exception: What `decode` raised; other files under way are finished.
    """
    from tqdm import tqdm

    left, one_by_one, is_over = iter(files), threading.Lock(), threading.Event()

    def work() -> None:
        while not is_over.is_set():
            with one_by_one:
                file = next(left, None)
            if file is None:
                return
            try:
                decode(file)
            except BaseException:
                is_over.set()
                raise
            with one_by_one:
                bar.update()

    count = min(readers, len(files))
    with (
        tqdm(None, "decoding", len(files), file=sys.stderr, disable=None) as bar,
        ThreadPoolExecutor(count) as pool,
    ):
        running = [pool.submit(work) for _ in range(count)]
        try:
            for each in running:
                each.result()
        finally:
            is_over.set()


def cores() -> int:
    """Give the number of threads that decode unless another is asked for."""
    return os.cpu_count() or 1
