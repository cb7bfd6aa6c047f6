"""What can go wrong with weights, by kind."""


class WeightsError(OSError):
    """Weights cannot be had, or their bytes are not what the manifest pins."""


class UnsafeFileError(ValueError):
    """A file asks for more than tensors, or claims what it cannot hold."""
