"""Window functions, as SciPy and librosa define them, in float64 NumPy."""

import math
from typing import Any

import numpy as np

from kerasaudio.layers.base import require

Window = str | tuple[Any, ...] | list[Any]

# Coefficients of sum_k (-1)^k a_k cos(2 pi k n / (N - 1)).
_COSINES = {
    "boxcar": (1.0,),
    "ones": (1.0,),
    "hann": (0.5, 0.5),
    "hanning": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
}
_WITH_PARAMETER = ("kaiser", "gaussian", "general_hamming")
NAMES = sorted([*_COSINES, "bartlett", "povey", *_WITH_PARAMETER])


def window_function(window: Window, length: int, *, periodic: bool) -> np.ndarray:
    """Return the samples of a window.

    Args:
        window: Name, or (name, parameter) for ``"kaiser"`` (beta), ``"gaussian"``
            (standard deviation in samples) and ``"general_hamming"`` (alpha).
            ``"povey"`` is Kaldi's Hann window to the power 0.85.
        length: Number of samples.
        periodic: Whether the window is one period of a periodic function (librosa,
            ``torch.hann_window``); otherwise it is symmetric (Kaldi,
            ``scipy.signal.get_window(fftbins=False)``).

    Returns:
        A float64 array (length,).

    Raises:
        ValueError: The window is unknown.
    """
    name, *parameters = (window,) if isinstance(window, str) else tuple(window)
    require(
        name in NAMES and len(parameters) == (name in _WITH_PARAMETER),
        f"`window` must be one of {NAMES}; {', '.join(_WITH_PARAMETER)} must be "
        f"tuples (name, parameter).",
        window=window,
    )
    if length == 1:
        return np.ones(1)
    points = length + 1 if periodic else length
    return _symmetric(name, points, *parameters)[:length]


def _symmetric(name: str, points: int, parameter: float = 0.0) -> np.ndarray:
    if name == "bartlett":
        return np.bartlett(points)
    if name == "kaiser":
        return np.kaiser(points, parameter)
    if name == "gaussian":
        n = np.arange(points) - (points - 1) / 2
        return np.exp(-0.5 * (n / parameter) ** 2)
    if name == "povey":
        return _symmetric("hann", points) ** 0.85
    if name == "general_hamming":
        coefficients: tuple[float, ...] = (parameter, 1 - parameter)
    else:
        coefficients = _COSINES[name]
    phase = 2 * math.pi * np.arange(points) / (points - 1)
    terms = ((-1) ** k * a * np.cos(k * phase) for k, a in enumerate(coefficients))
    return np.maximum(sum(terms), 0.0) if name == "hann" else np.asarray(sum(terms))
