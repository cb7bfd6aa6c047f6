"""One kind of file, changed in thousands of ways and read as users read it."""

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from support.damage import damaged, memory_limited

FULL, QUICK = 20_000, 300
SECONDS = 10.0  # no file of a few kilobytes takes longer to read
MEMORY = 2**31  # nor more than this

File = tuple[Path, Callable[[], None]]  # where it is, and what reads it again


class WrongError(Exception):
    """What was read is neither what was written nor absent."""


class Damage:
    """An area: one kind of file.

    Args:
        name: Of the area.
        make: Writes the file into an empty folder; gives its path, and a function that
            reads it again: it returns quietly, raises `WrongError`, or raises what its
            documentation says.
        allowed: Errors that may be raised, if they name the file.
        quick: Cases of a quick run.
        changes: Gives contents for a content, how many and a seed; `damaged` if None.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[Path], File],
        allowed: tuple[type[Exception], ...] = (ValueError,),
        quick: int = QUICK,
        changes: Callable[[bytes, int, int], Iterator[bytes]] = damaged,
    ) -> None:
        self.NAME = f"damage: {name}"
        self._make, self._allowed, self._quick = make, allowed, quick
        self._changes = changes

    def run(self, quick: bool) -> Iterator[tuple[str, str | None]]:
        """Change the file in many ways."""
        count = self._quick if quick else FULL
        with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "__array__ implementation doesn't accept")
            path, read = self._make(Path(name))
            whole = path.read_bytes()
            read()
            for number, content in enumerate(self._changes(whole, count, 0)):
                replace(path, content)
                wrong = self._wrong(path, read)
                if wrong is not None:
                    wrong = f"{wrong}; the file begins {content[:12]!r}"
                yield f"change {number}", wrong

    def _wrong(self, path: Path, read: Callable[[], None]) -> str | None:
        begin = time.monotonic()
        try:
            with memory_limited(MEMORY):
                read()
        except WrongError as error:
            return str(error)
        except self._allowed as error:
            if str(path) not in str(error):
                return f"the message does not name the file: {error!r:.300}"
        except Exception as error:
            return f"{error!r:.300}"
        seconds = time.monotonic() - begin
        return None if seconds < SECONDS else f"it took {seconds:.1f} s"


def replace(path: Path, content: bytes) -> None:
    """Put another file there: what still maps the old one keeps it."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def same(found: Any, wanted: Any, what: str) -> None:
    """Raise `WrongError` unless what was read is what was written."""
    if isinstance(wanted, np.ndarray):
        is_same = np.array_equal(found, wanted) and found.dtype == wanted.dtype
    else:
        is_same = found == wanted
    if not is_same:
        raise WrongError(f"{what} came back different")
