"""wav2vec 2.0 and HuBERT against Hugging Face transformers 5.24, filled by rule.

The original is run on clips that were normalized as by its feature extractor.
"""

import json

import keras
import numpy as np
import pytest

import kerasaudio
from parity.kit import Parity, Stage, each_stage, seeded_file
from support.seeding import wave


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
        "conv": Stage("feature_projection_layer_norm", 5e-6),
        "hidden0": Stage(before, 5e-6),
        "hidden1": Stage(f"encoder_layers_0_{first}", 5e-6),
        "last": Stage("frames", 5e-6),
        "mean": Stage("embedding", 5e-6),
    }


def without_convolutions(size):
    """Give the stages of HuBERT, of which transformers does not return these."""
    return {name: stage for name, stage in stages(size).items() if name != "conv"}


TABLES = (
    Parity(
        kerasaudio.Wav2Vec2,
        "wav2vec2_small_base",
        stages("base"),
        weights=with_config(seeded_file("pytorch_model.bin"), "wav2vec2"),
    ),
    Parity(
        kerasaudio.Wav2Vec2,
        "wav2vec2_small_large",
        stages("large"),
        weights=with_config(seeded_file("model.safetensors"), "wav2vec2"),
    ),
    Parity(
        kerasaudio.HuBERT,
        "hubert_small_base",
        without_convolutions("base"),
        weights=with_config(seeded_file("model.safetensors"), "hubert"),
    ),
    Parity(
        kerasaudio.HuBERT,
        "hubert_small_large",
        without_convolutions("large"),
        weights=with_config(seeded_file("pytorch_model.bin"), "hubert"),
    ),
)


@each_stage(*TABLES)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


SIZE = {
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 15,
    "num_conv_pos_embedding_groups": 4,
    "codevector_dim": 16,
    "proj_codevector_dim": 16,
    "vocab_size": 8,
}
LARGE = {
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
    "conv_bias": True,
}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("Wav2Vec2ForPreTraining", {}),
        ("Wav2Vec2ForCTC", LARGE),
        ("Wav2Vec2Model", {"conv_bias": True, "do_stable_layer_norm": True}),
        ("HubertForCTC", {}),
        ("HubertForSequenceClassification", LARGE | {"num_conv_pos_embeddings": 16}),
    ],
)
def test_a_network_saved_by_transformers_gives_the_same(tmp_path, kind, changes):
    torch = pytest.importorskip("torch", reason="transformers' networks need torch")
    transformers = pytest.importorskip("transformers")
    family = "Hubert" if kind.startswith("Hubert") else "Wav2Vec2"
    config = getattr(transformers, f"{family}Config")(**SIZE | changes)
    torch.manual_seed(0)
    original = getattr(transformers, kind)(config).eval()
    original.save_pretrained(tmp_path)
    listen = transformers.Wav2Vec2FeatureExtractor()
    listen.save_pretrained(tmp_path)
    clip = wave(16_000, 8_010, 1) / np.float32(32_768)
    heard = listen(clip, sampling_rate=16_000, return_tensors="pt").input_values
    with torch.no_grad():
        encoder = getattr(original, original.base_model_prefix, original)
        want = encoder(heard).last_hidden_state.numpy()

    factory = kerasaudio.HuBERT if family == "Hubert" else kerasaudio.Wav2Vec2
    model = factory(weights=tmp_path)
    frames = keras.Model(model.input, model.get_layer("frames").output)
    got = keras.ops.convert_to_numpy(frames(clip[None], training=False))

    assert want.std() > 0.1
    np.testing.assert_allclose(got, want, rtol=0, atol=5e-6 * np.abs(want).max())
