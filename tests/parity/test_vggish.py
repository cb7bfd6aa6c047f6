"""VGGish against torchvggish at f3f9096, network and PCA filled by rule.

The golden file was made by tools/make_vggish_golden.py; its front-end is the published
code's, mel_features.py. The network's weights arrive as a checkpoint in the official
naming, which the test writes.
"""

import numpy as np
import pytest

import kerasaudio
from kerasaudio.layers import VGGishPostprocess
from kerasaudio.models import vggish_postprocess
from support.front_ends import run
from support.originals import golden as read_golden
from support.originals import vggish_taps
from support.seeded_vggish import SHAPES, embeddings, official, pca, waveform
from support.seeding import seeded
from support.tf1_checkpoint import write_tf1_checkpoint


@pytest.fixture(scope="module")
def golden():
    return read_golden("vggish_seeded.npz")


def test_log_mel_patches_are_the_published_codes(golden):
    model = kerasaudio.VGGish(filters=1, dense_units=1)

    got = vggish_taps(model)["patches"]

    assert golden["patches"].std() > 1
    np.testing.assert_allclose(got, golden["patches"], atol=1e-4)


@pytest.mark.slow  # 72 million weights
def test_embeddings_are_torchvggishs(golden, tmp_path):
    path = tmp_path / "vggish_model.ckpt"
    write_tf1_checkpoint(path, official(seeded(SHAPES)))

    with_relu = kerasaudio.VGGish(weights=path, embedding_activation="relu")

    assert with_relu.count_params() == 72_141_184
    assert golden["embeddings"].std() > 0.1
    patchwise = vggish_taps(with_relu)["embeddings"]
    np.testing.assert_allclose(patchwise, golden["embeddings"], atol=1e-5)
    whole = with_relu.predict(waveform()[None], verbose=0)[0]
    np.testing.assert_allclose(whole, golden["embeddings"].mean(axis=0), atol=1e-5)
    # As published since: torchvggish's, were it not for its last ReLU.
    published = vggish_taps(kerasaudio.VGGish(weights=path))["embeddings"]
    assert (published < 0).any()
    np.testing.assert_allclose(np.maximum(published, 0), patchwise, atol=1e-5)


def test_pca_is_torchvggishs(golden, tmp_path):
    path = tmp_path / "vggish_pca_params.npz"
    np.savez_compressed(path, **pca())
    want = golden["quantized"]

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
