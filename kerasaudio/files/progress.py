"""Progress bars: where they are shown, and those of downloads and of many steps.

They are shown on terminals and in notebooks. In a pipe or a log file, each update of a
bar would be one more line.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from kerasaudio.text import escaped

_NOTEBOOK = "ipykernel"  # the package whose streams are the cell's output


def shows_bars(stream: Any) -> bool:
    """Return whether a stream is a terminal, or the output of a notebook's cell."""
    kind = type(stream).__module__.partition(".")[0]
    return kind == _NOTEBOOK or bool(getattr(stream, "isatty", bool)())


def hidden(progress: bool | None) -> bool:
    """Return tqdm's `disable` for a bar on stderr.

    Args:
        progress: Whether to show the bar; None for only where bars are shown.
    """
    return not (shows_bars(sys.stderr) if progress is None else progress)


@contextlib.contextmanager
def bytes_bar(title: str, size: int | None, progress: bool) -> Iterator[Any]:
    """Yield a bar for `size` bytes; it is shown on terminals and in notebooks only."""
    from tqdm import tqdm

    with tqdm(
        total=size,
        desc=escaped(title),
        unit="B",
        unit_scale=True,
        file=sys.stderr,
        disable=hidden(None if progress else False),
    ) as bar:
        yield bar


@contextlib.contextmanager
def steps_bar(title: str, steps: int, progress: bool | None) -> Iterator[Any]:
    """Yield a progress bar for a number of steps.

    Args:
        title: Its description.
        steps: Number of steps.
        progress: Whether to show it; None for only where bars are shown.
    """
    from tqdm import tqdm

    with tqdm(
        total=steps,
        desc=escaped(title),
        unit="step",
        file=sys.stderr,
        disable=hidden(progress),
        leave=False,
    ) as bar:
        yield bar
