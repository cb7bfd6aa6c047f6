"""Weights in files as Keras 2 writes them; resemul's network in NumPy, to have some."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

# Networks of resemul's kinds, small.
SMALL = {"init_features": 8, "amplifying_ratio": 2, "blocks": 5, "stem_width": 3}
CASES: dict[str, dict[str, Any]] = {
    "rese multi": {"block": "rese", "multi": True},
    "rese": {"block": "rese", "multi": False},
    "res multi": {"block": "res", "multi": True},
    "se multi": {"block": "se", "multi": True},
    "se": {"block": "se", "multi": False},
    "basic": {"block": "basic", "multi": False},
    "basic multi": {"block": "basic", "multi": True, "init_features": 4},
    "wide stem": {"block": "rese", "multi": True, "stem_width": 2},
}
CLASSES = 6

Arrays = dict[str, np.ndarray]
Layers = list[tuple[str, Arrays]]
# Gives the weights of a layer, by its kind and their shapes.
Maker = Callable[[str, dict[str, tuple[int, ...]]], Arrays]


class Upstream:
    """The network of tae-jun/resemul at f2c2c80, made as it is first run.

    `layers` lists (kind, arrays) in the order in which they were made, `stages` holds
    what stem, blocks and last layers gave. Weights are drawn, or given by `make`.
    """

    def __init__(
        self,
        block: str,
        multi: bool,
        init_features: int,
        amplifying_ratio: int,
        blocks: int,
        stem_width: int,
        classes: int,
        make: Maker | None = None,
    ) -> None:
        self.block, self.multi, self.features = block, multi, init_features
        self.ratio, self.blocks = amplifying_ratio, blocks
        self.stem_width, self.classes = stem_width, classes
        self.layers: Layers = []
        self.stages: Arrays = {}
        self._rng = np.random.default_rng(7)
        self._make = make or self._drawn

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        x = waveform[: len(waveform) // self.stem_width * self.stem_width]
        x = x.reshape(-1, self.stem_width)
        shape = (self.stem_width, 1, self.features)
        kernel, bias = self._layer("conv1d", kernel=shape, bias=shape[2:])
        self.stages["stem"] = x = relu(self._norm(x @ kernel[:, 0] + bias))
        levels, features = [], self.features
        for i in range(self.blocks):
            features *= 2 if i in (2, self.blocks - 1) else 1
            x = (
                self._residual(x, features)
                if self.block[:3] == "res"
                else self._plain(x, features)
            )
            self.stages[f"block{i + 1}"] = x
            levels.append(x.max(axis=0))
        x = np.concatenate(levels[-3:]) if self.multi else levels[-1]
        self.stages["embedding"] = x = relu(self._norm(self._dense(x, len(x))))
        self.stages["predictions"] = x = sigmoid(self._dense(x, self.classes))
        return x

    def _plain(self, x: np.ndarray, features: int) -> np.ndarray:
        x = pool(relu(self._norm(self._conv(x, features, 3))))
        return x * self._excitation(x) if self.block == "se" else x

    def _residual(self, x: np.ndarray, features: int) -> np.ndarray:
        shortcut = x
        if x.shape[1] != features:
            shortcut = self._norm(self._conv(x, features, 1))
        x = relu(self._norm(self._conv(x, features, 3)))
        x = self._norm(self._conv(x, features, 3))
        if self.block == "rese":
            x = x * self._excitation(x)
        return pool(relu(shortcut + x))

    def _excitation(self, x: np.ndarray) -> np.ndarray:
        channels = x.shape[1]
        hidden = relu(self._dense(x.mean(axis=0), channels * self.ratio))
        return sigmoid(self._dense(hidden, channels))

    def _conv(self, x: np.ndarray, features: int, width: int) -> np.ndarray:
        shape = (width, x.shape[1], features)
        kernel, bias = self._layer("conv1d", kernel=shape, bias=shape[2:])
        padded = np.pad(x, ((width // 2, width // 2), (0, 0)))
        return bias + sum(padded[i : i + len(x)] @ kernel[i] for i in range(width))

    def _dense(self, x: np.ndarray, units: int) -> np.ndarray:
        kernel, bias = self._layer("dense", kernel=(len(x), units), bias=(units,))
        return x @ kernel + bias

    def _norm(self, x: np.ndarray) -> np.ndarray:
        leaves = ("gamma", "beta", "moving_mean", "moving_variance")
        shapes = dict.fromkeys(leaves, x.shape[-1:])
        gamma, beta, mean, variance = self._layer("batch_normalization", **shapes)
        return (x - mean) * (gamma / np.sqrt(variance + 1e-3)) + beta

    def _layer(self, kind: str, **shapes: tuple[int, ...]) -> list[np.ndarray]:
        arrays = self._make(kind, shapes)
        self.layers.append((kind, arrays))
        return [arrays[leaf] for leaf in shapes]

    def _drawn(self, kind: str, shapes: dict[str, tuple[int, ...]]) -> Arrays:
        return {leaf: self._draw(leaf, shape) for leaf, shape in shapes.items()}

    def _draw(self, leaf: str, shape: tuple[int, ...]) -> np.ndarray:
        if leaf == "kernel":
            values = self._rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        elif leaf == "gamma":
            values = self._rng.uniform(0.75, 1.25, shape)
        elif leaf == "moving_variance":
            values = self._rng.uniform(0.5, 1.5, shape)
        else:
            values = self._rng.normal(0, 0.1, shape)
        return values.astype("float32")


def write_keras2(
    path: Path, layers: Layers, *, start: int = 1, whole: bool = True
) -> None:
    """Write layers; numbers begin at `start`, and layers do not lie in their order."""
    counts: dict[str, int] = {}
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        names = ["input_1", "max_pooling1d_3"]  # layers without weights are listed too
        for name in names:
            root.create_group(name).attrs["weight_names"] = np.array([], "S1")
        for kind, arrays in layers:
            number = counts[kind] = counts.get(kind, start - 1) + 1
            names.insert(len(names) // 2, name := f"{kind}_{number}")
            group = root.create_group(name)
            for variable, array in arrays.items():
                group[f"{name}/{variable}:0"] = array
            paths = [f"{name}/{variable}:0".encode() for variable in arrays]
            group.attrs["weight_names"] = np.array(paths)
        root.attrs["layer_names"] = np.array([name.encode() for name in names])
        if whole:
            file.attrs["keras_version"] = b"2.0.5"
            file.create_group("optimizer_weights")["Adam/iterations:0"] = np.float32(3)


def write_numbered(path: Path, weights: Mapping[str, np.ndarray]) -> None:
    """Write weights of layers that have numbers only, `conv1d_1/kernel`."""
    write_keras2(path, by_layer(weights))


def by_layer(weights: Mapping[str, np.ndarray]) -> Layers:
    """Give the weights of each layer, `conv1d_1/kernel`, with its kind."""
    layers: dict[str, Arrays] = {}
    for name, array in weights.items():
        layer, _, variable = name.partition("/")
        layers.setdefault(layer, {})[variable] = array
    return [(name.rpartition("_")[0], arrays) for name, arrays in layers.items()]


def write_named(path: Path, weights: dict[str, np.ndarray]) -> None:
    """Write weights of layers with names, `layer1/conv/kernel`, as `save_weights`."""
    layers: dict[str, list[str]] = {}
    for name in weights:
        layers.setdefault(name.rpartition("/")[0], []).append(name)
    with h5py.File(path, "w") as file:
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.2.4-tf"
        names = ["input_1", *layers, "activation"]
        file.attrs["layer_names"] = np.array([name.encode() for name in names])
        for layer in names:
            paths = [f"{name}:0" for name in layers.get(layer, ())]
            group = file.require_group(layer)
            group.attrs["weight_names"] = np.array(paths, "S")
            for at in paths:
                group[at] = weights[at.removesuffix(":0")]


def keras_names(tensors: Mapping[str, np.ndarray]) -> Arrays:
    """Give `conv1d_1.weight` and the like, as torch has them, as Keras has them."""
    leaves = {"bias": "bias", "weight": "kernel"}
    norm = {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    named = {}
    for key, tensor in tensors.items():
        layer, _, leaf = key.rpartition(".")
        given = norm if layer.startswith("batch_normalization") else leaves
        named[f"{layer}/{given[leaf]}"] = tensor.transpose()
    return named


def yamnet_names(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give YAMNet's weights, by our keys, under the official names."""
    named = {}
    for key, array in state.items():
        layer, leaf = key.split("/")
        if layer == "patch_scores":
            layer = "dense"
        elif "depthwise" in layer and leaf == "kernel":
            leaf = "depthwise_kernel"
        layer = layer.replace("_", "/", 1).replace("conv_bn", "conv/bn")
        named[f"{layer}/{leaf}"] = array
    return named


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def pool(x: np.ndarray) -> np.ndarray:
    return x[: len(x) // 3 * 3].reshape(-1, 3, x.shape[1]).max(axis=1)
