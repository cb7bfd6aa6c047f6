"""EfficientAT mn04 against the original's network, both filled by the same rule."""

import kerasaudio
from parity.kit import IMAGE, STEPS, Parity, Stage, each_stage, seeded_file

MN04 = Parity(
    kerasaudio.EfficientAT,
    "efficient_at_mn04_seeded",
    {
        "frontend": Stage("frontend", 5e-5, STEPS),
        "features_0": Stage("features_0_1_hard_swish", 3e-5, IMAGE),
        "features_3": Stage("features_3_add", 2e-5, IMAGE),
        "features_8": Stage("features_8_add", 1e-5, IMAGE),
        "features_16": Stage("features_16_1_hard_swish", 1e-5, IMAGE),
        "embedding": Stage("embedding", 5e-6),
        "logits": Stage("predictions", 5e-6),
    },
    weights=seeded_file("mn04_as.pt"),
    arguments={"classifier_activation": None},
)


@each_stage(MN04)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
