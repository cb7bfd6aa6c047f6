"""HTS-AT against RetroCirce/HTS-Audio-Transformer at 2e29471, filled by the same rule.

The original gives the logits in float32 to 1.4e-6 of their largest (3e-7 when small).
"""

import pytest

import kerasaudio
from parity.kit import Parity, Stage, each_stage, seeded_file
from support.swin import tokens
from support.torchlibrosa import torchlibrosa_tables


def stages(number, tolerance):
    return {
        "logmel": Stage("frontend", 1e-5),
        "patch": Stage("patch_embed_norm", tolerance, tokens),
        **{
            f"stage{n}": Stage(f"layers_{n}_downsample_reduction", tolerance, tokens)
            for n in range(number - 1)
        },
        f"stage{number - 1}": Stage(
            f"layers_{number - 1}_blocks_1_output_add", tolerance, tokens
        ),
        "latent": Stage("embedding", tolerance),
        "logits": Stage("predictions", tolerance),
    }


SMALL = Parity(
    kerasaudio.HTSAT,
    "htsat_small",
    stages(2, 5e-6),
    weights=seeded_file("htsat.pt", kept=lambda: torchlibrosa_tables(n_mels=16)),
    arguments={"classifier_activation": None, "clip_samples": 32_000},
)
PUBLISHED_SIZE = Parity(
    kerasaudio.HTSAT,
    "htsat_audioset",
    stages(4, 2e-5),
    weights=seeded_file("htsat.pt", torchlibrosa_tables),
    arguments={"classifier_activation": None},
)


@each_stage(SMALL)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.slow
@each_stage(PUBLISHED_SIZE)
def test_stage_of_the_published_size_equals_the_original(parity, stage):
    parity.check(stage)
