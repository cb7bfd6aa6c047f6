"""AST against Hugging Face transformers, on small networks filled by the same rule."""

from dataclasses import replace

import pytest

import kerasaudio
from parity.kit import Parity, Stage, each_stage
from support.goldens import Golden, named
from support.seeded_ast import CLIPS, CONFIG, fill, run_upstream, write

AST = Parity(
    kerasaudio.AST,
    "ast_seeded",
    {
        "frontend": Stage("frontend", 2e-4),
        "embedding": Stage("embedding", 9e-6),
        "predictions": Stage("predictions", 1.2e-5),
    },
    weights=lambda folder, golden: write(folder, golden.state()),
    arguments={"classifier_activation": None},
    clips=tuple(CLIPS),
)


@each_stage(AST)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_attention_heads": 2, "frequency_stride": 16, "time_stride": 10},
        {"num_hidden_layers": 1, "hidden_size": 60, "max_length": 80},
    ],
    ids=["golden", "heads and strides", "size and length"],
)
def test_a_network_saved_by_transformers_gives_the_same(tmp_path, changes):
    pytest.importorskip("torch", reason="transformers' AST needs torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.ASTConfig(**CONFIG | changes)
    transformers.ASTForAudioClassification(config).save_pretrained(tmp_path)
    arrays = {}
    golden = Golden(arrays, meta={"clips": CLIPS})
    path = fill(tmp_path)
    for clip in CLIPS:
        stages = run_upstream(tmp_path, golden.waveforms(clip))
        arrays |= {named(clip, stage): given[0] for stage, given in stages.items()}

    compared = replace(AST, weights=str(path)).run(tmp_path, golden)

    for stage in AST.names():
        compared.check(stage)
