"""What the operating system does with files, beyond Python's own functions."""

import ctypes
import errno
import os
import sys
from pathlib import Path

_FAR = 2**30  # Windows lets nobody read the byte that is locked


class BusyError(OSError):
    """Another process, or another thread of this one, works at the same target."""


def exchange(one: Path, other: Path) -> bool:
    """Give each of two paths the other's name, in one step; False if that cannot be."""
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
    """Lock an open file until it is closed; False if this disk knows no locks.

    Raises:
        BusyError: It is locked.
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
    """Have the disk write what is in a file or folder."""
    inside = path.rglob("*") if path.is_dir() else [path]
    for file in inside:
        if file.is_file():
            with file.open("rb+") as content:
                os.fsync(content.fileno())
