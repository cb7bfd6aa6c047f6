"""CLAP against Hugging Face transformers 5.24, filled by the same rule.

The original gives the projection in float32 to 1.1e-6 of its largest. Its embedding is
compared after both were divided by their length, as ClapModel does.
"""

import json

import numpy as np
import pytest

import kerasaudio
from kerasaudio.layers.time_image import FoldTime, ResizeFrames
from parity.kit import Parity, Stage, each_stage, seeded_file
from support.goldens import Golden
from support.swin import tokens


def with_config(write, **audio):
    def write_both(folder, golden):
        config = {"audio_config": {"model_type": "clap_audio_model", **audio}}
        (folder / "config.json").write_text(json.dumps(config))
        return write(folder, golden)

    return write_both


SMALL = Parity(
    kerasaudio.CLAP,
    "clap_small",
    {
        "input_features": Stage("frontend", 5e-6, lambda x: x[:, None]),
        "patch": Stage("patch_embed_norm", 2e-6, tokens),
        "stage0": Stage("layers_0_downsample_reduction", 2e-6, tokens),
        "norm": Stage("norm", 2e-6, tokens),
        "audio_pooled": Stage("pool", 2e-6),
        "audio_embeds": Stage("embedding", 2e-6),
    },
    weights=with_config(seeded_file("model.safetensors"), spec_size=64),
)
PUBLISHED_SIZE = Parity(
    kerasaudio.CLAP,
    "clap_htsat_audio",
    {
        "input_features": Stage("frontend", 1e-5),
        "patch": Stage("patch_embed_norm", 1e-5, tokens),
        **{
            f"stage{n}": Stage(f"layers_{n}_downsample_reduction", 2e-5, tokens)
            for n in range(3)
        },
        "stage3": Stage("layers_3_blocks_1_output_add", 2e-5, tokens),
        "norm": Stage("norm", 2e-5, tokens),
        "pooled": Stage("pool", 2e-5),
        "audio_embeds": Stage("audio_projection_linear2", 2e-5),
    },
    weights=seeded_file("pytorch_model.bin"),
)


@each_stage(SMALL)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.slow
@each_stage(PUBLISHED_SIZE)
def test_stage_of_the_published_size_equals_the_original(parity, stage):
    parity.check(stage)


def test_the_spectrogram_is_stretched_and_folded_as_in_the_original():
    golden = Golden.read("clap_small").arrays
    stretched = ResizeFrames(256)(golden["input_features"][:, 0])

    got = np.asarray(FoldTime(4)(stretched))[..., 0]

    want = golden["mel2img_raw"][:, 0]
    assert got.shape == (2, 64, 64)
    np.testing.assert_allclose(got[:, :24, :24], want, rtol=0, atol=2e-4)
    assert got.mean() == pytest.approx(golden["mel2img_stats"][0], abs=1e-4)
