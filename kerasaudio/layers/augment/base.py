"""The base class of augmentations: training mode, choice of clips, random numbers."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import is_number, number, plain, whole_number
from kerasaudio.layers.base import Float32Layer, require

Range = tuple[float, float]
NumberOrRange = float | Sequence[float]
_LARGEST_SEED = 2**31


class Augmentation(Float32Layer):
    """A layer that changes clips at random in training and does nothing otherwise.

    Every clip of a batch gets its own random numbers. With ``training=True``, as in
    `fit`, the layer augments; otherwise it returns its input.

    Args:
        probability: Fraction of the clips that are changed, 0 to 1; default: 1.
        seed: Whole number that determines the random numbers; default: a random one.
            Two layers with the same seed draw the same numbers, call by call, on the
            same backend (the generators of the backends differ). The state of the
            generator is saved with the model, which continues from it.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range.
    """

    arguments: tuple[str, ...] = ("probability", "seed")

    def __init__(
        self, *, probability: float = 1.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.probability = number(probability, "probability", 0, 1)
        self.seed = (
            None if seed is None else whole_number(seed, "seed", 0, _LARGEST_SEED - 1)
        )
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return the batch, augmented in training."""
        self.check_input(inputs)
        if not training:
            return inputs
        augmented = self.augment(inputs)
        if self.probability == 1:
            return augmented
        chosen = self.draw(inputs, 0.0, 1.0, trailing=inputs.ndim - 1)
        return ops.where(chosen < self.probability, augmented, inputs)

    def augment(self, inputs: Any) -> Any:
        """Return the batch with every clip changed."""
        raise NotImplementedError

    def draw(self, inputs: Any, low: float, high: float, *, trailing: int = 0) -> Any:
        """Draw a number in [low, high) per clip: (batch, 1, ...), `trailing` ones."""
        shape = (ops.shape(inputs)[0], *(1,) * trailing)
        return keras.random.uniform(shape, low, high, seed=self.seed_generator)

    def draw_whole(self, inputs: Any, low: Any, high: Any, *, columns: int = 1) -> Any:
        """Draw whole numbers in [low, high], int32 (batch, columns)."""
        shape = (ops.shape(inputs)[0], columns)
        share = keras.random.uniform(shape, seed=self.seed_generator)
        choices = ops.cast(high - low + 1, "float32")
        # A product in float32 may round up to `choices` itself.
        drawn = ops.cast(ops.floor(share * choices), "int32")
        return low + ops.minimum(drawn, ops.cast(high - low, "int32"))


def check_range(
    name: str, value: Any, *, low: float = -math.inf, high: float = math.inf
) -> Range:
    """Return (least, most) from a pair or from one number, or raise a ValueError.

    Args:
        name: Name of the argument.
        value: The value that was passed.
        low: Smallest allowed number.
        high: Largest allowed number.
    """
    pair = (value, value) if is_number(value) else value
    fits = (
        isinstance(pair, Sequence | np.ndarray)
        and not isinstance(pair, str)
        and len(pair) == 2
        and all(is_number(limit) for limit in pair)
        and low <= pair[0] <= pair[1] <= high
    )
    limits = "" if math.isinf(low) and math.isinf(high) else f" within {low:g} ... "
    limits += "" if not limits else f"{high:g}"
    require(fits, f"{name} must be a number or (least, most){limits}.", **{name: value})
    return float(plain(pair[0])), float(plain(pair[1]))


def decibels_to_gain(decibels: Any) -> Any:
    """Convert dB to a factor for the amplitude."""
    return ops.exp(decibels * (math.log(10.0) / 20.0))


def mean_square(waveform: Any) -> Any:
    """Return the power of each clip, (batch, 1)."""
    return ops.mean(ops.square(waveform), axis=1, keepdims=True)
