"""Kill a process before any of its operations on files, wherever in Python that is.

The product has no hook for it: Python tells of each file that is opened for writing,
moved or removed (sys.addaudithook), and of each write (sys.setprofile). Of more than a
few writes in a row to one file, every eighth counts.
"""

import contextlib
import faulthandler
import itertools
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

KILLED = -signal.SIGKILL if hasattr(signal, "SIGKILL") else None
# Event -> how many paths its arguments begin with, and open folders they end with.
_PATHS = {
    "os.chmod": (1, 1),
    "os.link": (2, 2),
    "os.mkdir": (1, 1),
    "os.remove": (1, 1),
    "os.rename": (2, 2),
    "os.rmdir": (1, 1),
    "os.symlink": (2, 1),
    "os.truncate": (1, 0),
}
_EVERY = 8
_WRITES = {"truncate", "write", "writelines"}
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Operations:
    """Counts what this process does to files, and kills it before an operation.

    Args:
        folder: What is elsewhere does not count.
        last: Number of the operation that is not reached; None to reach all.
    """

    def __init__(self, folder: Path, last: int | None) -> None:
        self._folder = os.fspath(folder)
        self._last = last
        self._numbers = itertools.count(1)
        self._written, self._row = None, 0
        self.done = 0

    def watch(self) -> None:
        """Begin; there is no end, but that of the process."""
        sys.addaudithook(self._on_event)
        threading.setprofile(self._on_call)
        sys.setprofile(self._on_call)

    def _on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _FOR_WRITING and self._counts(path):
                self._step()
        elif event in _PATHS:
            paths, folders = _PATHS[event]
            # A name in an open folder: shutil.rmtree.
            is_inside = any(fd != -1 for fd in arguments[len(arguments) - folders :])
            if is_inside or any(map(self._counts, arguments[:paths])):
                self._step()

    def _on_call(self, _: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and called.__name__ in _WRITES:
            path = getattr(getattr(called, "__self__", None), "name", None)
            if self._counts(path):
                self._row = self._row + 1 if path == self._written else 0
                self._written = path
                if self._row < _EVERY or self._row % _EVERY == 0:
                    self._step()

    def _counts(self, path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        return os.path.abspath(os.fsdecode(path)).startswith(self._folder)

    def _step(self) -> None:
        self.done = next(self._numbers)
        if self.done == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def forked(work: Callable[[], Any], log: Path, seconds: float) -> int | None:
    """Do something in a copy of this process.

    Args:
        work: What to do.
        log: File for what it prints.
        seconds: After which it is killed.

    Returns:
        0, 1 where it raised, minus the signal that killed it, None if it took too long.
    """
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            faulthandler.dump_traceback_later(0.9 * seconds, file=output)
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return None
        time.sleep(0.005)
