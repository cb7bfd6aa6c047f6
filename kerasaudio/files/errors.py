"""Errors for weights, by kind."""


class WeightsError(OSError):
    """Weights are unavailable, or differ from the manifest's hash."""


class DownloadError(WeightsError):
    """A download failed.

    Attributes:
        status: HTTP status of the answer; None if there was no answer.
        code: Name of the failure by the Hugging Face Hub, such as "GatedRepo".
        token_refused: Whether the Hub also rejected the user's token.
    """

    status: int | None = None
    code: str | None = None
    token_refused: bool = False


class UnsafeFileError(ValueError):
    """A file asks for more than tensors, or claims sizes that it does not have."""
