"""The progress bars of downloads and of long computations."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from kerasaudio.text import escaped


@contextlib.contextmanager
def bytes_bar(title: str, size: int | None, progress: bool) -> Iterator[Any]:
    """Yield a progress bar for `size` bytes; it is shown on terminals only."""
    from tqdm import tqdm

    with tqdm(
        total=size,
        desc=escaped(title),
        unit="B",
        unit_scale=True,
        file=sys.stderr,
        disable=None if progress else True,  # None disables it without a terminal
    ) as bar:
        yield bar


@contextlib.contextmanager
def steps_bar(title: str, steps: int, progress: bool | None) -> Iterator[Any]:
    """Yield a progress bar for a number of steps.

    Args:
        title: Its description.
        steps: Number of steps.
        progress: Whether to show it; None for only if stderr is a terminal.
    """
    from tqdm import tqdm

    with tqdm(
        total=steps,
        desc=escaped(title),
        unit="step",
        file=sys.stderr,
        disable=None if progress is None else not progress,
        leave=False,
    ) as bar:
        yield bar
