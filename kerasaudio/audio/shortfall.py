"""What a file lacks, as its checks tell it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shortfall:
    """Sound that a file promises and nobody can read.

    Attributes:
        text: What is missing.
        share: Of the sound that is there, where that can be told.
        seconds: That are missing, where that can be told.
        kind: What the file is, for that reason.
    """

    text: str
    share: float | None = None
    seconds: float | None = None
    kind: str = "truncated"
