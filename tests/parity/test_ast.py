"""AST against Hugging Face transformers, on a small network filled by the same rule.

The golden file was made by tools/make_ast_golden.py with transformers 5.23, whose
extractor uses NumPy where torchaudio is absent.
"""

from functools import partial

import kerasaudio
from parity.kit import Parity, Stage, each_stage
from support.seeded_ast import SECONDS, waveform, write

AST = Parity(
    kerasaudio.AST,
    "ast_seeded",
    {
        "frontend": Stage("frontend", 2e-4),
        "embedding": Stage("embedding", 9e-6),
        "predictions": Stage("predictions", 1.2e-5),
    },
    weights=lambda folder, golden: write(folder),
    arguments={"classifier_activation": None},
    clips={clip: partial(waveform, clip) for clip in SECONDS},
)


@each_stage(AST)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
