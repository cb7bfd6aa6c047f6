"""VGGish as the original writes it, a PCA filled by rule, and what they were given."""

import numpy as np

from kerasaudio.models.vggish import LAYERS, scope
from support.goldens import State
from support.seeding import seeded

# torchvggish's keys of the layers, in our order.
_MODULES = (
    *(f"features.{index}" for index in (0, 3, 6, 8, 11, 13)),
    *(f"embeddings.{index}" for index in (0, 2, 4)),
)


def official(tensors: State) -> State:
    """Give torchvggish's state dict as TensorFlow-Slim names and lays it out."""
    variables = {}
    for module, layer in zip(_MODULES, LAYERS, strict=True):
        weight = tensors[f"{module}.weight"]
        order = (2, 3, 1, 0) if weight.ndim == 4 else (1, 0)
        variables[f"{scope(layer)}/weights"] = weight.transpose(order)
        variables[f"{scope(layer)}/biases"] = tensors[f"{module}.bias"]
    return variables


def pca() -> State:
    """Give a PCA by rule, in float64 as the published one is."""
    tensors = seeded({"pca_eigen_vectors": (128, 128), "pca_means": (128, 1)})
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
