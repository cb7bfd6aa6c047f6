"""Fold batch normalization into the convolution or dense layer before it.

In inference, batch normalization scales and shifts each channel, which the kernel and
the bias can do as well. Not every runtime folds it by itself, and 8-bit weights should
be rounded with the scale included.

Source: Jacob et al. 2018, arXiv:1712.05877, section 3.2.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

_LINEAR = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.Dense,
)
_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)

Weights = dict[str, list[np.ndarray]]


def fold_normalization(model: keras.Model, config: dict[str, Any]) -> Weights:
    """Fold normalizations in a network's configuration where possible.

    Args:
        model: The network.
        config: Its configuration, which is changed: the layer before gets a bias, and
            the normalization becomes the identity.

    Returns:
        New weights of the changed layers, by layer name.
    """
    entries = {entry["config"]["name"]: entry for entry in config["layers"]}
    uses = Counter(_inputs(config["layers"]))
    uses.update(output[0] for output in _flat(config["output_layers"]))
    changed: Weights = {}
    for name, entry in entries.items():
        layer = model.get_layer(name)
        if type(layer) is not keras.layers.BatchNormalization:
            continue
        sources = list(_inputs(entry["inbound_nodes"]))
        if len(sources) != 1 or uses[sources[0]] != 1:  # a mask is a second source
            continue
        before = model.get_layer(sources[0])
        if not _can_take(before, layer):
            continue
        changed[before.name] = _joined(before, layer)
        changed[name] = []
        entries[before.name]["config"]["use_bias"] = True
        entry["class_name"], entry["registered_name"] = "Activation", None
        entry["config"] = {"name": name, "activation": "linear", "dtype": "float32"}
        entry["inbound_nodes"][0]["kwargs"] = {}
    return changed


def _can_take(before: Any, normalization: Any) -> bool:
    last = len(before.output.shape) - 1
    return (
        isinstance(before, _LINEAR)
        and before.activation is keras.activations.linear
        and getattr(before, "data_format", "channels_last") == "channels_last"
        and not getattr(before, "lora_enabled", False)
        and normalization.axis in (-1, last)
    )


def _joined(before: Any, normalization: Any) -> list[np.ndarray]:
    """Return kernel and bias that include the normalization's scale and shift."""
    kernel = np.asarray(keras.ops.convert_to_numpy(before.kernel), "float64")
    mean, variance = _array(normalization.moving_mean), normalization.moving_variance
    scale = 1 / np.sqrt(_array(variance) + normalization.epsilon)
    if normalization.scale:
        scale = scale * _array(normalization.gamma)
    bias = (_array(before.bias) - mean if before.use_bias else -mean) * scale
    if normalization.center:
        bias = bias + _array(normalization.beta)
    by_channel = scale
    if isinstance(before, _DEPTHWISE):
        by_channel = scale.reshape(kernel.shape[-2:])  # channels, multiplier
    return [(kernel * by_channel).astype("float32"), bias.astype("float32")]


def _array(variable: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable), "float64")


def _inputs(node: Any) -> Iterator[str]:
    """Yield the name of the layer of each tensor passed to calls in a configuration."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            yield node["config"]["keras_history"][0]
            return
        node = list(node.values())
    if isinstance(node, list | tuple):
        for value in node:
            yield from _inputs(value)


def _flat(node: Any) -> Iterator[Any]:
    """Yield each [layer, call, output] of nested lists of outputs."""
    if isinstance(node, dict):
        node = list(node.values())
    if node and isinstance(node[0], str):
        yield node
        return
    for value in node:
        yield from _flat(value)
