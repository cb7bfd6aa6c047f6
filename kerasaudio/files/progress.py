"""A bar that shows how far a download is."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from kerasaudio.text import escaped


@contextlib.contextmanager
def bytes_bar(title: str, size: int | None, progress: bool) -> Iterator[Any]:
    """Give a bar for so many bytes; it shows only on a terminal, if at all."""
    from tqdm import tqdm

    with tqdm(
        total=size,
        desc=escaped(title),
        unit="B",
        unit_scale=True,
        file=sys.stderr,
        disable=None if progress else True,  # None: unless stderr is no terminal
    ) as bar:
        yield bar
