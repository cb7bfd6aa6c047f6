"""CLAP's tower for sentences: RoBERTa, and a projection to where the sounds are.

    tokens (b, n) -> vectors of tokens and places, normalized (b, n, 768)
    -> 12 x [attention, 12 heads, to all but padding; dense 3072], each added to its
       input and normalized (b, n, 768)
    -> first token -> dense, tanh (b, 768) -> dense, ReLU, dense (b, 512)
    -> unit length: embedding (b, 512)

Source: Liu et al. 2019, arXiv:1907.11692; Wu et al. 2023, arXiv:2211.06687; details
follow Hugging Face transformers 5.24 (`ClapTextModel`).
"""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops

from kerasaudio.arguments import number
from kerasaudio.checkpoints.hub_config import check_heads, read_config, read_section
from kerasaudio.checkpoints.native import State, assign, parse_native
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch, join_heads, split_heads
from kerasaudio.core.initializers import numpy_initializers
from kerasaudio.layers.tokens import TokenEmbeddings

PADDING = 1  # number of the token that fills short sentences
EPSILON = 1e-12
_MODEL = "clap_text_model"
_PREFIX = "text_model."
_ONLY = {
    "hidden_act": "gelu",
    "projection_hidden_act": "relu",
    "pad_token_id": PADDING,
    "type_vocab_size": 1,
}
_TABLES = ("word_embeddings", "position_embeddings", "token_type_embeddings")


class Sentences(NamedTuple):
    """The tower for sentences.

    Attributes:
        network: Tokens, int32 (batch, tokens) -> vectors of length 1, float32
            (batch, features).
        scale: Factor of the cosine between a sound and a sentence, before softmax.
        longest: Number of tokens that have places.
    """

    network: keras.Model
    scale: float
    longest: int


def read_sentences(path: Path) -> Sentences:
    """Read the tower for sentences from a file of Hugging Face transformers.

    Args:
        path: A `.safetensors` file, or one of torch; next to it, `config.json` gives
            what no shape reveals. Without it, heads are 64 features wide.

    Raises:
        ValueError: The file does not hold this tower.
        OSError: The file cannot be read.
    """
    if path.suffix == ".safetensors":
        tensors = parse_native(path.read_bytes(), str(path))
    else:
        tensors = read_torch(path)
    words = tensors.get(f"{_PREFIX}embeddings.word_embeddings.weight")
    places = tensors.get(f"{_PREFIX}embeddings.position_embeddings.weight")
    hidden = tensors.get(f"{_PREFIX}encoder.layer.0.intermediate.dense.bias")
    projection = tensors.get("text_projection.linear2.bias")
    scale = tensors.get("logit_scale_a")
    if (
        words is None
        or words.ndim != 2
        or places is None
        or hidden is None
        or projection is None
        or scale is None
        or scale.size != 1
    ):
        raise ValueError(
            f"{path} does not hold a ClapModel of Hugging Face transformers with a "
            "text_model, a text_projection and a logit_scale_a: its tensors are "
            f"{sorted(tensors)[:4]} ..."
        )
    features = words.shape[1]
    config = path.with_name("config.json")
    counts = {"num_attention_heads": "heads"}
    found = read_config(config, _MODEL, counts, _ONLY, section="text_config")
    section = read_section(config, _MODEL, "text_config")
    epsilon = number(section.get("layer_norm_eps", EPSILON), "layer_norm_eps", above=0)
    heads = found.get("heads", features // 64)
    check_heads(path, features, heads)
    count = sum(
        re.fullmatch(rf"{_PREFIX}encoder\.layer\.\d+\.intermediate\.dense\.bias", key)
        is not None
        for key in tensors
    )
    with numpy_initializers():
        network = sentence_network(
            vocabulary=len(words),
            places=len(places),
            features=features,
            num_layers=count,
            heads=heads,
            hidden=len(hidden),
            projection=len(projection),
            epsilon=epsilon,
        )
    assign(network, from_transformers(tensors, heads), str(path))
    longest = len(places) - PADDING - 1
    return Sentences(network, float(np.exp(np.float64(scale))), longest)


def sentence_network(
    *,
    vocabulary: int,
    places: int,
    features: int,
    num_layers: int,
    heads: int,
    hidden: int,
    projection: int,
    epsilon: float,
) -> keras.Model:
    """Build the tower.

    Args:
        vocabulary: Number of different tokens.
        places: Number of places of tokens; the first two are for padding.
        features: Number of features of a token.
        num_layers: Number of transformer layers.
        heads: Number of attention heads, a divisor of `features`.
        hidden: Units of the dense layer inside each layer.
        projection: Length of the vectors.
        epsilon: Of the layer normalizations.
    """
    normalize = partial(layers.LayerNormalization, epsilon=epsilon)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    seen = ops.expand_dims(ops.not_equal(tokens, PADDING), 1)
    x = TokenEmbeddings(vocabulary, places, features, PADDING, name="embeddings")(
        tokens
    )
    x = normalize(name="embeddings_LayerNorm")(x)
    for index in range(num_layers):
        name = f"encoder_layer_{index}"
        y = layers.MultiHeadAttention(
            heads, features // heads, name=f"{name}_attention"
        )(x, x, attention_mask=seen)
        x = layers.Add(name=f"{name}_attention_add")([x, y])
        x = normalize(name=f"{name}_attention_output_LayerNorm")(x)
        y = layers.Dense(hidden, "gelu", name=f"{name}_intermediate_dense")(x)
        y = layers.Dense(features, name=f"{name}_output_dense")(y)
        x = layers.Add(name=f"{name}_output_add")([x, y])
        x = normalize(name=f"{name}_output_LayerNorm")(x)
    x = layers.Dense(features, "tanh", name="pooler_dense")(x[:, 0])
    x = layers.Dense(projection, "relu", name="text_projection_linear1")(x)
    x = layers.Dense(projection, name="text_projection_linear2")(x)
    x = layers.UnitNormalization(name="embedding", dtype="float32")(x)
    return keras.Model(tokens, x, name="clap_text")


def from_transformers(tensors: Mapping[str, np.ndarray], heads: int) -> State:
    """Convert the tower in a state dict of Hugging Face transformers.

    Args:
        tensors: Arrays by upstream key. Those of the tower for sounds, numbers of
            places and the scales are left out.
        heads: Number of attention heads, which no shape reveals.
    """
    state: State = {}
    others = {}
    for key, tensor in tensors.items():
        name = key.removeprefix(_PREFIX)
        if not key.startswith((_PREFIX, "text_projection.")):
            continue
        if name in ("embeddings.position_ids", "embeddings.token_type_ids"):
            continue
        path, _, leaf = name.rpartition(".")
        variable = "kernel" if leaf == "weight" else "bias"
        table = path.removeprefix("embeddings.")
        if table in _TABLES and leaf == "weight":
            state[f"embeddings/{table}"] = tensor
        elif match := re.fullmatch(r"(.+\.attention)\.self\.(query|key|value)", path):
            layer = match[1].replace(".", "_")
            state[f"{layer}/{match[2]}/{variable}"] = split_heads(tensor, heads)
        elif path.endswith(".attention.output.dense"):
            layer = path.removesuffix(".output.dense").replace(".", "_")
            joined = join_heads(tensor, heads)
            state[f"{layer}/attention_output/{variable}"] = joined
        else:
            others[name] = tensor
    return state | from_torch(others)
