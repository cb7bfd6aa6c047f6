"""The missing part of a file, as the checks report it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shortfall:
    """Audio that a file states but does not contain.

    Attributes:
        text: Description of the missing part.
        share: Fraction of the audio that exists, if known.
        seconds: Missing duration in seconds, if known.
        kind: State of the file, such as "truncated" or "damaged".
    """

    text: str
    share: float | None = None
    seconds: float | None = None
    kind: str = "truncated"
