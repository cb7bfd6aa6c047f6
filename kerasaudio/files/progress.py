"""The progress bar of downloads."""

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
