"""Weights in files as Keras 2 writes them; resemul's network in NumPy, to have some."""

from collections.abc import Mapping
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

Layers = list[tuple[str, dict[str, np.ndarray]]]


class Upstream:
    """The network of tae-jun/resemul at f2c2c80, made as it is first run.

    `layers` lists (kind, arrays) in the order in which they were made.
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
    ) -> None:
        self.block, self.multi, self.features = block, multi, init_features
        self.ratio, self.blocks = amplifying_ratio, blocks
        self.stem_width, self.classes = stem_width, classes
        self.layers: Layers = []
        self._rng = np.random.default_rng(7)

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        x = waveform[: len(waveform) // self.stem_width * self.stem_width]
        x = x.reshape(-1, self.stem_width)
        kernel = self._weights((self.stem_width, 1, self.features))
        bias = self._bias(self.features)
        self.layers.append(("conv1d", {"kernel": kernel, "bias": bias}))
        x = relu(self._norm(x @ kernel[:, 0] + bias))
        levels, features = [], self.features
        for i in range(self.blocks):
            features *= 2 if i in (2, self.blocks - 1) else 1
            x = (
                self._residual(x, features)
                if self.block[:3] == "res"
                else self._plain(x, features)
            )
            levels.append(x.max(axis=0))
        x = np.concatenate(levels[-3:]) if self.multi else levels[-1]
        x = relu(self._norm(self._dense(x, len(x))))
        return sigmoid(self._dense(x, self.classes))

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
        kernel = self._weights((width, x.shape[1], features))
        bias = self._bias(features)
        self.layers.append(("conv1d", {"kernel": kernel, "bias": bias}))
        padded = np.pad(x, ((width // 2, width // 2), (0, 0)))
        return bias + sum(padded[i : i + len(x)] @ kernel[i] for i in range(width))

    def _dense(self, x: np.ndarray, units: int) -> np.ndarray:
        kernel, bias = self._weights((len(x), units)), self._bias(units)
        self.layers.append(("dense", {"kernel": kernel, "bias": bias}))
        return x @ kernel + bias

    def _norm(self, x: np.ndarray) -> np.ndarray:
        channels: int = x.shape[-1]
        arrays = {
            "gamma": self._rng.uniform(0.75, 1.25, channels).astype("float32"),
            "beta": self._bias(channels),
            "moving_mean": self._bias(channels),
            "moving_variance": self._rng.uniform(0.5, 1.5, channels).astype("float32"),
        }
        self.layers.append(("batch_normalization", arrays))
        scale = arrays["gamma"] / np.sqrt(arrays["moving_variance"] + 1e-3)
        return (x - arrays["moving_mean"]) * scale + arrays["beta"]

    def _weights(self, shape: tuple[int, ...]) -> np.ndarray:
        spread = np.sqrt(2 / np.prod(shape[:-1]))
        return self._rng.normal(0, spread, shape).astype("float32")

    def _bias(self, size: int) -> np.ndarray:
        return self._rng.normal(0, 0.1, size).astype("float32")


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
