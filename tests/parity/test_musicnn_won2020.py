"""MusiCNN as Won et al. have it against their network, filled by the same rule."""

import kerasaudio
from parity.kit import STEPS, Parity, Stage, each_stage, seeded_file
from support.won2020 import torchaudio_tables

MUSICNN = Parity(
    kerasaudio.MusiCNN,
    "musicnn_won2020_seeded",
    {
        "frontend": Stage("frontend", 1e-5, STEPS),
        "timbre": Stage("layers_0_out", 5e-6, STEPS),
        "rhythm": Stage("layers_2_relu", 5e-6, STEPS),
        "front": Stage("front", 5e-6, STEPS),
        "midend": Stage("midend", 5e-6, STEPS),
        "embedding": Stage("embedding", 5e-6),
        "logits": Stage("predictions", 5e-6),
    },
    weights=seeded_file("best_model.pth", kept=torchaudio_tables),
    arguments={"classifier_activation": None},
)


@each_stage(MUSICNN)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
