"""SampleCNN and SampleCNN+SE against Won et al.'s networks, filled by the same rule."""

import kerasaudio
from parity.kit import STEPS, Parity, Stage, each_stage, seeded_file

STAGES = {
    "layer1": Stage("layer1_relu", 2e-5, STEPS),
    "layer2": Stage("layer2_mp", 2e-5, STEPS),
    "layer5": Stage("layer5_mp", 2e-5, STEPS),
    "layer11": Stage("layer11_relu", 2e-5, STEPS),
    "predictions": Stage("predictions", 2e-5),
}
WEIGHTS = seeded_file("best_model.pth")
PLAIN = Parity(kerasaudio.SampleCNN, "seeded_sample", STAGES, WEIGHTS)
EXCITED = Parity(kerasaudio.SampleCNNSE, "seeded_se", STAGES, WEIGHTS)


@each_stage(PLAIN, EXCITED)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
