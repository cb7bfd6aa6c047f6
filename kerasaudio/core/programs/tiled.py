"""Keras' convolutions in Winograd's form on CPUs; see `winograd`.

jax runs whole models so; TensorFlow takes the layers and the product from here
(`tensorflow_tiled`), and torch only the rule (`torch_steps.winograd`).
"""

import itertools
import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from keras import layers, ops

from kerasaudio.core.programs import along_time, early_pooling
from kerasaudio.core.programs.folded import in_inference
from kerasaudio.core.programs.rowwise import output_shapes
from kerasaudio.core.programs.winograd import (
    INPUTS,
    PRODUCTS,
    TILE,
    matrices,
    pays,
    transformed,
)

STRIP_BYTES = 16 << 20  # of the transformed inputs that exist at once


class Tiled:
    """A layer that convolves in tiles, and is that layer in all else.

    Args:
        layer: The layer.
        kernel: Its transformed kernel, (36, inputs, channels).
    """

    def __init__(self, layer: Any, kernel: Any) -> None:
        self.stands_for = layer
        self._kernel = kernel

    def __getattr__(self, name: str) -> Any:
        """Return what the layer has."""
        return getattr(self.stands_for, name)

    def __call__(self, x: Any) -> Any:
        """Return (batch, height, width, channels), after the layer's activation."""
        y = convolve(x, self._kernel, self.stands_for.padding)
        if self.stands_for.bias is not None:
            y = y + self.stands_for.bias
        return self.stands_for.activation(y)


def find_layers(
    model: Any, samples: int, padding: Collection[str], places: int = 0
) -> list[Any]:
    """Return the convolutions that are faster in tiles.

    Args:
        model: A functional model from waveforms.
        samples: Length of the waveforms.
        padding: Paddings of layers that may run so.
        places: Least size of the image of a layer, height times width.
    """
    nodes = [node for group in model._nodes_by_depth.values() for node in group]
    found = {id(node.operation) for node in nodes if _is_plain(node.operation, padding)}
    if not found:
        return []
    images = {
        id(layer): (layer, shape[1:3])
        for layer, (shape, *_) in output_shapes(model, samples)
        if id(layer) in found
    }
    return [
        layer
        for layer, image in images.values()
        if pays(layer.kernel.shape, image) and math.prod(image) >= places
    ]


def _is_plain(layer: Any, padding: Collection[str]) -> bool:
    return (
        type(layer) is layers.Conv2D
        and layer.padding in padding
        and layer.data_format == "channels_last"
        and layer.groups == 1
        and {*layer.strides, *layer.dilation_rate} == {1}
        and pays(layer.kernel.shape, (64, 64))
        and layer.dtype_policy.name == "float32"
        and layer.quantization_mode is None
        and not layer.lora_enabled
    )


class Kernels:
    """Transformed kernels, which are kept until the weights change."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, Any]] = {}

    def of(self, convolutions: Collection[Any]) -> dict[str, Any]:
        """Return the transformed kernels of layers, by the name of the layer."""
        return {layer.name: self._of_layer(layer) for layer in convolutions}

    def _of_layer(self, layer: Any) -> Any:
        kernel = layer.kernel.value  # an array of jax is never changed
        before, made = self._kept.get(id(layer), (None, None))
        if before is not kernel:
            # `convolve` has the places in a tile column by column.
            turned = np.asarray(kernel).transpose(1, 0, 2, 3)
            made = ops.convert_to_tensor(transformed(turned))
            self._kept[id(layer)] = kernel, made
        return made


def tiled(model: Any, kernels: Mapping[str, Any]) -> dict[int, Any]:
    """Return what runs in place of convolutions, by the `id` of the layer.

    Args:
        model: A functional model.
        kernels: Transformed kernels by the name of the layer.
    """
    pairs = [(model.get_layer(name), kernel) for name, kernel in kernels.items()]
    return {id(layer): Tiled(layer, kernel) for layer, kernel in pairs}


def stand_ins(model: Any, kernels: Mapping[str, Any]) -> dict[int, Any]:
    """Return also what takes maxima early, behind other convolutions."""
    early = early_pooling.stand_ins(model, kernels, along_time.maxima)
    return {**early, **tiled(model, kernels)}


def run_with(model: Any, x: Any, others: Mapping[int, Any]) -> Any:
    """Return the outputs of a functional model in inference.

    Args:
        model: The model, which has one input.
        x: The input.
        others: What runs in place of layers, by the `id` of the layer.
    """
    x = ops.convert_to_tensor(x, model.inputs[0].dtype)

    def operation(one: Any) -> Any:
        return others.get(id(one)) or in_inference(one)

    return model._run_through_graph([x], operation_fn=operation)


def convolve(x: Any, kernel: Any, padding: str) -> Any:
    """Return the convolution with a kernel of 3 x 3, (batch, height, width, channels).

    Args:
        x: (batch, height, width, inputs).
        kernel: (36, inputs, channels), see `Kernels`.
        padding: "same" or "valid".
    """
    _, *image, features = x.shape
    before = 1 if padding == "same" else 0
    high, wide = (size + 2 * before - 2 for size in image)
    rows, columns = -(-high // TILE), -(-wide // TILE)
    sides = [
        (before, TILE * count + 2 - before - size)
        for count, size in zip((rows, columns), image, strict=True)
    ]
    x = ops.pad(x, [(0, 0), *sides, (0, 0)])
    row = 4 * PRODUCTS * x.shape[0] * columns * features
    strips = min(math.ceil(rows * row / STRIP_BYTES), rows)
    edges = [rows * number // strips for number in range(strips + 1)]
    parts = [
        _convolve_tiles(x[:, TILE * start : TILE * stop + 2], kernel)
        for start, stop in itertools.pairwise(edges)
    ]
    y = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=1)
    return y[:, :high, :wide]


def _convolve_tiles(x: Any, kernel: Any) -> Any:
    """Return the convolution of whole tiles, without padding."""
    back, _, forth = matrices()
    forth, back = forth.astype("float32"), np.kron(back, back).astype("float32")
    batch, height, width, features = x.shape
    rows, columns = height // TILE, width // TILE
    lines = [x[:, i : i + TILE * rows : TILE] for i in range(INPUTS)]
    x = ops.matmul(forth, ops.reshape(ops.stack(lines), (INPUTS, -1)))
    x = ops.reshape(x, (INPUTS, batch * rows, width, features))
    lines = [x[:, :, i : i + TILE * columns : TILE] for i in range(INPUTS)]
    x = ops.matmul(forth, ops.reshape(ops.stack(lines), (INPUTS, -1)))
    x = ops.reshape(x, (PRODUCTS, batch * rows * columns, features))
    y = ops.matmul(x, kernel)
    y = ops.matmul(back, ops.reshape(y, (PRODUCTS, -1)))
    y = ops.reshape(y, (TILE, TILE, batch, rows, columns, -1))
    y = ops.transpose(y, (2, 3, 1, 4, 0, 5))
    return ops.reshape(y, (batch, TILE * rows, TILE * columns, -1))
