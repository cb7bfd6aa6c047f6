"""The windows that a user asks for, as far as a network can take them."""

from kerasaudio.arguments import number
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
        window = round(number(window_seconds, "window_seconds", above=0) * rate)
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
        spec = spec.replace(window_samples=window, hop_samples=None, min_samples=window)
    if hop_seconds is not None:
        hop = round(number(hop_seconds, "hop_seconds", above=0) * rate)
        spec = spec.replace(hop_samples=max(1, hop))
    return spec
