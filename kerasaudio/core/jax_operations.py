"""Layers of training steps on jax, with gradients that XLA computes fast on CPUs.

Values and gradients are the same; see `layers.transformer_gradients`.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from kerasaudio.layers import transformer_gradients as own


class _Dense:
    """Callable with the place of `Dense.call`."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(self, inputs: Any, training: bool | None = None) -> Any:
        """Multiply a batch."""
        layer = self._layer
        if not (_plain(layer) and _in_float32(layer, inputs)):
            return type(layer).call(layer, inputs, training=training)
        outputs = _dense(inputs, _value(layer.kernel), layer.bias)
        if layer.activation is keras.activations.gelu:
            return own.gelu(outputs)
        return outputs if layer.activation is None else layer.activation(outputs)


class _Normalization:
    """Callable with the place of `LayerNormalization.call`."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(self, inputs: Any) -> Any:
        """Normalize a batch."""
        layer, axis = self._layer, inputs.ndim - 1
        last = [place % inputs.ndim for place in layer.axis] == [axis]
        if layer.rms_scaling or not (last and _in_float32(layer, inputs)):
            return type(layer).call(layer, inputs)
        features = inputs.shape[-1:]
        gamma = _value(layer.gamma) if layer.scale else ops.ones(features)
        beta = _value(layer.beta) if layer.center else ops.zeros(features)
        return own.normalize(inputs, gamma, beta, layer.epsilon)


class _Attention:
    """Callable with the place of `MultiHeadAttention.call`."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(
        self, query: Any, value: Any, key: Any = None, *args: Any, **others: Any
    ) -> Any:
        """Attend to tokens (batch, tokens, features)."""
        layer = self._layer
        tokens = (query, value if key is None else key, value)
        if args or not self._takes(tokens, others):
            return type(layer).call(layer, query, value, key, *args, **others)
        into = (layer._query_dense, layer._key_dense, layer._value_dense)
        heads = [_into_heads(part, x) for part, x in zip(into, tokens, strict=True)]
        found = own.attend(*heads, layer._inverse_sqrt_key_dim)
        rows = ops.reshape(found, (*found.shape[:2], -1))
        kernel = ops.reshape(_value(layer._output_dense.kernel), (rows.shape[-1], -1))
        return _dense(rows, kernel, layer._output_dense.bias)

    def _takes(self, tokens: Any, others: dict[str, Any]) -> bool:
        """Return whether Keras would compute the same: without masks and dropout."""
        layer = self._layer
        parts = (
            *(layer._query_dense, layer._key_dense, layer._value_dense),
            layer._output_dense,
        )
        masks = [getattr(x, "_keras_mask", None) for x in tokens]
        masks += [
            x for name, x in others.items() if name != "training" and x is not False
        ]
        return (
            all(mask is None for mask in masks)
            and not (layer._dropout or getattr(layer, "_use_gate", False))
            and getattr(layer, "_sliding_window", None) is None
            and layer._attention_axes == (1,)
            and all(len(x.shape) == 3 and _in_float32(layer, x) for x in tokens)
            and len(layer._output_shape or (1,)) == 1
            and all(_plain(part) and not part.activity_regularizer for part in parts)
        )


def _into_heads(layer: Any, x: Any) -> Any:
    """Return the output of a projection, (batch, tokens, heads, size)."""
    kernel = _value(layer.kernel)
    features, *heads = kernel.shape
    found = _dense(x, ops.reshape(kernel, (features, -1)), layer.bias)
    return ops.reshape(found, (*x.shape[:2], *heads))


def _dense(x: Any, kernel: Any, bias: Any) -> Any:
    units = kernel.shape[-1:]
    bias = ops.zeros(units) if bias is None else ops.reshape(_value(bias), units)
    return own.dense(x, kernel, bias)


def _value(variable: Any) -> Any:
    return ops.convert_to_tensor(variable)


def _plain(layer: Any) -> bool:
    return layer.quantization_mode is None and not layer.lora_enabled


def _in_float32(layer: Any, inputs: Any) -> bool:
    given = keras.backend.standardize_dtype(inputs.dtype)
    return given == layer.compute_dtype == layer.variable_dtype == "float32"


OPERATIONS: dict[type, Callable[[Any], Any]] = {
    layers.Dense: _Dense,
    layers.LayerNormalization: _Normalization,
    layers.MultiHeadAttention: _Attention,
}
