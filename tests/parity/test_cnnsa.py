"""CNNSA against minzwon/sota-music-tagging-models at 4e1d652, filled by rule."""

from functools import partial

import kerasaudio
from parity.kit import IMAGE, STEPS, Parity, Stage, each_stage, seeded_file
from support.won2020 import torchaudio_tables

CNNSA = Parity(
    kerasaudio.CNNSA,
    "won_cnnsa",
    {
        "front": Stage("frontend", 1e-5, STEPS),
        **{
            name: Stage(f"{name}_relu", 1e-5, IMAGE)
            for name in ("layer1", "layer4", "layer7")
        },
        # 20 times as far as the original's float32 logits are from float64.
        "encoder": Stage("encoder_layer_1_output_LayerNorm", 1.3e-5),
        "embedding": Stage("embedding", 1e-5),
        "logits": Stage("predictions", 1e-5),
    },
    weights=seeded_file("best_model.pth", kept=partial(torchaudio_tables, 128)),
    arguments={"classifier_activation": None},
)


@each_stage(CNNSA)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
