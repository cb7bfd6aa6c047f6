"""Base classes of the front-end layers: float32 under every policy, input checks."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasaudio.arguments import plain

Shape = tuple[int | None, ...]


class Float32Layer(keras.layers.Layer):
    """A layer that computes and returns float32 under every dtype policy.

    Half precision has neither the range nor the resolution for a power spectrum.
    Half-precision inputs are cast to float32, and ``dtype="mixed_float16"`` has no
    effect.

    Args:
        dtype: Dtype or policy, as for any Keras layer, except float64.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `dtype` has a higher precision than float32.
    """

    input_form: tuple[str, ...] = ("batch", "...")
    arguments: tuple[str, ...] = ()  # constructor arguments, stored under these names

    def __init__(self, *, dtype: Any = None, **kwargs: Any) -> None:
        if dtype is not None:
            policy = keras.dtype_policies.get(dtype)
            if policy.compute_dtype not in ("float32", "float16", "bfloat16"):
                raise ValueError(
                    f"{type(self).__name__} computes in float32. "
                    f"Received: dtype={dtype!r}"
                )
        super().__init__(dtype="float32", **kwargs)

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` are floats of the required rank."""
        shape, form = tuple(inputs.shape), self.input_form
        open_rank = form[-1] == "..."
        rank = len(form) - open_rank
        if len(shape) < rank or (len(shape) > rank and not open_rank):
            raise ValueError(
                f"{type(self).__name__} takes ({', '.join(form)}). "
                f"Received: an input of shape {shape}"
            )
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if "float" not in dtype:
            raise ValueError(
                f"{type(self).__name__} takes floating-point numbers. Scale integer "
                "samples to [-1, 1] first (int16: divide by 32768). "
                f"Received: dtype {dtype}"
            )

    def compute_output_spec(self, inputs: Any) -> Any:
        """Check the symbolic input and return a float32 tensor of the output shape."""
        self.check_input(inputs)
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), "float32")

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return the shape of the output; unknown sizes are None."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        arguments = {name: plain(getattr(self, name)) for name in self.arguments}
        return super().get_config() | arguments


class WaveformLayer(Float32Layer):
    """A layer on waveforms, (batch, samples)."""

    input_form = ("batch", "samples")


class FeatureLayer(Float32Layer):
    """A layer on features, (batch, frames, bins)."""

    input_form = ("batch", "frames", "bins")


def require(condition: bool, message: str, **received: Any) -> None:
    """Raise ValueError with `message` and the received values unless `condition`."""
    if not condition:
        got = ", ".join(f"{name}={value!r}" for name, value in received.items())
        raise ValueError(f"{message} Received: {got}")


def check_choice(**choices: tuple[Any, Sequence[Any]]) -> None:
    """Raise ValueError unless every value is one of its choices."""
    for name, (value, allowed) in choices.items():
        require(
            value in allowed, f"`{name}` must be one of {allowed}.", **{name: value}
        )
