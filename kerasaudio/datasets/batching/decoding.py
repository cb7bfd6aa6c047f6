"""Decode many files in parallel within a limit of memory."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from kerasaudio.arguments import whole_number
from kerasaudio.audio.load import Hold
from kerasaudio.cores import usable_cores
from kerasaudio.files.progress import hidden

# Most bytes of waveforms, at the higher of the file's rate and the wanted rate.
MOST_BYTES = 2**27


class Room:
    """Memory that threads share: `limit` bytes, plus what the oldest thread needs.

    The thread that came first never waits, so the others do not wait forever; together
    they hold at most `limit` bytes in addition to those of the first one.
    """

    def __init__(self, limit: int = MOST_BYTES) -> None:
        self._limit = limit
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._held: dict[object, int] = {}  # in the order in which they came
        self._changed = threading.Condition()

    def __reduce__(self) -> tuple[type["Room"], tuple[int]]:
        """Make another process start a room of its own."""
        return Room, (self._limit,)

    @contextmanager
    def entered(self) -> Iterator[Hold]:
        """Yield a function `hold(size)` that waits until there is room for the bytes.

        Call it before holding `size` bytes in total.
        """
        me = object()
        if self._process != os.getpid():  # forked, without the threads that held memory
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
    files: Sequence[Path],
    readers: int,
    decode: Callable[[Path], None],
    doing: str = "decoding",
) -> None:
    """Call `decode` with each file in threads, with a progress bar.

    Raises:
        Exception: The error that `decode` raised, after files in progress are finished.
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
        tqdm(None, doing, len(files), file=sys.stderr, disable=hidden(None)) as bar,
        ThreadPoolExecutor(count) as pool,
    ):
        running = [pool.submit(work) for _ in range(count)]
        try:
            for each in running:
                each.result()
        finally:
            is_over.set()


def reading_threads(readers: int | None) -> int:
    """Return the number of threads that decode: one per core for None.

    Raises:
        ValueError: It is no number from 1.
    """
    if readers is None:
        return usable_cores()
    return whole_number(readers, "readers")
