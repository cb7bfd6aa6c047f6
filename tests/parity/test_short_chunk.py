"""Short-chunk CNN, without and with residuals, against Won et al.'s networks.

minzwon/sota-music-tagging-models at 4e1d652, filled by the same rule.
"""

from functools import partial

import kerasaudio
from parity.kit import IMAGE, STEPS, Parity, Stage, each_stage, seeded_file
from support.won2020 import torchaudio_tables

STAGES = {
    "front": Stage("frontend", 1e-5, STEPS),
    "pooled": Stage("pool", 1e-5),
    "embedding": Stage("embedding", 1e-5),
    "logits": Stage("predictions", 1e-5),
}
LAYERS = ("layer1", "layer4", "layer7")
SETTINGS = {
    "weights": seeded_file("best_model.pth", kept=partial(torchaudio_tables, 128)),
    "arguments": {"classifier_activation": None},
}
PLAIN = Parity(
    kerasaudio.ShortChunkCNN,
    "won_short_chunk",
    STAGES | {name: Stage(f"{name}_mp", 1e-5, IMAGE) for name in LAYERS},
    **SETTINGS,
)
RESIDUAL = Parity(
    kerasaudio.ShortChunkResNet,
    "won_short_chunk_res",
    STAGES | {name: Stage(f"{name}_relu", 1e-5, IMAGE) for name in LAYERS},
    **SETTINGS,
)


@each_stage(PLAIN, RESIDUAL)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
