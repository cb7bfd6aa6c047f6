"""YAMNet/audioset against the published network, run by its own TensorFlow graph.

yamnet_hub.npz holds four waveforms (speech, a chirp, one shorter than a patch, one of
exactly a patch), and of each what the SavedModel gives: scores and embeddings patch by
patch, and the first 96 frames of the log mel.
"""

from dataclasses import replace

import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.keras2_hdf5 import read_named
from kerasaudio.checkpoints.native import model_state
from kerasaudio.models.yamnet import from_yamnet
from parity.kit import Parity, Stage, each_stage
from support.keras2 import write_named, yamnet_names
from support.originals import (
    YAMNET_WAVEFORMS,
    heard,
    yamnet_clip,
    yamnet_taps,
)
from support.originals import golden as read_golden


def official_file(folder, golden):
    """Write the bundled weights as the original does; give the file's path."""
    bundled = model_state(kerasaudio.YAMNet(weights="audioset"))
    write_named(folder / "yamnet.h5", yamnet_names(bundled))
    return folder / "yamnet.h5"


FRAMES = 96
YAMNET = Parity(
    kerasaudio.YAMNet,
    "yamnet_hub",
    {
        "scores": Stage("patch_scores", 2e-5),
        "embeddings": Stage("patch_embeddings", 3e-5),
    },
    weights="audioset",
    clips=YAMNET_WAVEFORMS,
)
FROM_FILE = replace(YAMNET, weights=official_file, clips=("chirp",))


@pytest.fixture(scope="module")
def golden():
    return read_golden("yamnet_hub.npz")


@pytest.fixture(scope="module")
def model():
    return kerasaudio.YAMNet(weights="audioset")


@each_stage(YAMNET)
def test_every_patch_is_that_of_the_published_network(parity, stage):
    parity.check(stage)


@each_stage(FROM_FILE)
def test_the_official_file_gives_the_published_network(parity, stage):
    parity.check(stage)


@pytest.mark.parametrize("name", YAMNET_WAVEFORMS)
def test_the_log_mel_is_that_of_the_published_network(golden, model, name):
    want = golden[f"{name}_logmel"]

    got = yamnet_taps(model, heard(golden, name))["logmel"][:FRAMES]

    assert want.std() > 0.5
    # In quiet bins of loud frames float32 leaves 7e-4, there as here.
    np.testing.assert_allclose(got, want, atol=2e-3)
    magnitudes = np.exp(want)
    np.testing.assert_allclose(np.exp(got), magnitudes, atol=1e-5 * magnitudes.max())


@pytest.mark.parametrize("name", YAMNET_WAVEFORMS)
def test_tags_and_vectors_of_whole_clips_are_the_means_of_its_patches(model, name):
    pairs = yamnet_clip(model, name)

    np.testing.assert_allclose(*pairs["scores"], atol=2e-5)
    np.testing.assert_allclose(*pairs["embeddings"], atol=1e-4)


def test_the_whole_graph_gives_the_means_of_its_patches(golden, model):
    want = golden["jfk_scores"].mean(axis=0)

    got = model.predict(heard(golden, "jfk")[None], verbose=0)[0]

    np.testing.assert_allclose(got, want, atol=2e-5)


@pytest.mark.parametrize(
    ("samples", "patches"),
    [(1, 1), (5_000, 1), (15_360, 1), (15_600, 1), (15_601, 2), (23_040, 2),
     (48_000, 6)],
)  # fmt: skip
def test_as_many_patches_as_the_published_network_gives(model, samples, patches):
    taps = yamnet_taps(model, np.zeros(samples, "float32"))

    assert taps["scores"].shape == (patches, 521)
    assert taps["embeddings"].shape == (patches, 1024)


def test_speech_is_heard_as_speech(golden, model):
    (first, score), *_ = model.tag(heard(golden, "jfk"), 16_000)

    assert first == "Speech"
    assert score > 0.9


@pytest.mark.shared
def test_published_float_layers_are_the_bundled_ones_bit_for_bit(shared, model):
    path = shared / "reference" / "yamnet_256_f32.h5"  # layers 1 to 6
    published = from_yamnet(read_named(path), str(path))
    state = model_state(model)

    assert len(published) == 44
    for key, array in published.items():
        np.testing.assert_array_equal(state[key], array, err_msg=key)


@pytest.mark.shared
def test_the_file_of_six_layers_is_no_whole_network(shared):
    with pytest.raises(ValueError, match="no weights for the layer 'patch_scores'"):
        kerasaudio.YAMNet(weights=shared / "reference" / "yamnet_256_f32.h5")
