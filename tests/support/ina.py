"""The network of inaSpeechSegmenter in NumPy, in float64, with weights of any size."""

import numpy as np

from support.keras2 import Arrays, Layers, relu

PATCH, STEP, BINS = 68, 2, 21
POOLS = (((4, 2), True), None, ((2, 2), True), ((4, 1), False))
KERNELS = ((7, 4), (3, 3), (3, 3), (3, 3))


def layers(filters: int, units: int, classes: int = 3) -> Layers:
    """Draw weights: (kind, arrays) in the order in which Keras made the layers."""
    rng = np.random.default_rng(3)
    widths = [filters, 2 * filters, 2 * filters, 4 * filters]
    made: Layers = []
    before = 1
    for kernel, width in zip(KERNELS, widths, strict=True):
        made += [("conv2d", _linear(rng, (*kernel, before, width))), _norm(rng, width)]
        before = width
    for _ in range(4):
        made += [("dense", _linear(rng, (before, units))), _norm(rng, units)]
        before = units
    return [*made, ("dense", _linear(rng, (before, classes)))]


def _linear(rng: np.random.Generator, shape: tuple[int, ...]) -> Arrays:
    kernel = rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
    return _single(kernel=kernel, bias=rng.normal(0, 0.1, shape[-1:]))


def _norm(rng: np.random.Generator, width: int) -> tuple[str, Arrays]:
    return "batch_normalization", _single(
        gamma=rng.uniform(0.75, 1.25, width),
        beta=rng.normal(0, 0.1, width),
        moving_mean=rng.normal(0, 0.1, width),
        moving_variance=rng.uniform(0.5, 1.5, width),
    )


def _single(**arrays: np.ndarray) -> Arrays:
    return {name: array.astype("float32") for name, array in arrays.items()}


def mel(waveform: np.ndarray) -> np.ndarray:
    """Give the log energies (frames, 24) of a waveform in the 16-bit range."""
    count = 1 + (len(waveform) - 400) // 160
    places = np.arange(400) + 160 * np.arange(count)[:, None]
    frames = waveform.astype("float64")[places]
    frames = frames - 0.97 * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft(frames * np.hanning(400), 512)) ** 2
    low, high = 2595 * np.log10(1 + np.array([100, 8000]) / 700)
    edges = 700 * (10 ** (np.linspace(low, high, 26) / 2595) - 1)
    energies = []
    for left, center, right in zip(edges, edges[1:], edges[2:], strict=False):
        band = np.zeros(count)
        first, middle, last = (
            int(edge * 512 / 16_000) for edge in (left, center, right)
        )
        for k in range(first + 1, middle + 1):
            band += power[:, k] * (k * 31.25 - left) / (center - left)
        for k in range(middle + 1, last):  # and not `last`, the last below `right`
            band += power[:, k] * (right - k * 31.25) / (right - center)
        energies.append(band * 2 / (right - left))
    return np.log(np.stack(energies, axis=1))


def scores(waveform: np.ndarray, weights: Layers) -> np.ndarray:
    """Give the scores of every second frame, (frames, classes)."""
    bands = mel(waveform)[:, :BINS]
    starts = range(0, len(bands) - PATCH + 1, STEP)
    patches = np.stack([bands[start : start + PATCH] for start in starts])
    mean = patches.mean(axis=(1, 2), keepdims=True)
    x = ((patches - mean) / patches.std(axis=(1, 2), keepdims=True))[..., None]
    steps = iter(weights)
    for pool in POOLS:
        x = relu(_normalized(_convolved(x, next(steps)[1]), next(steps)[1]))
        x = x if pool is None else _pooled(x, *pool)
    x = x.reshape(len(x), -1)
    for _ in range(4):
        _, dense = next(steps)
        x = relu(_normalized(x @ dense["kernel"] + dense["bias"], next(steps)[1]))
    _, dense = next(steps)
    x = np.exp(x @ dense["kernel"] + dense["bias"])
    x = x / x.sum(axis=1, keepdims=True)
    before = PATCH // STEP // 2
    behind = before - 1 + len(bands) % 2
    return np.concatenate([x[:1].repeat(before, 0), x, x[-1:].repeat(behind, 0)])


def _convolved(x: np.ndarray, layer: Arrays) -> np.ndarray:
    high, wide = layer["kernel"].shape[:2]
    cut = np.lib.stride_tricks.sliding_window_view(x, (high, wide), axis=(1, 2))
    return np.einsum("nftchw,hwco->nfto", cut, layer["kernel"]) + layer["bias"]


def _normalized(x: np.ndarray, layer: Arrays) -> np.ndarray:
    scale = layer["gamma"] / np.sqrt(layer["moving_variance"] + 1e-3)
    return (x - layer["moving_mean"]) * scale + layer["beta"]


def _pooled(x: np.ndarray, size: tuple[int, int], same: bool) -> np.ndarray:
    sides = [(0, 0)]
    for length, width in zip(x.shape[1:3], size, strict=True):
        lacking = -length % width if same else 0
        sides.append((lacking // 2, lacking - lacking // 2))
    x = np.pad(x, [*sides, (0, 0)], constant_values=-np.inf)
    count, frames, bins, channels = x.shape
    frames, bins = frames // size[0], bins // size[1]
    x = x[:, : frames * size[0], : bins * size[1]]
    shape = (count, frames, size[0], bins, size[1], channels)
    return x.reshape(shape).max(axis=(2, 4))
