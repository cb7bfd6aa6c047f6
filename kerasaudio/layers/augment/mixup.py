"""Mixup: combine two clips and their targets."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number
from kerasaudio.layers.augment.base import Augmentation
from kerasaudio.layers.base import require

_POINTS = 4096  # size of the table of quantiles
_MOST_ALPHA = 10.0

Pair = tuple[Any, Any]


@keras.saving.register_keras_serializable("kerasaudio")
class Mixup(Augmentation):
    """Mix each clip and its targets with another clip of the batch.

    x = (1 - share) * x + share * other x, and the same for y; the other clips are a
    random permutation of the batch. Each clip has its own share, min(b, 1 - b) with b
    from Beta(alpha, alpha). As the share is at most 1/2, the pairs are the same as in
    the paper, but every clip keeps its place. This is the only augmentation that
    combines clips.

    Input: (x, y): waveforms or features (batch, samples, ...), floating point, and
    targets (batch, classes), one-hot or multi-hot, of any numeric type.
    Output: (x, y), float32, the same shapes. In inference the values are unchanged.

    Mixed targets are not class numbers: train with categorical or binary cross-entropy.

    Args:
        alpha: Parameter of the Beta distribution, above 0 up to 10; default: 0.2, which
            mixes few clips strongly. With 1 all shares have the same probability.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, the input is not (x, y), or `y` is not
            (batch, classes) or is one column of class numbers.

    Source: Zhang et al. 2018, "mixup: Beyond empirical risk minimization",
    arXiv:1710.09412.

    Examples:
        >>> clips = np.linspace(-1, 1, 4 * 16_000).reshape(4, 16_000).astype("float32")
        >>> targets = keras.ops.one_hot([0, 1, 2, 0], 3)
        >>> x, y = kerasaudio.layers.Mixup(alpha=0.4)((clips, targets), training=True)
        >>> tuple(x.shape), tuple(y.shape)
        ((4, 16000), (4, 3))
        >>> [round(float(row), 3) for row in keras.ops.sum(y, axis=1)]
        [1.0, 1.0, 1.0, 1.0]
    """

    input_form = ("batch", "samples", "...")
    arguments = (*Augmentation.arguments, "alpha")

    def __init__(self, alpha: float = 0.2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        alpha = number(alpha, "alpha", above=0, most=_MOST_ALPHA)
        self.alpha = alpha
        self._shares = smaller_shares(alpha)

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` are clips and matching targets."""
        pair = isinstance(inputs, tuple | list) and len(inputs) == 2
        require(
            pair, "Mixup takes the clips and their targets, (x, y).", type=type(inputs)
        )
        x, y = inputs
        super().check_input(x)
        shape = tuple(y.shape)
        require(
            len(shape) == 2, "Mixup takes targets (batch, classes).", shape_of_y=shape
        )
        dtype = keras.backend.standardize_dtype(y.dtype)
        require(
            shape[1] != 1 or "int" not in dtype,
            "Class numbers cannot be mixed; pass them as keras.ops.one_hot.",
            shape_of_y=shape,
            dtype_of_y=dtype,
        )
        require(
            None in (x.shape[0], shape[0]) or x.shape[0] == shape[0],
            "Mixup needs targets for every clip.",
            clips=x.shape[0],
            targets=shape[0],
        )

    def call(self, inputs: Pair, training: bool | None = None) -> Pair:
        """Return (x, y), mixed in training."""
        self.check_input(inputs)
        x, y = inputs[0], ops.cast(inputs[1], "float32")
        if not training:
            return x, y
        share = self._draw_shares(x)
        clips = ops.arange(ops.shape(x)[0], dtype="int32")
        other = keras.random.shuffle(clips, seed=self.seed_generator)
        wide = ops.reshape(share, (-1, *(1,) * (x.ndim - 1)))
        x = x + wide * (ops.take(x, other, axis=0) - x)
        return x, y + share * (ops.take(y, other, axis=0) - y)

    def _draw_shares(self, x: Any) -> Any:
        """Draw the share of the other clip, (batch, 1)."""
        place = self.draw(x, 0.0, _POINTS - 1.0, trailing=1)
        below = ops.minimum(ops.cast(ops.floor(place), "int32"), _POINTS - 2)
        low, high = ops.take(self._shares, below), ops.take(self._shares, below + 1)
        raised = low + (place - ops.cast(below, "float32")) * (high - low)
        share = ops.power(raised, 1.0 / self.alpha)
        if self.probability == 1:
            return share
        chosen = self.draw(x, 0.0, 1.0, trailing=1) < self.probability
        return ops.where(chosen, share, 0.0)

    def compute_output_spec(self, inputs: Pair, training: bool | None = None) -> Pair:
        """Check the symbolic inputs and return float32 tensors of their shapes."""
        self.check_input(inputs)
        x, y = inputs
        return (
            keras.KerasTensor(x.shape, "float32"),
            keras.KerasTensor(y.shape, "float32"),
        )

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Any:
        """Return the shapes of x and y."""
        return tuple(tuple(shape) for shape in input_shape)


def smaller_shares(alpha: float) -> np.ndarray:
    """Return a table of the quantiles of min(b, 1 - b), b from Beta(alpha, alpha).

    Keras draws from Beta by rejection, which XLA cannot compile on TensorFlow.

    Returns:
        The quantiles to the power `alpha`, which makes them almost linear, at
        equidistant probabilities from 0 to 1, float32 (4096,).
    """
    # With s = r ** (1 / alpha), the density's pole at 0 cancels.
    grid = np.linspace(0.0, 1.0, 4 * _POINTS)
    raised = 0.5**alpha * grid ** max(alpha, 1.0)
    density = (1.0 - raised ** (1.0 / alpha)) ** (alpha - 1.0)
    steps = np.diff(raised) * (density[1:] + density[:-1]) / 2
    area = np.concatenate([[0.0], np.cumsum(steps)])
    probability = np.linspace(0.0, 1.0, _POINTS)
    return np.interp(probability, area / area[-1], raised).astype("float32")
