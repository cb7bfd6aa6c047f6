"""Batches that are too large for the memory of a device are run in smaller ones."""

from collections.abc import Callable
from typing import Any, TypeVar

from kerasaudio.text import warn

Found = TypeVar("Found")

# Names of the errors, as no backend is imported to know their classes; and what the
# messages say of those that come as another error (jax' is for all of XLA's).
_NAMES = {"MemoryError", "OutOfMemoryError", "ResourceExhaustedError"}
_SAYS = (
    "RESOURCE_EXHAUSTED",
    "CUDA out of memory",
    "can't allocate memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that the memory of a device does not suffice."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _NAMES:
        return True
    return isinstance(error, RuntimeError) and any(s in str(error) for s in _SAYS)


def rows_that_fit(network: Any, rows: int, samples: int) -> int:
    """Return how many rows to run at once, after what did not fit before.

    Args:
        network: What runs them; its limit is noted there.
        rows: Number of rows of a batch.
        samples: Number of samples of a row.
    """
    limit = getattr(network, "most_samples", None)
    if limit is None or rows * samples <= limit:
        return rows
    return 1 << (max(1, limit // samples).bit_length() - 1)  # few shapes


def attempt(
    call: Callable[[], Found], network: Any, rows: int, samples: int
) -> Found | None:
    """Return what a function returns, or None if the memory does not suffice.

    Args:
        call: Runs a batch; it returns arrays in the memory of the computer.
        network: The network, for which a limit is noted; or a function.
        rows: Number of rows of the batch.
        samples: Number of samples of a row.

    Raises:
        MemoryError: The batch has a single row.

    Warns:
        UserWarning: A batch did not fit, and is halved.
    """
    try:
        return call()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        if rows == 1:
            raise MemoryError(
                f"A single window of {samples} samples does not fit into the memory "
                "of the device. Cut clips into shorter windows (window_seconds=), end "
                "what else uses the device, or compute on the CPU."
            ) from error
    # From here on, nothing holds the error, and with it the tensors of the batch.
    half = 1 << ((rows - 1).bit_length() - 1)
    warn(
        f"A batch of {rows} windows of {samples} samples does not fit into the memory "
        f"of the device: going on with {half} at once.",
        stacklevel=5,
    )
    if hasattr(network, "limit_batches"):
        network.limit_batches(half * samples)
    return None
