"""A small CLAP as a folder of the Hub: weights by rule, config, tokenizer.

Its tokenizer knows the 256 bytes and a few merges.
"""

import json

import numpy as np
import safetensors.numpy

from kerasaudio.zero_shot.byte_pairs import byte_letters
from support.goldens import Golden
from support.seeding import seeded

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
MERGES = ("r a", "i n", "ra in", "d o", "\u0120 b", "do g")
CONFIG = {
    "model_type": "clap",
    "audio_config": {"model_type": "clap_audio_model", "spec_size": 64},
    "text_config": {"model_type": "clap_text_model", "num_attention_heads": 4},
}
WORDS = "text_model.embeddings.word_embeddings.weight"


def vocabulary():
    """Give the number of each token."""
    merged = [merge.replace(" ", "") for merge in MERGES]
    tokens = [*SPECIAL, *byte_letters(), *merged]
    return {token: number for number, token in enumerate(tokens)}


def tensors(**changes):
    """Give the state dict of the whole network, of which some arrays are others.

    The scale is large, so that labels get different scores.
    """
    state = Golden.read("clap_small").state()
    state |= seeded({WORDS: (len(vocabulary()), 32)})
    return state | {"logit_scale_a": np.array(3.0, "float32")} | changes


def write_tokenizer(folder):
    """Write vocab.json and merges.txt."""
    (folder / "vocab.json").write_text(json.dumps(vocabulary()), encoding="utf-8")
    lines = "\n".join(("#version: 0.2", *MERGES, ""))
    (folder / "merges.txt").write_text(lines, encoding="utf-8")


def write_clap(folder, state=None):
    """Fill a folder, which is made if need be, and give it."""
    folder.mkdir(exist_ok=True)
    content = tensors() if state is None else state
    safetensors.numpy.save_file(content, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    write_tokenizer(folder)
    return folder
