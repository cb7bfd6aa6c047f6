"""AudioMAE against timm 1.0.31, a small network filled by the same rule.

As with AST, the least energies of a frame differ most, and with them the tokens.
"""

import json

import kerasaudio
from parity.kit import Parity, Stage, each_stage, seeded_file

CONFIG = {
    "architecture": "vit_base_patch16_224",
    "model_args": {"embed_dim": 48, "num_heads": 4},
}


def write(folder, golden):
    """Write the weights, and beside them the number of heads, which is not usual."""
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return seeded_file("model.safetensors")(folder, golden)


AUDIO_MAE = Parity(
    kerasaudio.AudioMAE,
    "audiomae_small",
    {
        "fbank": Stage("frontend", 2e-4),
        "tokens": Stage("blocks_1_output_add", 2e-5),
        "embedding": Stage("embedding", 1e-5),
        "logits": Stage("predictions", 1e-5),
    },
    weights=write,
    arguments={"classifier_activation": None},
)


@each_stage(AUDIO_MAE)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
