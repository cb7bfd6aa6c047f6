"""Make the C library keep freed memory that is about to be used again, or return it."""

import ctypes
import sys

_LARGEST = 31 << 20  # bytes; glibc maps arrays of 32 MB and more each time


def give_back() -> None:
    """Return freed memory to the system if the C library (glibc) would keep it.

    Compiling needs 100 MB or more for a moment, in the heaps of its threads, and glibc
    keeps that memory for later. On other systems this function does nothing.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def keep_for_reuse() -> None:
    """Let arrays up to 31 MB reuse freed memory, which glibc does only after a hint.

    By default it maps each array above 128 KB anew, and the system clears the pages one
    by one: ten times slower than most operations on that array. glibc raises this
    limit to the size of the largest mapped block that was freed, so one is mapped and
    freed here; its pages are not touched. On other systems this function does nothing.
    """
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        allocate = library.malloc
        allocate.argtypes, allocate.restype = [ctypes.c_size_t], ctypes.c_void_p
        free = library.free
        free.argtypes, free.restype = [ctypes.c_void_p], None
        free(allocate(_LARGEST))
