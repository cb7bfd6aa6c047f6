"""Parts of files that clips need: start and end (excluded), in samples."""

import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence

Part = tuple[int, int]
END = sys.maxsize  # the end of a file, before its length is known
WHOLE: Part = (0, END)


def merged(parts: Iterable[Part]) -> list[Part]:
    """Return the parts in order; those that overlap or touch are one."""
    found: list[Part] = []
    for start, stop in sorted(parts):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(stop, found[-1][1])
        else:
            found.append((start, stop))
    return found


def within(parts: Iterable[Part], length: int) -> list[Part]:
    """Return the parts up to the end of a file; those behind it are left out."""
    cut = [(start, min(stop, length)) for start, stop in parts]
    return [(start, stop) for start, stop in cut if start < stop]


def part_with(parts: Sequence[Part], start: int, stop: int) -> Part | None:
    """Return the one of merged parts that contains some samples, if there is one."""
    place = bisect_right(parts, (start, END)) - 1
    if place < 0 or stop > parts[place][1]:
        return None
    return parts[place]
