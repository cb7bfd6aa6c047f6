"""File operations of the operating system that Python does not provide."""

import ctypes
import errno
import os
import sys
from pathlib import Path

_FAR = 2**30  # on Windows, the locked byte cannot be read


class BusyError(OSError):
    """Another process, or another thread of this one, uses the same target."""


def exchange(one: Path, other: Path) -> bool:
    """Exchange two paths in one step; return False if the system does not allow it."""
    names = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            failed = library.renamex_np(*names, ctypes.c_uint(2))  # RENAME_SWAP
        else:
            here, flag = ctypes.c_int(-100), ctypes.c_uint(2)  # RENAME_EXCHANGE
            failed = library.renameat2(here, names[0], here, names[1], flag)
    except (AttributeError, OSError, TypeError):  # no such function, or Windows
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # not on this disk
        return False
    raise OSError(number, os.strerror(number), str(other))


def lock(file: int) -> bool:
    """Lock an open file until it is closed; return False if the disk has no locks.

    Raises:
        BusyError: The file is already locked.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, _FAR, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            raise BusyError(error.errno, "locked") from error
        return False
    return True


def sync(path: Path) -> None:
    """Flush a file, or all files of a folder, to the disk."""
    inside = path.rglob("*") if path.is_dir() else [path]
    for file in inside:
        if file.is_file():
            with file.open("rb+") as content:
                os.fsync(content.fileno())
