"""Errors for files that cannot be decoded, and the warning for lost audio.

A truncated file raises `IncompleteAudioError`; with `errors="salvage"` the same message
is an `AudioWarning`.
"""

from typing import Any

ERRORS = ("raise", "salvage")
_ADVICE = (
    "Download or convert it again. To use the part that can be read: "
    "kerasaudio.load_audio(..., errors='salvage')."
)


class AudioDecodeError(OSError):
    """A file is not audio, is damaged or truncated, or needs another decoder."""


class IncompleteAudioError(AudioDecodeError):
    """A file has less audio than it states; `errors="salvage"` returns that part.

    Attributes:
        loss: Description of the readable and the missing part.
    """

    def __init__(self, loss: str) -> None:
        super().__init__(loss)
        self.loss = loss

    def __str__(self) -> str:
        """Return what is missing, and what to do."""
        return f"{self.loss} {_ADVICE}"


class AudioWarning(UserWarning):
    """Audio was left out: the missing part of a file, or files of a folder."""


def check_errors(errors: Any) -> str:
    """Return a valid value of `errors`, or raise a ValueError."""
    if errors not in ERRORS:
        raise ValueError(f"errors must be one of {ERRORS}. Received: {errors!r}.")
    return str(errors)
