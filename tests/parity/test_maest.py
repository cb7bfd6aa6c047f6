"""MAEST against maest-infer 0.2.0, filled by the same rule: its numbers, not its code.

The golden network has positions for twelve steps and heard 125 frames, which are
eleven. The class and the distillation token are those after the last normalization.
"""

import kerasaudio
from parity.kit import STEPS, Parity, Stage, each_stage
from support.passt import HEADS, converted_file

FRAMES, HEARD = 125, 11


def frames(features):
    return features[:, :FRAMES].transpose(STEPS)


def token(number):
    return lambda tokens: tokens[:, number]


MAEST = Parity(
    kerasaudio.MAEST,
    "maest_small",
    {
        "logmel": Stage("frontend", 3e-5, frames),
        "cls": Stage("first_tokens", 1e-5, token(0)),
        "dist": Stage("first_tokens", 1e-5, token(1)),
        "logits": Stage("predictions", 1e-5),
    },
    weights=converted_file(HEARD),
    arguments={
        "hidden_size": 48,
        "num_layers": 2,
        "num_heads": HEADS,
        "max_length": FRAMES,
        "classifier_activation": None,
    },
)


@each_stage(MAEST)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
