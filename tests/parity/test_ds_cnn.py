"""DSCNN against ARM-software/ML-KWS-for-MCU at 8151349 and mlcommons/tiny at 1afd2c9.

Both originals are published as graphs, which TensorFlow ran with other weights: by rule
here, published in `test_ds_cnn_published`. Stages differ by 1e-6 of the maximum at
most, cepstral coefficients by 4e-7.
"""

import kerasaudio
from parity.kit import Parity, Stage, each_stage
from support.seeded_ds_cnn import arm_file, mlperf_file

ARM = Parity(
    kerasaudio.DSCNN,
    "ds_cnn_seeded",
    {
        "mfcc": Stage("frontend", 3e-6),
        "conv": Stage("conv_relu", 1e-5),
        "block1": Stage("block1_pointwise_relu", 1e-5),
        "block4": Stage("block4_pointwise_relu", 1e-5),
        "embedding": Stage("embedding", 1e-5),
        "logits": Stage("predictions", 1e-5),
    },
    weights=arm_file,
    arguments={"classifier_activation": None},
)
MLPERF = Parity(
    kerasaudio.DSCNN,
    "ds_cnn_tiny_seeded",
    {"mfcc": Stage("frontend", 3e-6), "scores": Stage("predictions", 1e-5)},
    weights=mlperf_file,
)


@each_stage(ARM, MLPERF)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
