"""Read the files of Hugging Face transformers with a wav2vec 2.0 or a HuBERT."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.checkpoints.hub_config import check_heads, read_config, read_section
from kerasaudio.checkpoints.native import read_native
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch, weight_norm
from kerasaudio.core.blocks import TORCH_EPSILON
from kerasaudio.core.pretrained import Converted

SAMPLE_RATE = 16_000
WIDTHS = (10, 3, 3, 3, 3, 2, 2)  # of the convolutions, in steps of the one before
STRIDES = (5, 2, 2, 2, 2, 2, 2)
FACTORIES = {"wav2vec2": "Wav2Vec2", "hubert": "HuBERT"}  # by transformers' model_type


def from_safetensors(model_type: str, path: Path) -> Converted:
    """Read a `.safetensors` file of transformers, or of ours without its spec."""
    tensors = read_native(path)
    if "feature_projection_projection/kernel" in tensors:  # saved by kerasaudio
        return Converted(tensors)
    return convert(tensors, path, model_type)


def from_torch_file(model_type: str, path: Path) -> Converted:
    """Read a file that torch wrote."""
    return convert(read_torch(path), path, model_type)


def convert(
    tensors: Mapping[str, np.ndarray], path: Path, model_type: str
) -> Converted:
    """Convert the encoder in a state dict of Hugging Face transformers.

    Args:
        tensors: Arrays by upstream key.
        path: Path of their file, next to which a `config.json` may be.
        model_type: "wav2vec2" or "hubert".

    Raises:
        ValueError: The arrays are not those of this network.
    """
    name = FACTORIES[model_type]
    encoder = _encoder(tensors, path, model_type)
    ranks = {key: encoder[key].ndim for key in _NEEDED if key in encoder}
    shapes = [
        encoder[key].shape
        for number in range(len(WIDTHS))
        if (key := f"{_CONVS}.{number}.conv.weight") in encoder
    ]
    if ranks != _NEEDED or tuple(shape[-1:] for shape in shapes) != _SPANS:
        raise ValueError(
            f"{path} does not hold a {name} of Hugging Face transformers, with "
            f"{len(WIDTHS)} convolutions and positions by another: its tensors are "
            f"{sorted(tensors)[:4]} ..."
        )
    conv_norm = "layer" if f"{_CONVS}.1.layer_norm.weight" in encoder else "group"
    directions = encoder[f"{_POSITIONS}_v"]
    hidden_size = directions.shape[0]
    arguments: dict[str, Any] = {
        "hidden_size": hidden_size,
        "num_layers": sum(k.endswith(".attention.q_proj.bias") for k in encoder),
        "intermediate_size": len(encoder[_UNITS]),
        "conv_filters": shapes[0][0],
        "conv_bias": f"{_CONVS}.0.conv.bias" in encoder,
        "conv_norm": conv_norm,
        "position_width": directions.shape[2],
        "position_groups": hidden_size // max(1, directions.shape[1]),
    }
    arguments |= _settings(path, model_type, hidden_size, conv_norm == "layer")
    positions = weight_norm(encoder.pop(f"{_POSITIONS}_g"), directions)
    encoder[_POSITIONS] = positions
    del encoder[f"{_POSITIONS}_v"]
    return Converted(from_torch(encoder, heads=arguments["num_heads"]), arguments)


_CONVS = "feature_extractor.conv_layers"
_POSITIONS = "encoder.pos_conv_embed.conv.weight"
_UNITS = "encoder.layers.0.feed_forward.intermediate_dense.bias"
_NEEDED = {
    f"{_CONVS}.0.conv.weight": 3,
    "feature_projection.projection.weight": 2,
    "feature_projection.layer_norm.weight": 1,
    f"{_POSITIONS}_g": 3,
    f"{_POSITIONS}_v": 3,
    _UNITS: 1,
}
_SPANS = tuple((width,) for width in WIDTHS)
# Besides the encoder: of the pretraining, of transcription, of classification.
_HEADS = (
    *("masked_spec_embed", "quantizer.", "project_hid.", "project_q."),
    *("lm_head.", "projector.", "classifier.", "layer_weights"),
)


def _encoder(
    tensors: Mapping[str, np.ndarray], path: Path, model_type: str
) -> dict[str, np.ndarray]:
    """Return the arrays of the encoder, by their keys without the network's name."""
    told = {kind for kind in FACTORIES for key in tensors if key.startswith(f"{kind}.")}
    if not told:  # only the config tells
        config = path.with_name("config.json")
        told = {kind for kind in FACTORIES if read_section(config, kind)}
    if told and model_type not in told:
        other = FACTORIES[told.pop()]
        raise ValueError(
            f"{path} holds a {other}, not a {FACTORIES[model_type]}. Give it as "
            f"weights= of a {other}."
        )
    encoder = {}
    for key, tensor in tensors.items():
        key = key.removeprefix(f"{model_type}.")
        # Newer versions of torch name the parts of the weight in another way.
        key = key.replace(".parametrizations.weight.original0", ".weight_g")
        key = key.replace(".parametrizations.weight.original1", ".weight_v")
        if not key.startswith(_HEADS):
            encoder[key] = tensor
    return encoder


def _settings(
    path: Path, model_type: str, hidden_size: int, norm_first: bool
) -> dict[str, Any]:
    """Return what no shape reveals: the heads and the order of normalization."""
    config = path.with_name("config.json")
    found: dict[str, Any] = {}
    found |= read_config(
        config, model_type, {"num_attention_heads": "num_heads"}, _ONLY
    )
    heads = found.setdefault("num_heads", min(16, hidden_size // 64))
    check_heads(path, hidden_size, heads)
    stable = read_section(config, model_type).get("do_stable_layer_norm", norm_first)
    if not isinstance(stable, bool):
        raise ValueError(
            f"{config}: do_stable_layer_norm must be true or false. "
            f"Received: {stable!r}."
        )
    read_config(
        path.with_name("preprocessor_config.json"),
        "Wav2Vec2FeatureExtractor",
        {},
        # Where the first convolution is normalized over time, both are the same.
        _HEARD if not norm_first else _HEARD | {"do_normalize": True},
        kind="feature_extractor_type",
    )
    return found | {"norm_first": stable}


_ONLY = {
    "hidden_act": "gelu",
    "feat_extract_activation": "gelu",
    "layer_norm_eps": TORCH_EPSILON,
    "conv_stride": list(STRIDES),
}
_HEARD = {"sampling_rate": SAMPLE_RATE, "feature_size": 1}
