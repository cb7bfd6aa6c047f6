"""The processor cores that this process may use."""

import os


def usable_cores() -> int:
    """Return their number; a process may be kept to some of the machine's."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
