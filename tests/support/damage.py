"""What disks and power cuts do to a file."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np

T = TypeVar("T")

COUNT = 2_000  # changes that a test makes; `tests.attack` makes ten times as many


def damaged(whole: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """Give a content with bits flipped, bytes changed, lost, doubled, cut, zeroed...

    ... and with two halves swapped, of all of it or of a part.
    """
    rng = np.random.default_rng(seed)
    for number in range(count):
        content = bytearray(whole)
        at = int(rng.integers(len(content)))
        size = int(rng.integers(1, 64))
        kind = number % 10
        if kind in (0, 1):
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            for place in rng.integers(len(content), size=size % 4 + 1):
                content[place] = rng.integers(256)
        elif kind == 3:
            del content[at:]
        elif kind == 4:
            content += bytes(size)
        elif kind == 5:
            content[at : at + size] = bytes(len(content[at : at + size]))
        elif kind == 6:
            content[at:at] = rng.bytes(size)
        elif kind == 7:
            del content[at : at + size]
        elif kind == 8:
            content[at:at] = content[at : at + size]
        else:
            end = len(content) if number % 20 < 10 else at + 2 * size
            middle = at if end == len(content) else at + size
            start = 0 if end == len(content) else at
            content[start:end] = content[middle:end] + content[start:middle]
        yield bytes(content)


def read_or_named(read: Callable[[Path], T], path: Path) -> T | None:
    """Read a file; None where a ValueError names it."""
    try:
        return read(path)
    except ValueError as error:
        message = str(error)
    assert str(path) in message
    return None


@contextlib.contextmanager
def memory_limited(size: int) -> Iterator[None]:
    """Let this process have so many bytes more than it has, on Linux."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + size
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
