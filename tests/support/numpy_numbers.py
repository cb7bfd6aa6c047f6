"""Arguments as NumPy's scalars, and as truth values, which are no numbers."""

from typing import Any

import numpy as np


def as_numpy(value: Any) -> Any:
    """Give numbers, also inside lists and dictionaries, as NumPy's scalars.

    A float becomes a float32 where that prints as the same number.
    """
    if isinstance(value, dict):
        return {key: as_numpy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(as_numpy(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return np.int64(value)
    if isinstance(value, float):
        short = np.float32(value)
        return short if float(str(short)) == value else np.float64(value)
    return value


def numeric(config: dict[str, Any]) -> list[str]:
    """Name the entries that are numbers."""
    return [
        name
        for name, value in config.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
