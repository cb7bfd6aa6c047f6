"""The one place for checks of arguments: what counts, what measures, what is named.

NumPy's scalars are numbers everywhere and leave as Python's own, which JSON and Keras'
configurations can hold. True and False are no numbers.
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
        value: What was given; NumPy's integers are numbers, True and 2.0 are not.
        name: Of the argument.
        least: The smallest that will do.
        most: The largest; None for no limit.
        unit: What it counts, for the error.
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
        value: What was given; NumPy's floats and integers are numbers, True is not.
        name: Of the argument.
        least: The smallest that will do.
        most: The largest that will do.
        above: What it must exceed.
        below: What it must stay under.

    Returns:
        Python's int for whole numbers, else its float; see `plain`.
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
    """Tell whether a value is a finite real number, NumPy's or Python's; no bool is."""
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def plain(value: Any) -> Any:
    """Give NumPy's scalars, also inside lists and tuples, as Python's own.

    A float of less than 64 bits becomes the number that it is printed as: the float32
    0.3 becomes 0.3, not 0.30000001192092896.
    """
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(plain(item) for item in value)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.floating):
        return float(str(value)) if value.itemsize < 8 else float(value)
    return value.item() if isinstance(value, np.generic) else value


def class_name(value: Any) -> str:
    """Give the name of a class in the one form in which names are compared, NFC.

    File systems and programs write the same letters in different ways ("é" as one
    character, or as an "e" and an accent).
    """
    return unicodedata.normalize("NFC", str(value))


def class_names(labels: Any) -> list[str]:
    """Return the names of classes, each as `class_name` gives it.

    Raises:
        ValueError: They are no list, tuple or array of different names: also a single
            text, a set, whose order changes from run to run, or nothing.
    """
    wrong = str | bytes | set | frozenset
    is_list = isinstance(labels, Iterable) and not isinstance(labels, wrong)
    names = [class_name(label) for label in labels] if is_list else []
    if not names or len(set(names)) != len(names):
        raise ValueError(
            f"labels must be a list of different class names. Received: {labels!r}."
        )
    return names
