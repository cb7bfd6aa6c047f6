"""Check waveforms, sample rates and sizes."""

from typing import Any

import numpy as np

from kerasaudio.arguments import whole_number

# Peaks a little above full scale are allowed (lossy decoders overshoot, mixes are
# loud). 20 dB above it, the samples are integers stored as floats.
PEAK_LIMIT = 10.0

# A rate below 1 kHz or above 1 MHz comes from a damaged header or a mistake, and would
# lead to arrays of absurd size.
RATE_LIMITS = (1_000, 1_000_000)

# Largest array, 8 GiB of float32: 37 hours at 16 kHz. Longer files, and files that
# claim to be longer, must be read in parts.
MOST_SAMPLES = 2**31
# libsndfile's own limit.
MOST_CHANNELS = 1024

_INTEGER_SCALES = {
    "int8": "divide by 128",
    "uint8": "subtract 128 and divide by 128",
    "int16": "divide by 32768",
    "int32": "divide by 2147483648",
}
_MOST_CHANNELS = 32


def check_waveform(array: Any, *, name: str = "waveform") -> np.ndarray:
    """Return one mono waveform as a float32 array, or raise a ValueError.

    Args:
        array: Samples in [-1, 1], shape (samples,): a NumPy array, a list, or a
            tensor of any backend. Peaks up to 10 are accepted, as decoded and mixed
            audio may exceed full scale.
        name: Name of the array in error messages.

    Returns:
        A float32 NumPy array (samples,); the input itself if it already is one.

    Raises:
        ValueError: The array contains integers, booleans, complex numbers, strings,
            objects, NaN, infinity or peaks above 10; it does not have exactly one axis;
            or it has no samples.

    Examples:
        >>> kerasaudio.audio.check_waveform([0.0, 0.5, -0.5])
        array([ 0. ,  0.5, -0.5], dtype=float32)
        >>> kerasaudio.audio.check_waveform(np.zeros((2, 16_000)))
        Traceback (most recent call last):
            ...
        ValueError: waveform must be mono, of shape (samples,). Received: ...
    """
    try:
        samples = np.asarray(array)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{name} must be an array of floats in [-1, 1]. "
            f"Received: {type(array).__name__}, which NumPy cannot read ({error})."
        ) from error
    check_dtype(samples, name)
    _check_shape(samples, name)
    with np.errstate(over="ignore"):  # a float64 beyond float32 is reported below
        samples = np.ascontiguousarray(samples, dtype=np.float32)
    check_values(samples, name)
    return samples


def check_dtype(samples: np.ndarray, name: str) -> None:
    """Raise a ValueError unless an array contains floats."""
    dtype = samples.dtype
    if dtype.kind == "f" or dtype.name == "bfloat16":
        return
    advice = {
        "b": "A mask is not a sound.",
        "c": "Pass the waveform, not its spectrum.",
        "U": "To read a file, use kerasaudio.load_audio.",
        "S": "To read a file, use kerasaudio.load_audio.",
        "O": "Are the clips of different lengths? Pass them one by one.",
    }.get(dtype.kind, "Convert it to float32.")
    if dtype.kind in "iu":
        scale = _INTEGER_SCALES.get(dtype.name, "divide by the full scale")
        advice = f"Convert the integers first: as float32, {scale}."
    raise ValueError(
        f"{name} must contain floats in [-1, 1]. Received: dtype {dtype.name}, shape "
        f"{samples.shape}. {advice}"
    )


def check_values(samples: np.ndarray, name: str) -> None:
    """Raise a ValueError if float samples are not finite or are far above 1."""
    peak = float(max(samples.max(), -samples.min()))
    if not np.isfinite(peak):
        bad = ~np.isfinite(samples)
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{name} must contain finite numbers. Received: {int(bad.sum())} NaN or "
            f"infinite samples of {samples.size}, the first at index "
            f"{where[0] if len(where) == 1 else where}. Repair or drop them, for "
            f"example with numpy.nan_to_num."
        )
    if peak > PEAK_LIMIT:
        scale = 128 if peak <= 128 else 32768 if peak <= 32768 else 2147483648
        raise ValueError(
            f"{name} must be in [-1, 1]. Received: a peak of {peak:g}. It looks like "
            f"integer samples stored as floats: divide by full scale "
            f"(probably {scale})."
        )


def check_rate(sample_rate: Any, name: str = "sample_rate") -> int:
    """Return a sample rate in Hz as an int, or raise a ValueError."""
    return whole_number(sample_rate, name, *RATE_LIMITS, unit="Hz")


def check_size(samples: int, what: str, advice: str) -> None:
    """Raise a ValueError if an array would have more than 2**31 samples.

    Args:
        samples: Number of samples that it would have.
        what: Description of the array, such as "The windows of this clip together".
        advice: Sentence that says what to do instead.
    """
    if samples > MOST_SAMPLES:
        raise ValueError(
            f"{what} would have {samples:,} samples; the limit for an array is "
            f"{MOST_SAMPLES:,} (8 GiB). {advice}"
        )


def _check_shape(samples: np.ndarray, name: str) -> None:
    shape = samples.shape
    if samples.size == 0:
        raise ValueError(f"{name} must contain samples. Received: shape {shape}.")
    if samples.ndim == 1:
        return
    advice = "Flatten it, or pass one clip at a time."
    if samples.ndim == 0:
        advice = "A single number is not a sound."
    elif samples.ndim == 2:
        short = int(shape[0] > shape[1])
        if shape[short] == 1:
            advice = f"Axis {short} has length 1: drop it with array.squeeze({short})."
        elif shape[short] <= _MOST_CHANNELS and shape[0] != shape[1]:
            advice = (
                f"Axis {short} looks like {shape[short]} channels: average them with "
                f"array.mean(axis={short}); if they are separate clips, pass them one "
                f"by one."
            )
    raise ValueError(
        f"{name} must be mono, of shape (samples,). Received: shape {shape}. {advice}"
    )
