"""The windows that a user asks for, as far as a network can take them."""

from typing import Any

from kerasaudio.audio.check import check_size
from kerasaudio.models.spec import AudioSpec


def window_spec(
    spec: AudioSpec, window_seconds: float | None, hop_seconds: float | None
) -> AudioSpec:
    """Give the spec with other windows.

    Raises:
        ValueError: Not positive, not finite, or a length that the network cannot take.
    """
    rate = spec.sample_rate
    if window_seconds is not None:
        window = round(_positive(window_seconds, "window_seconds") * rate)
        exact = spec.clip_samples
        if window != exact and (exact is not None or window < spec.min_samples):
            takes = (
                f"exactly {exact / rate:g} s"
                if exact
                else f"at least {spec.min_samples / rate:g} s"
            )
            raise ValueError(
                f"{spec.architecture} takes {takes}. "
                f"Received: window_seconds={window_seconds!r}."
            )
        check_size(window, "A window", "Pass a shorter window_seconds.")
        spec = spec.replace(window_samples=window, hop_samples=None, min_samples=window)
    if hop_seconds is not None:
        hop = round(_positive(hop_seconds, "hop_seconds") * rate)
        spec = spec.replace(hop_samples=max(1, hop))
    return spec


def _positive(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError(
            f"{name} must be a positive number of seconds. Received: {value!r}."
        )
    return float(value)
