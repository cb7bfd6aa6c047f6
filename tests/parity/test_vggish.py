"""VGGish against torchvggish at f3f9096, network and PCA filled by rule.

The weights arrive as a checkpoint in the official naming. torchvggish ends in a ReLU;
as published since 2020, and by default, the network ends before it.
"""

from dataclasses import replace

import numpy as np
import pytest

import kerasaudio
from kerasaudio.layers import VGGishPostprocess
from kerasaudio.models import vggish_postprocess
from parity.kit import FRAMES, Parity, Stage, each_stage, seeded_file
from support.front_ends import run
from support.originals import golden as read_golden
from support.seeded_vggish import embeddings, official, pca

EMBEDDINGS = {
    "embeddings": Stage("patch_embeddings", 5e-6),
    "embedding": Stage("embedding", 5e-6),
}
SMALL = Parity(
    kerasaudio.VGGish,
    "vggish_small_seeded",
    {
        "patches": Stage("patches", 2e-5),
        **{f"pool{n}": Stage(f"pool{n}", 5e-6, FRAMES) for n in (1, 2, 3, 4)},
        "linear": Stage("patch_embeddings", 5e-6),
        "embeddings": Stage("embedding_relu", 5e-6),
    },
    weights=seeded_file("vggish_model.ckpt", arranged=official),
    arguments={"classes": 2},
)
RELU = {"embedding_activation": "relu"}
SMALL_RELU = replace(SMALL, stages=EMBEDDINGS, arguments=RELU)
STAGES = {
    "patches": Stage("patches", 2e-5),
    "linear": Stage("patch_embeddings", 5e-6),
}
FULL = replace(SMALL, golden="vggish_seeded", stages=STAGES, arguments={})
FULL_RELU = replace(FULL, stages=EMBEDDINGS, arguments=RELU)


@each_stage(SMALL, SMALL_RELU)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.slow  # 72 million weights
@each_stage(FULL, FULL_RELU)
def test_stage_of_the_full_network_equals_the_original(parity, stage):
    assert parity.model.count_params() == 72_141_184
    parity.check(stage)


def test_pca_is_torchvggishs(tmp_path):
    path = tmp_path / "vggish_pca_params.npz"
    np.savez_compressed(path, **pca())
    want = read_golden("torchvggish.npz")["quantized"]

    got = run(vggish_postprocess(path, rounding="nearest"), embeddings())

    assert want.min() == 0
    assert want.max() == 255
    assert want.std() > 50
    # A value half-way between two levels may fall to either side.
    assert np.abs(got - want).max() <= 1
    assert (got != want).mean() < 1e-3


def test_pca_rounds_down_as_the_published_code_does():
    matrix, means = pca().values()
    rotated = (matrix @ (embeddings().T - means)).T
    want = ((np.clip(rotated, -2, 2) + 2) * (255.0 / 4)).astype(np.uint8)

    got = run(VGGishPostprocess(matrix, means), embeddings())

    assert np.abs(got - want).max() <= 1
    assert (got != want).mean() < 1e-3
    exact = run(VGGishPostprocess(matrix, means, rounding=None), embeddings())
    np.testing.assert_allclose(exact, np.clip(rotated, -2, 2), atol=1e-4)
