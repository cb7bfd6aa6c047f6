"""CED tiny against RicherMans/CED at 60a0f54, filled by the same rule.

The original gives the logits in float32 to 3e-7 of their largest; the tolerance is 20
times as much. Decibels of near silence differ more than others.
"""

import numpy as np
import pytest

import kerasaudio
from parity.kit import IMAGE, STEPS, Parity, Stage, each_stage, seeded_file
from support.ced import with_original_keys
from support.goldens import Golden
from support.originals import all_tags, probe
from support.torch_files import write_state

BANDS = 4


def bands_first(tokens):
    """List tokens as the original does: all steps of a band, then the next band."""
    features = tokens.shape[-1]
    grid = tokens.reshape(len(tokens), -1, BANDS, features).swapaxes(1, 2)
    return grid.reshape(len(tokens), -1, features)


CED = Parity(
    kerasaudio.CED,
    "ced_tiny",
    {
        "logmel": Stage("frontend", 5e-5, STEPS),
        "init_bn": Stage("init_bn", 5e-5, STEPS),
        "patch": Stage("patch_embed_proj", 1e-5, IMAGE),
        "block0": Stage("blocks_0_output_add", 1e-5, bands_first),
        "norm": Stage("norm", 1e-5, bands_first),
        "embedding": Stage("embedding", 1e-5),
        "logits": Stage("predictions", 6e-6),
    },
    weights=seeded_file("model.safetensors"),
    arguments={"classifier_activation": None},
)


@each_stage(CED)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.fixture(scope="module")
def golden():
    return Golden.read("ced_tiny")


@pytest.fixture(scope="module")
def tagger(golden, tmp_path_factory):
    """Read the same weights from a file with the original's own keys."""
    path = tmp_path_factory.mktemp("ced") / "audiotransformer_tiny.pt"
    write_state(path, with_original_keys(golden.state()))
    return kerasaudio.CED(weights=path)


@pytest.mark.parametrize(
    ("clip", "samples", "chunks"),
    [
        ("long", 400_000, 3),  # the last padded with zeros
        ("edge", 323_680, 1),  # two chunks long, of which the original hears one
    ],
)
def test_longer_clips_are_heard_in_the_chunks_of_the_original(
    golden, tagger, clip, samples, chunks
):
    waveform = np.resize(golden.waveforms()[0], samples)
    assert 1 + samples // 160 > 1012
    want = golden.arrays[f"{clip}_probs_original"]

    heard = probe(tagger, {"chunks": "chunks"}).predict(waveform[None], verbose=0)
    scores = all_tags(tagger, waveform, 16_000)

    assert heard["chunks"].shape == (1, chunks, 1008, 64)
    np.testing.assert_allclose(scores, want, rtol=0, atol=1e-5)
