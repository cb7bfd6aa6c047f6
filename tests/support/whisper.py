"""State dicts of Whisper: the Hub's keys and those of OpenAI's own files."""

import json
import re
from pathlib import Path

from safetensors.numpy import save_file

from kerasaudio.layers.fixed_length import sinusoids
from support.goldens import GOLDEN, Golden, State
from support.seeding import read_shapes, seeded

PREFIX = "model.encoder."
POSITIONS = f"{PREFIX}embed_positions.weight"
CONFIG = {"model_type": "whisper", "encoder_attention_heads": 4, "d_model": 48}
# A piece of what all published files hold besides the encoder.
DECODER = {
    "model.decoder.embed_tokens.weight": (5, 48),
    "model.decoder.embed_positions.weight": (3, 48),
    "model.decoder.layers.0.encoder_attn.k_proj.weight": (48, 48),
    "model.decoder.layers.0.fc1.bias": (7,),
    "model.decoder.layer_norm.weight": (48,),
    "proj_out.weight": (5, 48),
}
_OPENAI = {
    "self_attn.q_proj": "attn.query",
    "self_attn.k_proj": "attn.key",
    "self_attn.v_proj": "attn.value",
    "self_attn.out_proj": "attn.out",
    "encoder_attn.k_proj": "cross_attn.key",
    "self_attn_layer_norm": "attn_ln",
    "fc1": "mlp.0",
    "fc2": "mlp.2",
    "final_layer_norm": "mlp_ln",
}


def whisper_state(golden: Golden) -> State:
    """Give a whole network of the Hub: the golden encoder, and a piece of a decoder."""
    return golden.state({POSITIONS: sinusoids(1500, 48)}) | seeded(DECODER)


def published_shapes(size: str) -> dict[str, tuple[int, ...]]:
    """Give the shapes of a published encoder, by the Hub's keys."""
    return read_shapes((GOLDEN / f"whisper_{size}_encoder_keys.txt").read_text())


def write(folder: Path, tensors: State, config: dict[str, object] | None) -> Path:
    """Write a file of the Hub and its config into a folder; give its path."""
    path = folder / "model.safetensors"
    save_file(tensors, path)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return path


def openai_key(key: str) -> str:
    """Give OpenAI's name of a tensor of the Hub."""
    half, _, rest = key.removeprefix("model.").partition(".")
    if match := re.fullmatch(r"layers\.(\d+)\.(.+)\.(weight|bias)", rest):
        number, layer, leaf = match.groups()
        rest = f"blocks.{number}.{_OPENAI[layer]}.{leaf}"
    elif rest == "embed_tokens.weight":
        rest = "token_embedding.weight"
    elif rest == "embed_positions.weight":
        rest = "positional_embedding"
    elif rest.startswith("layer_norm."):
        rest = rest.replace("layer_norm", "ln_post" if half == "encoder" else "ln")
    return f"{half}.{rest}"


def with_openai_keys(tensors: State) -> State:
    """Give the same network as OpenAI's files hold it, in float16.

    The table of tokens is not stored again.
    """
    return {
        openai_key(key): tensor.astype("float16")
        for key, tensor in tensors.items()
        if key != "proj_out.weight"
    }
