"""Checks of the arguments of plots."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.files.whole_file import check_writable

FEWEST_POINTS = 3
_LARGEST = 1e30


def check_numbers(array: Any, name: str, ndim: int) -> np.ndarray:
    """Return finite real numbers as float64, or raise a ValueError."""
    try:
        numbers = np.asarray(array)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{name} must be an array of numbers. Received: {type(array).__name__}, "
            f"which NumPy cannot read ({error})."
        ) from error
    if numbers.dtype.kind not in "iuf" and numbers.dtype.name != "bfloat16":
        raise ValueError(
            f"{name} must hold real numbers. Received: dtype {numbers.dtype.name}, "
            f"shape {numbers.shape}."
        )
    if numbers.ndim != ndim:
        raise ValueError(
            f"{name} must have {ndim} {'axis' if ndim == 1 else 'axes'}. "
            f"Received: shape {numbers.shape}."
        )
    numbers = numbers.astype("float64")
    if not np.isfinite(numbers).all():
        bad = np.argwhere(~np.isfinite(numbers))
        raise ValueError(
            f"{name} must hold finite numbers. Received: {len(bad)} NaN or infinite "
            f"among {numbers.size}, the first at index {tuple(map(int, bad[0]))}."
        )
    return numbers


def check_vectors(vectors: Any) -> np.ndarray:
    """Return (points, features) as float64, or raise a ValueError."""
    points = check_numbers(vectors, "vectors", ndim=2)
    if len(points) < FEWEST_POINTS or points.shape[1] < 1:
        raise ValueError(
            f"vectors must have at least {FEWEST_POINTS} points and one feature, "
            f"(points, features). Received: shape {points.shape}."
        )
    largest = np.abs(points).max()
    if largest > _LARGEST:
        raise ValueError(
            f"vectors and their distances must fit into float32: at most {_LARGEST:g}. "
            f"Received: {largest:g}."
        )
    return points


def check_count(items: Any, points: int, name: str) -> list[Any]:
    """Return a list with one item per point, or raise a ValueError."""
    if isinstance(items, str | bytes | PathLike) or not isinstance(items, Iterable):
        raise ValueError(
            f"{name} must be a sequence with one item per point. Received: {items!r}."
        )
    listed = list(items)
    if len(listed) != points:
        raise ValueError(
            f"{name} must have one item per point: {points}. Received: {len(listed)}."
        )
    return listed


def check_classes(labels: Sequence[Any]) -> tuple[list[str], np.ndarray]:
    """Return the sorted names of the classes, and the class number of each point."""
    numeric = all(isinstance(label, Integral) for label in labels)
    distinct = sorted(
        {int(label) for label in labels} if numeric else set(map(str, labels))
    )
    names = [str(name) for name in distinct]
    numbers = {name: index for index, name in enumerate(names)}
    of_points = (str(int(label)) if numeric else str(label) for label in labels)
    return names, np.array([numbers[name] for name in of_points])


def check_path(path: str | PathLike[str], suffixes: Sequence[str]) -> Path:
    """Return the path, or raise unless it has a known suffix and can be written.

    Raises:
        ValueError: The suffix is not one of `suffixes`.
        OSError: The folder is missing or read-only.
    """
    target = Path(path)
    if target.suffix.lower() not in suffixes:
        raise ValueError(
            f"path must end in {' or '.join(suffixes)}. Received: {str(target)!r}."
        )
    check_writable(target)
    return target
