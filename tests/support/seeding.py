"""Fill a network by rule, one random generator a key: goldens need no weights file.

The same rule filled the upstream network that made the golden outputs.
"""

import zlib
from collections.abc import Mapping

import numpy as np

Shapes = Mapping[str, tuple[int, ...]]


def seeded(shapes: Shapes, gain: float = 1.0) -> dict[str, np.ndarray]:
    """Give a tensor for every key of an upstream state dict.

    A `gain` multiplies what has two axes and more: without it some deep networks come
    out nearly deaf.
    """
    tensors = {key: _tensor(key, shape) for key, shape in shapes.items()}
    if gain == 1:
        return tensors
    return {
        key: tensor * np.float32(gain) if tensor.ndim > 1 else tensor
        for key, tensor in tensors.items()
    }


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
    """Read lines such as `layer1.conv.weight (128, 1, 3)`.

    What is "kept" has no value by rule: counters, and constants of the front-end.
    """
    shapes = {}
    for line in text.splitlines():
        key, _, rest = line.partition(" ")
        shape, _, remark = rest.partition(")")
        if not remark.endswith(" kept"):
            shapes[key] = tuple(int(n) for n in shape[1:].split(",") if n.strip())
    return shapes


def wave(sample_rate: int, samples: int, seed: int) -> np.ndarray:
    """Give a glide, tones that swell, clicks, noise and a silence, int16 (samples,)."""
    rng, time = np.random.default_rng(seed), np.arange(samples) / sample_rate
    low, high, long = 80.0, 0.45 * sample_rate, samples / sample_rate
    x = 0.3 * np.sin(2 * np.pi * (low * time + (high - low) / (2 * long) * time**2))
    for tone in rng.uniform(100, 3000, 4):
        sine = np.sin(2 * np.pi * tone * time + rng.uniform(0, 6.28))
        x += 0.15 * sine * (0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(1, 6) * time))
    x += 0.05 * rng.normal(size=samples)
    x[(time * 7 % 1) < 0.01] += 0.5
    x[int(0.55 * samples) : int(0.65 * samples)] = 0
    return np.clip(np.round(x * 20_000), -32_768, 32_767).astype("int16")
