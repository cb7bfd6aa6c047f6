"""CNN6 against qiuqiangkong/audioset_tagging_cnn at d2f4b8c, filled by the same rule.

Stages differ by 1e-6 of the maximum at most; the tolerance is ten times that.
"""

import kerasaudio
from parity.kit import FRAMES, Parity, Stage, each_stage, seeded_file

CNN6 = Parity(
    kerasaudio.CNN6,
    "panns_cnn6",
    {
        "logmel": Stage("frontend", 1e-5),
        "conv_block1": Stage("conv_block1_pool", 1e-5, FRAMES),
        "conv_block4": Stage("conv_block4_pool", 1e-5, FRAMES),
        "embedding": Stage("embedding", 1e-5),
        "logits": Stage("predictions", 1e-5),
    },
    weights=seeded_file("Cnn6.pth"),
    arguments={"classifier_activation": None},
)


@each_stage(CNN6)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
