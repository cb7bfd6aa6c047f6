"""Random numbers of several devices, each of which has its own."""

from typing import Any

import keras
import numpy as np

_STATE = "seed_generator_state"


def states(model: keras.Model) -> list[Any]:
    """Return the variables of a model that hold states of random numbers."""
    return [variable for variable in model.variables if variable.name == _STATE]


def drawn_state(seed: int, number: int, device: int, shape: Any) -> np.ndarray:
    """Return the state of a generator on a device at the start of an epoch.

    Args:
        seed: Random seed of the epoch.
        number: Number of the generator in the model.
        device: Number of the device, from 1; the first one keeps the model's state.
        shape: Shape of the state.
    """
    rng = np.random.default_rng((seed, number, device))
    return rng.integers(2**31 - 1, size=tuple(shape))
