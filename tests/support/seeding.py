"""Fill a network by rule, one random generator a key: goldens need no weights file.

The same rule filled the upstream network that made the golden outputs.
"""

import zlib
from collections.abc import Mapping

import numpy as np

Shapes = Mapping[str, tuple[int, ...]]


def seeded(shapes: Shapes) -> dict[str, np.ndarray]:
    """Give a tensor for every key of an upstream state dict."""
    return {key: _tensor(key, shape) for key, shape in shapes.items()}


def _tensor(key: str, shape: tuple[int, ...]) -> np.ndarray:
    generator = np.random.default_rng(zlib.crc32(key.encode()))
    leaf = key.split(".")[-1]
    if leaf == "running_var":
        values = generator.uniform(0.5, 1.5, shape)
    elif leaf in ("running_mean", "bias"):
        values = generator.normal(0, 0.1, shape)
    elif len(shape) == 1:
        values = generator.uniform(0.75, 1.25, shape)
    else:
        values = generator.normal(0, np.sqrt(1 / np.prod(shape[1:])), shape)
    return values.astype("float32")


def read_shapes(text: str) -> dict[str, tuple[int, ...]]:
    """Read lines such as `layer1.conv.weight (128, 1, 3)`."""
    shapes = {}
    for line in text.splitlines():
        key, _, shape = line.partition(" ")
        shapes[key] = tuple(int(n) for n in shape.strip("(),").split(",") if n.strip())
    return shapes
