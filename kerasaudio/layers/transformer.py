"""Layers for transformers over spectrogram patches, besides those of Keras."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number, whole_number
from kerasaudio.layers.base import FeatureLayer, Shape
from kerasaudio.layers.time_axis import Timed, demand, hide, rule


@keras.saving.register_keras_serializable("kerasaudio")
class ConstantToken(keras.layers.Layer):
    """Prepend a vector to the steps of every clip, the same always: it is not trained.

    Its numbers are in [0, 1): the first that NumPy draws with `numpy.random.random`
    after `numpy.random.seed(seed)`.

    Input: (batch, steps, features). Output: (batch, 1 + steps, features).

    Args:
        seed: Seed of these numbers.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = whole_number(seed, "seed", least=0)

    def call(self, inputs: Any) -> Any:
        """Return the vector and the steps."""
        drawn = np.random.RandomState(self.seed).random_sample(inputs.shape[2])
        token = ops.cast(drawn.astype("float32")[None, None], inputs.dtype)
        token = ops.repeat(token, ops.shape(inputs)[0], axis=0)
        return ops.concatenate([token, inputs], axis=1)

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Return (batch, 1 + steps, features)."""
        batch, steps, features = input_shape
        return (batch, None if steps is None else 1 + steps, features)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"seed": self.seed}


@keras.saving.register_keras_serializable("kerasaudio")
class FitFrames(FeatureLayer):
    """Cut or pad features to a fixed number of frames.

    Input: (batch, any, bins). Output: float32 (batch, frames, bins).

    Args:
        frames: Number of frames.
        value: Value of missing frames; default: 0.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `frames` is not a positive integer.
    """

    def __init__(self, frames: int, value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.frames = whole_number(frames, "frames")
        self.value = number(value, "value")

    def call(self, inputs: Any) -> Any:
        """Return the first frames of every clip, padded."""
        self.check_input(inputs)
        inputs = inputs[:, : self.frames]
        filled = ops.pad(
            inputs, ((0, 0), (0, self.frames), (0, 0)), constant_values=self.value
        )
        return filled[:, : self.frames]

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Return (batch, frames, bins)."""
        return (input_shape[0], self.frames, input_shape[2])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"frames": self.frames, "value": self.value}


@rule(FitFrames)
def _fit(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(hide(x.value, x.count, layer.value)))


@keras.saving.register_keras_serializable("kerasaudio")
class TokensAndPositions(keras.layers.Layer):
    """Prepend a class and a distillation token to patches, and add positions.

    Input: (batch, patches, features). Output: (batch, tokens + patches, features).

    Args:
        distilled: Whether there is a distillation token; default: True.
        patch_positions: Whether patches get positions, too, for which their number must
            be known. Otherwise only the tokens do.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(
        self, distilled: bool = True, patch_positions: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.distilled = bool(distilled)
        self.patch_positions = bool(patch_positions)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the tokens and the positions."""
        _, patches, features = input_shape
        initializer = keras.initializers.TruncatedNormal(stddev=0.02)

        def weight(name: str, rows: int) -> keras.Variable:
            shape = (1, rows, features)
            return self.add_weight(name=name, shape=shape, initializer=initializer)

        self.tokens = [weight("cls_token", 1)]
        if self.distilled:
            self.tokens.append(weight("distillation_token", 1))
        rows = len(self.tokens)
        if self.patch_positions:
            rows += patches or 0
        self.position_embeddings = weight("position_embeddings", rows)

    def call(self, inputs: Any) -> Any:
        """Return tokens and patches with their positions added."""
        tokens = ops.concatenate(self.tokens, axis=1)
        if not self.patch_positions:
            tokens = tokens + self.position_embeddings
        tokens = ops.repeat(tokens, ops.shape(inputs)[0], axis=0)
        x = ops.concatenate([tokens, inputs], axis=1)
        return x + self.position_embeddings if self.patch_positions else x

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Return (batch, tokens + patches, features)."""
        batch, patches, features = input_shape
        tokens = 2 if self.distilled else 1
        return (batch, None if patches is None else tokens + patches, features)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "distilled": self.distilled,
            "patch_positions": self.patch_positions,
        }


@rule(TokensAndPositions)
def _prepend(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    demand(not layer.patch_positions, layer)
    return Timed(layer(x.value), len(layer.tokens) + x.count)


@keras.saving.register_keras_serializable("kerasaudio")
class FirstTokens(keras.layers.Layer):
    """Keep the first tokens of every clip.

    Input: (batch, tokens, features), at least `count` tokens.
    Output: (batch, count, features).

    Args:
        count: Number of tokens.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, count: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = whole_number(count, "count")

    def call(self, inputs: Any) -> Any:
        """Return the first tokens."""
        return inputs[:, : self.count]

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Return (batch, count, features)."""
        return (input_shape[0], self.count, input_shape[2])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"count": self.count}


@rule(FirstTokens)
def _keep(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value))


@keras.saving.register_keras_serializable("kerasaudio")
class GridPositions(keras.layers.Layer):
    """Add positions in time and frequency to a grid of patches, and list the patches.

    Input: (batch, steps, bands, features); further steps than `steps` are dropped.
    Output: (batch, steps * bands, features), the bands of a step side by side.

    Args:
        steps: Number of positions in time.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, steps: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps = whole_number(steps, "steps")

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the positions."""
        _, _, bands, features = input_shape
        initializer = keras.initializers.RandomNormal(stddev=0.02)

        def weight(name: str, rows: int | None) -> keras.Variable:
            shape = (rows, features)
            return self.add_weight(name=name, shape=shape, initializer=initializer)

        self.time_embeddings = weight("time_embeddings", self.steps)
        self.frequency_embeddings = weight("frequency_embeddings", bands)

    def call(self, inputs: Any) -> Any:
        """Return the patches with their positions added."""
        inputs = inputs[:, : self.steps]
        _, steps, bands, features = ops.shape(inputs)
        x = inputs + ops.expand_dims(self.time_embeddings[:steps], 1)
        x = x + self.frequency_embeddings
        return ops.reshape(x, (-1, steps * bands, features))

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Return (batch, steps * bands, features)."""
        batch, steps, bands, features = input_shape
        if steps is None or bands is None:
            return (batch, None, features)
        return (batch, min(steps, self.steps) * bands, features)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"steps": self.steps}


@rule(GridPositions)
def _list(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    count = ops.minimum(x.count, layer.steps)
    return Timed(layer(x.value), count * x.value.shape[2])


@keras.saving.register_keras_serializable("kerasaudio")
class ScaledAdd(keras.layers.Layer):
    """Add two tensors, the first of them multiplied by a number.

    Input: two tensors of the same shape. Output: the same shape.

    Args:
        scale: Factor of the first tensor.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = number(scale, "scale")

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return scale * first + second."""
        first, second = inputs
        return first * self.scale + second

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"scale": self.scale}


@rule(ScaledAdd)
def _add(layer: Any, inputs: Sequence[Timed]) -> Timed:
    first, second = inputs
    demand(first.count is not None and second.count is not None, layer)
    return Timed(layer([first.value, second.value]), first.count)
