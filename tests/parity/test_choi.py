"""FCN and CRNN against Won et al.'s networks, filled by the same rule."""

import kerasaudio
from parity.kit import IMAGE, STEPS, Parity, Stage, each_stage, seeded_file
from support.won2020 import torchaudio_tables

STAGES = {
    "frontend": Stage("frontend", 5e-5, STEPS),
    "spec_bn": Stage("spec_bn", 5e-5, IMAGE),
    "layer1": Stage("layer1_mp", 1e-5, IMAGE),
    "embedding": Stage("embedding", 1e-5),
    "logits": Stage("predictions", 5e-6),
}
SETTINGS = {
    "weights": seeded_file("best_model.pth", kept=torchaudio_tables),
    "arguments": {"classifier_activation": None},
}
FCN_STAGES = STAGES | {"layer3": Stage("layer3_mp", 5e-6, IMAGE)}
CRNN_STAGES = STAGES | {"layer4": Stage("layer4_mp", 5e-6, IMAGE)}
FCN = Parity(kerasaudio.FCN, "fcn_seeded", FCN_STAGES, **SETTINGS)
CRNN = Parity(kerasaudio.CRNN, "crnn_seeded", CRNN_STAGES, **SETTINGS)


@each_stage(FCN, CRNN)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
