"""Read from a pipe so that Ctrl-C is heard, whenever it comes."""

import io
import select
from typing import IO, Any

_LOOK_SECONDS = 0.25


class _Waiting(io.FileIO):
    """A file that looks up now and then while it waits.

    A signal that arrives just before a read does not end the read: Python would act on
    Ctrl-C only after the next byte, which may never come.
    """

    def readinto(self, buffer: Any) -> int | None:
        while not select.select([self], [], [], _LOOK_SECONDS)[0]:
            pass
        return super().readinto(buffer)


def interruptible(file: IO[bytes]) -> IO[bytes]:
    """Return a file that reads the same, of which nothing may have been read yet.

    Args:
        file: Open binary file, such as standard input; it stays open. What `select`
            cannot wait for, such as a pipe on Windows, is returned as it is.
    """
    try:
        waiting = _Waiting(file.fileno(), closefd=False)
        select.select([waiting], [], [], 0)
    except (OSError, ValueError):
        return file
    return io.BufferedReader(waiting)
