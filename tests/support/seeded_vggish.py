"""A VGGish and its PCA filled by rule, and what they hear; shared with tools/."""

from collections.abc import Mapping

import numpy as np

from kerasaudio.models.vggish import LAYERS, scope
from support.seeding import Shapes, seeded

# torchvggish's keys of the layers, in our order.
_MODULES = (
    *(f"features.{index}" for index in (0, 3, 6, 8, 11, 13)),
    *(f"embeddings.{index}" for index in (0, 2, 4)),
)
_WIDTHS = (1, 64, 128, 256, 256, 512, 512)
SHAPES: Shapes = {
    **{
        f"{module}.weight": (out, into, 3, 3)
        for module, into, out in zip(_MODULES, _WIDTHS, _WIDTHS[1:], strict=False)
    },
    "embeddings.0.weight": (4096, 512 * 4 * 6),
    "embeddings.2.weight": (4096, 4096),
    "embeddings.4.weight": (128, 4096),
    **{
        f"{module}.bias": (size,)
        for module, size in zip(_MODULES, (*_WIDTHS[1:], 4096, 4096, 128), strict=True)
    },
}
PCA_SHAPES: Shapes = {"pca_eigen_vectors": (128, 128), "pca_means": (128, 1)}


def official(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give torchvggish's state dict as TensorFlow-Slim names and lays it out."""
    variables = {}
    for module, layer in zip(_MODULES, LAYERS, strict=True):
        weight = tensors[f"{module}.weight"]
        order = (2, 3, 1, 0) if weight.ndim == 4 else (1, 0)
        variables[f"{scope(layer)}/weights"] = weight.transpose(order)
        variables[f"{scope(layer)}/biases"] = tensors[f"{module}.bias"]
    return variables


def pca() -> dict[str, np.ndarray]:
    """Give a PCA by rule, in float64 as the published one is."""
    tensors = seeded(PCA_SHAPES)
    return {key: tensor.astype("float64") for key, tensor in tensors.items()}


def embeddings() -> np.ndarray:
    """Give vectors whose components reach beyond the clipping, float32 (40, 128)."""
    rng = np.random.default_rng(5)
    return rng.normal(0, rng.uniform(0.1, 3, (40, 1)), (40, 128)).astype("float32")


def waveform() -> np.ndarray:
    """Give 2.1 s of a gliding tone in noise, float32, at 16 kHz: two patches."""
    time = np.arange(33_600) / 16_000
    noise = np.random.default_rng(3).normal(0, 0.02, time.size)
    return (0.4 * np.sin(2 * np.pi * 700 * time**2) + noise).astype("float32")
