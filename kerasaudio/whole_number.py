"""The one check of arguments that count something."""

import operator
from typing import Any

import numpy as np


def whole_number(value: Any, name: str, least: int = 1, most: int | None = None) -> int:
    """Return a whole number from `least` to `most`, or raise a ValueError.

    Args:
        value: What was given; NumPy's integers are numbers, True and 2.0 are not.
        name: Of the argument.
        least: The smallest that will do.
        most: The largest; None for no limit.
    """
    try:
        whole = operator.index(value)
    except TypeError:
        whole = least - 1
    above = most is not None and whole > most
    if isinstance(value, bool | np.bool_) or whole < least or above:
        allowed = f", {least} or more" if most is None else f" from {least} to {most}"
        raise ValueError(
            f"{name} must be a whole number{allowed}. Received: {value!r}."
        )
    return whole
