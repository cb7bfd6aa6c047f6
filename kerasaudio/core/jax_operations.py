"""Layers of training steps on jax on a CPU, with gradients that XLA computes fast.

Values are the same; see `layers.transformer_gradients`.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from kerasaudio.layers import transformer_gradients


class _Dense:
    """Callable with the place of `Dense.call`."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(self, inputs: Any, training: bool | None = None) -> Any:
        """Multiply a batch."""
        layer = self._layer
        if not (_plain(layer) and _in_float32(layer, inputs)):
            return type(layer).call(layer, inputs, training=training)
        kernel = ops.convert_to_tensor(layer.kernel)
        outputs = _dense(inputs, kernel, layer.bias)
        if layer.activation is keras.activations.gelu:
            return transformer_gradients.gelu(outputs)
        return outputs if layer.activation is None else layer.activation(outputs)


class _Attention:
    """Callable with the place of `MultiHeadAttention.call`."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(
        self, query: Any, value: Any, key: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Attend to tokens (batch, tokens, features), without masks."""
        layer = self._layer
        key = value if key is None else key
        tokens = (query, key, value)
        if not self._takes(tokens, args, kwargs):
            return type(layer).call(layer, query, value, key, *args, **kwargs)
        into = (layer._query_dense, layer._key_dense, layer._value_dense)
        found = transformer_gradients.attend(
            *(_into_heads(part, x) for part, x in zip(into, tokens, strict=True)),
            layer._inverse_sqrt_key_dim,
        )
        kernel = ops.convert_to_tensor(layer._output_dense.kernel)
        rows = ops.reshape(found, (*found.shape[:2], -1))
        kernel = ops.reshape(kernel, (rows.shape[-1], -1))
        return _dense(rows, kernel, layer._output_dense.bias)

    def _takes(self, tokens: Any, args: Any, kwargs: Any) -> bool:
        """Return whether Keras would compute the same."""
        layer = self._layer
        parts = (
            *(layer._query_dense, layer._key_dense, layer._value_dense),
            layer._output_dense,
        )
        return (
            not args
            and all(name == "training" or not kwargs[name] for name in kwargs)
            and not (layer._use_gate or layer._dropout or layer._sliding_window)
            and layer._attention_axes == (1,)
            and all(len(x.shape) == 3 and _in_float32(layer, x) for x in tokens)
            and all(getattr(x, "_keras_mask", None) is None for x in tokens)
            and len(layer._output_shape or (1,)) == 1
            and all(_plain(part) for part in parts)
        )


def _into_heads(layer: Any, x: Any) -> Any:
    """Return the output of a projection, (batch, tokens, heads, size)."""
    kernel = ops.convert_to_tensor(layer.kernel)
    features, *heads = kernel.shape
    found = _dense(x, ops.reshape(kernel, (features, -1)), layer.bias)
    return ops.reshape(found, (*x.shape[:2], *heads))


def _dense(x: Any, kernel: Any, bias: Any) -> Any:
    if bias is None:
        bias = ops.zeros(kernel.shape[-1:], kernel.dtype)
    bias = ops.reshape(ops.convert_to_tensor(bias), (-1,))
    return transformer_gradients.dense(x, kernel, bias)


def _plain(layer: Any) -> bool:
    return layer.quantization_mode is None and not layer.lora_enabled


def _in_float32(layer: Any, inputs: Any) -> bool:
    kept = keras.backend.standardize_dtype(inputs.dtype)
    return kept == layer.compute_dtype == layer.variable_dtype == "float32"


OPERATIONS: dict[type, Callable[[Any], Any]] = {
    layers.Dense: _Dense,
    layers.MultiHeadAttention: _Attention,
}
