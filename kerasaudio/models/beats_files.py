"""Read the files of BEATs, and those of OpenBEATs."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.torch_file import read_settings, read_torch
from kerasaudio.checkpoints.torch_state import from_torch, weight_norm
from kerasaudio.core.pretrained import Converted
from kerasaudio.weights.label_lists import label_list

FRAME = 400
PATCH = 16
CLASSES = 527

_BIAS = "self_attn.relative_attention_bias.weight"
_FIRST = "encoder.layers.0."
_COPY = re.compile(rf"encoder\.layers\.\d+\.{re.escape(_BIAS)}")


def from_upstream(path: Path) -> Converted:
    """Read a file of the original, of OpenBEATs or of ESPnet."""
    converted = convert(read_torch(path), str(path))
    config = read_settings(path, "cfg")
    for key, value in _ONLY.items():
        if config.get(key, value) != value:
            raise ValueError(
                f"{path}: its cfg has {key}={config[key]!r}. BEATs supports only "
                f"{key}={value!r}, as in the published files."
            )
    if "max_distance" not in config:
        return converted
    most = whole_number(config["max_distance"], f"{path}: max_distance")
    return converted._replace(arguments={**converted.arguments, "max_distance": most})


# Settings in the original's files that no shape reveals.
_ONLY = {"deep_norm": True, "layer_norm_first": False, "activation_fn": "gelu"}


def convert(tensors: Mapping[str, np.ndarray], origin: str) -> Converted:
    """Convert the state dict of a pretrained or fine-tuned network.

    Args:
        tensors: Arrays by upstream key.
        origin: Origin of the arrays, for error messages.

    Raises:
        ValueError: The arrays are not those of this network.
    """
    espnet = "encoder.patch_embedding.weight" in tensors  # fine-tuned there
    if espnet:
        tensors = {
            key.removeprefix("encoder.").replace("decoder.linear_out", "predictor"): t
            for key, t in tensors.items()
        }
    shapes = {key: tensor.shape for key, tensor in tensors.items()}
    if any(key.startswith("quantize.") for key in tensors):
        raise ValueError(
            f"{origin} holds a tokenizer of BEATs, not the network that was trained "
            "with it. Pass a file of a pretrained or fine-tuned BEATs."
        )
    ranks = {key: len(shapes.get(key, ())) for key in _NEEDED}
    if ranks != _NEEDED or shapes["patch_embedding.weight"][1:] != (1, PATCH, PATCH):
        raise ValueError(
            f"{origin} does not hold a BEATs with patches of {PATCH} x {PATCH} and "
            f"gated relative positions: its tensors are {sorted(tensors)[:4]} ..."
        )
    filters = shapes["encoder.pos_conv.0.weight_v"]
    arguments = {
        "hidden_size": filters[0],
        "num_layers": sum(key.endswith(".fc1.bias") for key in tensors),
        "num_heads": shapes[f"{_FIRST}self_attn.grep_a"][1],
        "intermediate_size": shapes[f"{_FIRST}fc1.bias"][0],
        "patch_features": shapes["patch_embedding.weight"][0],
        "conv_width": filters[2],
        "conv_groups": filters[0] // max(1, filters[1]),
        "num_buckets": shapes[f"{_FIRST}{_BIAS}"][0],
    }
    published = shapes.get("predictor.bias") == (CLASSES,) and not espnet
    labels = label_list("audioset_beats") if published else None
    return Converted(from_beats(tensors, origin), arguments, labels)


_NEEDED = {
    "patch_embedding.weight": 4,
    "encoder.pos_conv.0.weight_g": 3,
    "encoder.pos_conv.0.weight_v": 3,
    f"{_FIRST}self_attn.grep_a": 4,
    f"{_FIRST}fc1.bias": 1,
    f"{_FIRST}{_BIAS}": 2,
}


# ESPnet's convolutions of padding masks.
_ONES = {
    "patch_embedding_pad.weight": np.ones((1, 1, PATCH, PATCH), "float32"),
    "raw2fbank_pad.weight": np.ones((1, 1, FRAME), "float32"),
}


def from_beats(tensors: Mapping[str, np.ndarray], origin: str) -> State:
    """Convert a state dict, of which `_NEEDED` is there.

    The positional convolution is stored as directions `weight_v` and their lengths
    `weight_g`, one for each place under the filters; the network gets their product.

    Args:
        tensors: Arrays by upstream key.
        origin: Origin of the arrays, for error messages.

    Raises:
        ValueError: The relative positions differ from layer to layer.
    """
    left = dict(tensors)
    biases = left[f"{_FIRST}{_BIAS}"]
    for key in tensors:
        copy = left.pop(key) if _COPY.fullmatch(key) else biases
        if not np.array_equal(copy, biases):
            raise ValueError(f"{origin}: {key} differs from that of the first layer.")
    left["encoder.pos_conv.0.weight"] = weight_norm(
        left.pop("encoder.pos_conv.0.weight_g"), left.pop("encoder.pos_conv.0.weight_v")
    )
    # Upstream's images are (frames, bins), as here.
    left["patch_embedding.weight"] = left["patch_embedding.weight"].swapaxes(2, 3)
    state = from_torch(left, rename=_RENAME, constants=_ONES)
    state = {_ATTENTION.sub(r"\1/\2/", key): tensor for key, tensor in state.items()}
    return state | {"relative_attention_bias/embeddings": biases}


_RENAME = {"predictor": "predictions", "encoder_pos_conv_0": "encoder_pos_conv"}
_ATTENTION = re.compile(r"(.*_self_attn)_([qkv]_proj|out_proj|grep_linear)/")
