"""The error of a file that is there but cannot be turned into sound."""


class AudioDecodeError(OSError):
    """A file is not audio, is damaged or cut short, or needs another decoder."""
