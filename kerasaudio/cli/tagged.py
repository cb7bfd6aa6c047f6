"""The tags of a file, as `tag_files` gives them and `TagWriter` writes them."""

from dataclasses import dataclass
from pathlib import Path

Tags = list[tuple[str, float]]


@dataclass(frozen=True)
class Moment:
    """Tags of one window.

    Attributes:
        start: Start of the window, in seconds.
        end: End of the window, in seconds, at most the end of the file.
        tags: (label, score), best first.
    """

    start: float
    end: float
    tags: Tags


@dataclass(frozen=True)
class Tagged:
    """The tags of a file.

    Attributes:
        path: The file.
        tags: (label, score), best first, averaged over the windows; empty on error.
        moments: The windows in order, if a timeline was requested.
        error: Why the file cannot be tagged; None on success.
    """

    path: Path
    tags: Tags
    moments: tuple[Moment, ...] = ()
    error: str | None = None
