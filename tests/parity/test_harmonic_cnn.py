"""HarmonicCNN against minzwon/sota-music-tagging-models at 4e1d652, filled by rule."""

from functools import partial

import kerasaudio
from parity.kit import IMAGE, Parity, Stage, each_stage, seeded_file
from support.won2020 import window

HARMONIC = Parity(
    kerasaudio.HarmonicCNN,
    "won_hcnn",
    {
        "front": Stage("image", 1e-5, IMAGE, every=(1, 1, 8, 1)),
        **{
            name: Stage(f"{name}_mp", 1e-5, IMAGE)
            for name in ("layer1", "layer4", "layer7")
        },
        "pooled": Stage("pool", 1e-5),
        "embedding": Stage("embedding", 1e-5),
        "logits": Stage("predictions", 1e-5),
    },
    weights=seeded_file("best_model.pth", kept=partial(window, "hstft.spec.window")),
    arguments={"classifier_activation": None},
)


@each_stage(HARMONIC)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
