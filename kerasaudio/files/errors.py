"""What can go wrong with weights, by kind."""


class WeightsError(OSError):
    """Weights cannot be had, or their bytes are not what the manifest pins."""


class DownloadError(WeightsError):
    """A download failed.

    Attributes:
        status: HTTP status of the answer, None if there was none.
        code: What the Hugging Face Hub calls the failure, such as "GatedRepo".
        token_refused: Whether the Hub had refused the user's token, too.
    """

    status: int | None = None
    code: str | None = None
    token_refused: bool = False


class UnsafeFileError(ValueError):
    """A file asks for more than tensors, or claims what it cannot hold."""
