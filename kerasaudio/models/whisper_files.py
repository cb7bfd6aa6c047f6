"""Read the files of Whisper: OpenAI's, and those of Hugging Face transformers."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.checkpoints.hub_config import check_heads, read_config
from kerasaudio.checkpoints.native import State, read_native
from kerasaudio.checkpoints.torch_file import read_settings, read_torch
from kerasaudio.checkpoints.torch_state import from_torch, join_heads, split_heads
from kerasaudio.core.pretrained import Converted

HEAD_SIZE = 64  # of attention, if a file does not tell


def from_openai(path: Path) -> Converted:
    """Read a `.pt` file of OpenAI."""
    tensors = read_torch(path)
    dims = read_settings(path, "dims")
    heads = dims.get("n_audio_head")
    if heads is not None:
        heads = whole_number(heads, f"{path}: n_audio_head")
    return convert(tensors, path, heads)


def from_safetensors(path: Path) -> Converted:
    """Read a `.safetensors` file of transformers, or of ours without its spec."""
    tensors = read_native(path)
    if "layer_norm/gamma" in tensors:  # saved by kerasaudio
        return Converted(tensors)
    return convert(tensors, path)


def convert(
    tensors: Mapping[str, np.ndarray], path: Path, heads: int | None = None
) -> Converted:
    """Convert a state dict of openai/whisper or of Hugging Face transformers.

    Args:
        tensors: Arrays by upstream key, those of the decoder or without it.
        path: Path of their file, next to which a `config.json` may be.
        heads: Number of attention heads, if the file tells it, as OpenAI's do.

    Raises:
        ValueError: The arrays are not those of this network, or its number of attention
            heads is unknown.
    """
    encoder = {
        _hub_key(key): np.asarray(tensor, "float32")
        for key, tensor in tensors.items()
        if not _OTHER_HALF.match(key)
    }
    ranks = {key: encoder[key].ndim for key in _NEEDED if key in encoder}
    if ranks != _NEEDED:
        raise ValueError(
            f"{path} does not hold a Whisper with its encoder: its tensors are "
            f"{sorted(tensors)[:4]} ..."
        )
    steps, hidden_size = encoder["embed_positions.weight"].shape
    if heads is None:
        config = read_config(path.with_name("config.json"), "whisper", _CONFIG, _ONLY)
        if config.pop("hidden_size", hidden_size) != hidden_size:
            config = {}  # it belongs to a Whisper of another size in the same folder
        heads = config.get("num_heads", hidden_size // HEAD_SIZE)
    check_heads(path, hidden_size, heads)
    arguments = {
        "hidden_size": hidden_size,
        "num_layers": sum(key.endswith(".fc1.bias") for key in encoder),
        "num_heads": heads,
        "intermediate_size": len(encoder["layers.0.fc1.bias"]),
        "n_mels": encoder["conv1.weight"].shape[1],
        "max_length": 2 * steps,
    }
    return Converted(from_encoder(encoder, heads), arguments)


_CONFIG = {"encoder_attention_heads": "num_heads", "d_model": "hidden_size"}
_ONLY = {"activation_function": "gelu", "scale_embedding": False}
_NEEDED = {"conv1.weight": 3, "embed_positions.weight": 2, "layers.0.fc1.bias": 1}
# The decoder; and its table of tokens again, where transformers stores it twice.
_OTHER_HALF = re.compile(r"(model\.)?decoder\.|proj_out\.weight$")
_OF_OPENAI = {
    "attn.query": "self_attn.q_proj",
    "attn.key": "self_attn.k_proj",
    "attn.value": "self_attn.v_proj",
    "attn.out": "self_attn.out_proj",
    "attn_ln": "self_attn_layer_norm",
    "mlp.0": "fc1",
    "mlp.2": "fc2",
    "mlp_ln": "final_layer_norm",
}


def _hub_key(key: str) -> str:
    """Return the key that the Hub's files have, without their prefix."""
    key = key.removeprefix("model.").removeprefix("encoder.")
    if match := re.fullmatch(r"blocks\.(\d+)\.(.+)\.(weight|bias)", key):
        number, layer, leaf = match.groups()
        return f"layers.{number}.{_OF_OPENAI.get(layer, layer)}.{leaf}"
    if key == "positional_embedding":
        return "embed_positions.weight"
    return key.replace("ln_post.", "layer_norm.")


_ATTENTION = re.compile(r"(.+\.self_attn)\.(q_proj|k_proj|v_proj|out_proj)\.(.+)")
_ROLES = {"q_proj": "query", "k_proj": "key", "v_proj": "value"}


def from_encoder(tensors: Mapping[str, np.ndarray], heads: int) -> State:
    """Convert the state dict of an encoder.

    query, key, value (out, in) -> kernel (in, heads, out / heads)
    attention output  (out, in) -> kernel (heads, in / heads, out)
    Other layers are converted by `from_torch`.

    Args:
        tensors: Arrays by the Hub's key, without the prefix `model.encoder.`.
        heads: Number of attention heads, which no shape reveals.
    """
    state: State = {}
    others = {}
    for key, tensor in tensors.items():
        if key == "embed_positions.weight":
            state["positions/embeddings"] = tensor
        elif match := _ATTENTION.fullmatch(key):
            path, part, leaf = match.groups()
            layer = path.replace(".", "_")
            variable = "kernel" if leaf == "weight" else leaf
            if part == "out_proj":
                joined = join_heads(tensor, heads)
                state[f"{layer}/attention_output/{variable}"] = joined
            else:
                split = split_heads(tensor, heads)
                state[f"{layer}/{_ROLES[part]}/{variable}"] = split
                if part == "k_proj":
                    # Upstream's keys have no bias, which softmax would cancel anyway.
                    absent = np.zeros(split.shape[1:], "float32")
                    state.setdefault(f"{layer}/key/bias", absent)
        else:
            others[key] = tensor
    return state | from_torch(others)
