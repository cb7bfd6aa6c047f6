"""Memory that is free, but not yet the system's again."""

import ctypes
import sys


def give_back() -> None:
    """Give what was freed back to the system, where the C library would keep it.

    Compiling takes 100 MB and more for a moment, in the heaps of its threads. glibc
    keeps them for later; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
