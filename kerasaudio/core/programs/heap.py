"""Return freed memory to the operating system."""

import ctypes
import sys


def give_back() -> None:
    """Return freed memory to the system if the C library (glibc) would keep it.

    Compiling needs 100 MB or more for a moment, in the heaps of its threads, and glibc
    keeps that memory for later. On other systems this function does nothing.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
