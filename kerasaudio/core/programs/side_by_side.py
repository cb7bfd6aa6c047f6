"""Parts of a batch that run side by side, in threads, on CPUs with several cores.

What one part does on one core leaves the other cores to the other part: an operation
that is not divided, and what Python does between operations. The caller's thread runs
parts, too. The other one ends with the call, so that a forked process lacks none.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

from kerasaudio.cores import usable_cores

PARTS = 2  # that run at a time; 1 for one after the other
PART_ROWS = 8  # smallest number of rows of a part, if a batch is divided for that
_inside = ContextVar("kerasaudio_side_by_side", default=False)

Part = TypeVar("Part")
Found = TypeVar("Found")


def may_run() -> bool:
    """Return whether parts may run side by side here; not inside such a part."""
    return PARTS > 1 and usable_cores() > 1 and not _inside.get()


def divides(rows: int, least: int | None = None) -> bool:
    """Return whether a batch is large enough to be divided where parts may run.

    Args:
        rows: Rows of the batch.
        least: Smallest number of rows of a part; None for `PART_ROWS`.
    """
    return rows >= PARTS * (PART_ROWS if least is None else least)


def run(
    function: Callable[[Part], Found],
    parts: Sequence[Part],
    setting: Callable[[], contextlib.AbstractContextManager[Any]] = (
        contextlib.nullcontext
    ),
) -> list[Found]:
    """Return what a function makes of each part, `PARTS` of them at a time.

    An error of a part, or Ctrl-C, ends the call when the parts that have begun are
    done. Context variables are those of the caller.

    Args:
        function: What threads call.
        parts: What it gets.
        setting: Makes a context in which a thread runs its parts.
    """
    left = deque(enumerate(parts))
    found: dict[int, Found] = {}

    def take() -> tuple[int, Part] | None:
        try:
            return left.popleft()
        except IndexError:
            return None

    def work() -> None:
        _inside.set(True)
        try:
            with setting():
                for number, part in iter(take, None):
                    found[number] = function(part)
        finally:
            left.clear()  # nothing, unless there was an error

    pool = ThreadPoolExecutor(PARTS - 1, "kerasaudio-part")
    others = []
    try:
        with contextlib.suppress(RuntimeError):  # no thread can begin: then without
            for _ in range(PARTS - 1):
                others.append(pool.submit(copy_context().run, work))
        copy_context().run(work)
        for other in others:
            other.result()
    finally:
        pool.shutdown(cancel_futures=True)
    return [found[number] for number in range(len(parts))]
