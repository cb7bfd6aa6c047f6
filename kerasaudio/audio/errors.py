"""What is raised where a file cannot be turned into sound, and said where some is lost.

A file that is cut short raises `IncompleteAudioError`, unless what it has is asked for:
then the same words come as an `AudioWarning`.
"""

from typing import Any

ERRORS = ("raise", "salvage")
_ADVICE = (
    "Fetch or convert it again. To use what is there: kerasaudio.load_audio(..., "
    "errors='salvage')."
)


class AudioDecodeError(OSError):
    """A file is not audio, is damaged or cut short, or needs another decoder."""


class IncompleteAudioError(AudioDecodeError):
    """A file has less sound than it promises; `errors="salvage"` gives what it has.

    Attributes:
        loss: What can be read and what is missing.
    """

    def __init__(self, loss: str) -> None:
        super().__init__(loss)
        self.loss = loss

    def __str__(self) -> str:
        """Say what is missing, and what to do."""
        return f"{self.loss} {_ADVICE}"


class AudioWarning(UserWarning):
    """Sound was left out: the missing part of a file, or files of a folder."""


def check_errors(errors: Any) -> str:
    """Return what to do about a file that is cut short, or raise a ValueError."""
    if errors not in ERRORS:
        raise ValueError(f"errors must be one of {ERRORS}. Received: {errors!r}.")
    return str(errors)
