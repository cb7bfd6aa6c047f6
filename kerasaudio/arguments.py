"""Checks for arguments of all kinds: whole numbers, numbers, names of classes.

NumPy's scalars are accepted as numbers everywhere. They are returned as Python numbers,
which JSON and Keras' configurations can store. True and False are not numbers.
"""

import contextlib
import math
import operator
import unicodedata
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np


def whole_number(
    value: Any,
    name: str,
    least: int = 1,
    most: int | None = None,
    *,
    unit: str | None = None,
) -> int:
    """Return a whole number from `least` to `most`, or raise a ValueError.

    Args:
        value: The argument; NumPy's integers are accepted, True and 2.0 are not.
        name: Name of the argument.
        least: Smallest allowed number; default: 1.
        most: Largest allowed number; default: no limit.
        unit: Unit of the number, for the error message.
    """
    whole = least - 1
    if not isinstance(value, bool | np.bool_):
        with contextlib.suppress(TypeError):
            whole = operator.index(value)
    if whole < least or (most is not None and whole > most):
        what = "whole number" if unit is None else f"whole number of {unit}"
        allowed = f", {least} or more" if most is None else f" from {least} to {most}"
        raise ValueError(f"{name} must be a {what}{allowed}. Received: {value!r}.")
    return whole


def number(
    value: Any,
    name: str,
    least: float = -math.inf,
    most: float = math.inf,
    *,
    above: float = -math.inf,
    below: float = math.inf,
) -> Any:
    """Return a finite number within limits, or raise a ValueError.

    Args:
        value: The argument; NumPy's floats and integers are accepted, True is not.
        name: Name of the argument.
        least: Smallest allowed number.
        most: Largest allowed number.
        above: Number that it must exceed.
        below: Number that it must stay below.

    Returns:
        A Python int for integers, otherwise a Python float; see `plain`.
    """
    if is_number(value):
        ours = plain(value)
        if above < ours < below and least <= ours <= most:
            return ours if isinstance(ours, int) else float(ours)
    lower = math.isfinite(least) or math.isfinite(above)
    limits = [
        f"{words} {limit:g}"
        for words, limit in (
            ("above", above),
            ("from" if math.isfinite(most) else "at least", least),
            ("to" if math.isfinite(least) else "up to", most),
            ("and below" if lower else "below", below),
        )
        if math.isfinite(limit)
    ]
    allowed = " ".join(["a number" if limits else "a finite number", *limits])
    raise ValueError(f"{name} must be {allowed}. Received: {value!r}.")


def is_number(value: Any) -> bool:
    """Return whether a value is a finite real number of NumPy or Python, not a bool."""
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer larger than any float
        return False


def plain(value: Any) -> Any:
    """Return NumPy's scalars, also inside lists and tuples, as Python numbers.

    A float of less than 64 bits becomes the number that is printed: the float32 0.3
    becomes 0.3, not 0.30000001192092896.
    """
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(plain(item) for item in value)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.floating):
        return float(str(value)) if value.itemsize < 8 else float(value)
    return value.item() if isinstance(value, np.generic) else value


def class_name(value: Any) -> str:
    """Return the name of a class in Unicode's form NFC, in which names are compared.

    File systems and programs write the same letters in different ways ("é" as one
    character, or as an "e" and an accent).
    """
    return unicodedata.normalize("NFC", str(value))


def class_names(labels: Any) -> list[str]:
    """Return the names of classes, each normalized by `class_name`.

    Raises:
        ValueError: The argument is not a list, tuple or array of different names. A
            single string, a set (whose order changes from run to run) and an empty list
            are also invalid.
    """
    wrong = str | bytes | set | frozenset
    is_list = isinstance(labels, Iterable) and not isinstance(labels, wrong)
    names = [class_name(label) for label in labels] if is_list else []
    if not names or len(set(names)) != len(names):
        raise ValueError(
            f"labels must be a list of different class names. Received: {labels!r}."
        )
    return names
