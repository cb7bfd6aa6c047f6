"""AST checkpoints of Hugging Face transformers (`ASTForAudioClassification`).

patch projection  (out, 1, bins, frames) -> kernel (frames, bins, 1, out)
query, key, value (out, in) -> kernel (in, heads, out / heads)
attention output  (out, in) -> kernel (heads, in / heads, out)
Linear            (out, in) -> kernel (in, out)
LayerNorm         weight, bias -> gamma, beta
"""

import re
from collections.abc import Mapping

import numpy as np

from kerasaudio.weights.convert.native import State

_PREFIX = "audio_spectrogram_transformer."
_RENAME = {"classifier_dense": "predictions"}


def from_transformers(tensors: Mapping[str, np.ndarray], heads: int) -> State:
    """Convert a state dict.

    Args:
        tensors: Arrays by upstream key.
        heads: Attention heads, which no shape tells.
    """
    return dict(
        _convert(key.removeprefix(_PREFIX), np.asarray(tensor, "float32"), heads)
        for key, tensor in tensors.items()
    )


def _convert(key: str, tensor: np.ndarray, heads: int) -> tuple[str, np.ndarray]:
    path, _, leaf = key.rpartition(".")
    layer = path.replace(".", "_")
    if leaf not in ("weight", "bias"):  # the tokens and positions
        return f"{layer}/{leaf}", tensor
    if "layernorm" in layer:
        return f"{layer}/{'gamma' if leaf == 'weight' else 'beta'}", tensor
    variable = "kernel" if leaf == "weight" else "bias"
    tensor = tensor.transpose()
    if match := re.fullmatch(r"(.+_attention)_attention_(query|key|value)", layer):
        split = tensor.reshape(*tensor.shape[:-1], heads, -1)
        return f"{match[1]}/{match[2]}/{variable}", split
    if match := re.fullmatch(r"(.+_attention)_output_dense", layer):
        if leaf == "weight":
            tensor = tensor.reshape(heads, -1, tensor.shape[1])
        return f"{match[1]}/attention_output/{variable}", tensor
    return f"{_RENAME.get(layer, layer)}/{variable}", tensor
