"""Dasheng against the Hub's code at 31f5d6d, a small network filled by the same rule.

The Hub's `logits` are the sigmoid of the embedding. Decibels of near silence differ
more than others.
"""

import json

import numpy as np
import pytest

import kerasaudio
from parity.kit import STEPS, Parity, Stage, each_stage, seeded_file
from support.goldens import Golden
from support.originals import probe

HEADS = {"model_type": "dasheng", "encoder_kwargs": {"embed_dim": 48, "num_heads": 4}}


def write(folder, golden):
    """Write the weights, and beside them the number of heads, which is not usual."""
    (folder / "config.json").write_text(json.dumps(HEADS))
    return seeded_file("model.safetensors")(folder, golden)


def patches(x):
    return x[:, :, 0].swapaxes(1, 2)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


DASHENG = Parity(
    kerasaudio.Dasheng,
    "dasheng_small",
    {
        "logmel": Stage("frontend", 5e-5, STEPS),
        "patch": Stage("patch_embed_proj", 1e-5, patches),
        "block0": Stage("blocks_0_output_add", 1e-5),
        "frames": Stage("frame_embeddings", 1e-5),
        "logits": Stage("embedding", 1e-5, sigmoid),
    },
    weights=write,
)


@each_stage(DASHENG)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.fixture(scope="module")
def golden():
    return Golden.read("dasheng_small")


@pytest.fixture(scope="module")
def model(golden, tmp_path_factory):
    return kerasaudio.Dasheng(write(tmp_path_factory.mktemp("dasheng"), golden))


def test_a_longer_clip_is_heard_in_chunks_without_their_padding(golden, model):
    waveform = np.resize(golden.waveforms()[0], 12 * 16_000)
    want = golden.arrays

    taps = {"frames": "frame_embeddings", "chunks": "chunks", "mean": "embedding"}
    heard = probe(model, taps).predict(waveform[None], verbose=0)

    assert heard["chunks"].shape == (1, 2, 1008, 64)
    assert (1, *heard["frames"].shape[1:2]) == tuple(want["long12s_shape"][:2])
    logits = sigmoid(heard["mean"][0])
    np.testing.assert_allclose(logits, want["long12s_logits"], rtol=0, atol=5e-6)
    every = heard["frames"][0, :: 300 // len(want["long12s_frames"])]
    np.testing.assert_allclose(every, want["long12s_frames"], rtol=0, atol=3e-5)
