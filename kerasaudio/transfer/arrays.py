"""Features and labels as arrays: checked, padded, standardized."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Vectors = np.ndarray | Sequence[np.ndarray]

_CONSTANT = 1e-6  # of the mean magnitude; a smaller deviation is rounding


def as_array(features: Vectors, probe: str) -> np.ndarray:
    """Return features as one float32 array; clips with fewer windows get zeros.

    Raises:
        ValueError: The features have another shape, are empty, or have NaN.
    """
    rank, form = (3, "(clips, windows, n)") if probe == "gru" else (2, "(clips, n)")
    if isinstance(features, np.ndarray):
        array = features
    else:
        clips = [np.asarray(clip, "float32") for clip in features]
        if probe != "gru":
            shapes = sorted({clip.shape for clip in clips})
            array = np.stack(clips) if len(shapes) == 1 else np.zeros(0)
        else:
            array = _pad(clips)
    if array.ndim != rank or array.size == 0 or array.dtype.kind not in "fiu":
        raise ValueError(
            f"The probe {probe!r} needs features of shape {form}. Received: shape "
            f"{array.shape}, dtype {array.dtype}."
        )
    array = np.ascontiguousarray(array, "float32")
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array).all(axis=tuple(range(1, rank))))
        raise ValueError(
            f"features must be finite. Received: NaN or infinity, first in clip "
            f"{bad[0]}."
        )
    return array


def _pad(clips: list[np.ndarray]) -> np.ndarray:
    widths = {clip.shape[1:] for clip in clips}
    if len(widths) != 1 or any(clip.ndim != 2 for clip in clips):
        return np.zeros(0)
    longest = max(len(clip) for clip in clips)
    return np.stack([np.pad(c, ((0, longest - len(c)), (0, 0))) for c in clips])


def check_targets(targets: Any, count: int) -> np.ndarray:
    """Return class numbers as int64.

    Raises:
        ValueError: There are not `count` class numbers, or a class has none.
    """
    array = np.asarray(targets)
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise ValueError(
            f"targets must be {count} integers, one per clip. Received: shape "
            f"{array.shape}, dtype {array.dtype}."
        )
    present = np.unique(array)
    if len(present) < 2 or not np.array_equal(present, np.arange(len(present))):
        raise ValueError(
            "targets must be numbers from 0 without gaps, of at least two classes. "
            f"Received: {present[:10].tolist()}."
        )
    return array.astype(np.int64)


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and standard deviation of each feature, without padding."""
    rows = features.reshape(-1, features.shape[-1])
    if features.ndim == 3:
        rows = rows[np.any(rows != 0, axis=1)]
        rows = rows if len(rows) else np.zeros((1, rows.shape[1]))
    if not np.ptp(rows, axis=0).any():
        raise ValueError(
            "features must differ between clips. Received: the same for all clips."
        )
    mean, std = rows.mean(axis=0, dtype="float64"), rows.std(axis=0, dtype="float64")
    # A feature that is constant in training must not be amplified if it varies later.
    constant = std <= _CONSTANT * max(float(np.abs(rows).mean()), 1e-30)
    return mean, np.where(constant, 1.0, std)


def standardize(features: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Shift and scale features; padding stays zero."""
    x = ((features - mean) / std).astype("float32")
    if features.ndim == 3:
        x[~np.any(features != 0, axis=-1)] = 0.0
    return x
