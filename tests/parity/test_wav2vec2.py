"""wav2vec 2.0 and HuBERT against Hugging Face transformers 5.24, filled by rule.

The original is run on clips that were normalized as by its feature extractor.
"""

import json

import numpy as np
import pytest

import kerasaudio
from parity.kit import Parity, Stage, each_stage, seeded_file


def with_config(write, model_type):
    """Let a config tell the number of heads, which no shape reveals."""

    def write_both(folder, golden):
        config = {"model_type": model_type, "num_attention_heads": 4}
        (folder / "config.json").write_text(json.dumps(config))
        return write(folder, golden)

    return write_both


def stages(size):
    before, first = {
        "base": ("encoder_layer_norm", "final_layer_norm"),
        "large": ("encoder_pos_conv_embed_add", "output_add"),
    }[size]
    return {
        "input": Stage("frontend", 5e-6, lambda x: x[:, :64]),
        "conv": Stage("feature_projection_layer_norm", 1e-5),
        "hidden0": Stage(before, 1e-5),
        "hidden1": Stage(f"encoder_layers_0_{first}", 1e-5),
        "last": Stage("frames", 1e-5),
        "mean": Stage("embedding", 1e-5),
    }


def table(factory, model_type, size, name):
    found = stages(size)
    if model_type == "hubert":  # transformers does not return its convolutions
        del found["conv"]
    return Parity(
        factory,
        f"{model_type}_small_{size}",
        found,
        weights=with_config(seeded_file(name), model_type),
    )


TABLES = (
    table(kerasaudio.Wav2Vec2, "wav2vec2", "base", "pytorch_model.bin"),
    table(kerasaudio.Wav2Vec2, "wav2vec2", "large", "model.safetensors"),
    table(kerasaudio.HuBERT, "hubert", "base", "model.safetensors"),
    table(kerasaudio.HuBERT, "hubert", "large", "pytorch_model.bin"),
)


@each_stage(*TABLES)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
