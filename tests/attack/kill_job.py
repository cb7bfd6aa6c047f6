"""What is killed: a job, what it makes, and how that is compared."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

Found = dict[str, np.ndarray]  # what is compared, to 1e-5


def _torch_if_any() -> str:
    return "torch" if find_spec("torch") else "tensorflow"


class Job:
    """Something to do.

    Attributes:
        name: Of the job.
        backend: Of Keras, that it runs on; one that a process can be forked with.
        is_forked_warm: Whether such a process may have computed before.
        needs: Modules without which it cannot be done.
        most: How many of its operations, spread over all, are tried even in full.
        last: How many of the last ones are tried in a sample.
    """

    backend: str = _torch_if_any()
    is_forked_warm = backend == "torch"
    needs: tuple[str, ...] = ()
    most = 10_000
    last = 4

    def __init__(self, name: str) -> None:
        self.name = name

    def imports(self) -> None:
        """Import what takes long, and compute nothing yet."""
        import kerasaudio  # noqa: F401

    def prepare(self, given: Path, old: Path) -> None:
        """Write what the job reads, and what is there before it writes."""

    def run(self, given: Path, out: Path) -> None:
        """Do it, replacing what is there."""
        raise NotImplementedError

    def look(self, out: Path) -> Found:
        """Read what was written."""
        raise NotImplementedError

    def mixture(self, out: Path, old: Path, new: Path) -> str | None:
        """Say what a reader finds that is neither old nor new."""
        return None
