"""SpeechMusicNoise against inaSpeechSegmenter: code at e331866, weights at 0b19263.

With weights by rule, in a file as Keras 2 writes it, against the original; at further
lengths, and small, against the network in NumPy; with the published file against what
the original gave for real sounds, which differs by 6e-7.
"""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.events import frame_scores, framewise
from parity.kit import Parity, Stage, each_stage, seeded_file
from support import ina
from support.keras2 import keras_names, write_keras2
from support.song import RATE, song

FILE = "keras_speech_music_noise_cnn.hdf5"
TO_16_BITS = 2 * np.log(32768)
PATCH = 3  # the patch that the golden file holds
SPEECH_MUSIC_NOISE = Parity(
    kerasaudio.SpeechMusicNoise,
    "speech_music_noise_seeded",
    {
        "frontend": Stage("frontend", 2e-5),
        "scored_frames": Stage("scored_frames", 2e-5),
        "embedding": Stage("embedding", 1e-5),
        "frame_scores": Stage("frame_scores", 1e-5),
    },
    weights=seeded_file(FILE, arranged=keras_names),
)


@pytest.fixture(scope="module")
def weights():
    return ina.layers(filters=4, units=8)


@pytest.fixture(scope="module")
def model(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("ina") / FILE
    write_keras2(path, weights, start=12)
    return kerasaudio.SpeechMusicNoise(weights=path)


@each_stage(SPEECH_MUSIC_NOISE)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


def taps(model, *names):
    return keras.Model(model.input, [model.get_layer(name).output for name in names])


@pytest.mark.parametrize("samples", [11_120, 24_000, 24_160])
def test_every_frame_is_that_of_the_original(model, weights, samples):
    clip = song(samples)
    want = ina.scores(clip * 32_768, weights)

    bands, got = taps(model, "frontend", "frame_scores").predict(clip[None], verbose=0)

    mel = ina.mel(clip * 32_768)[:, : bands.shape[-1]]
    np.testing.assert_allclose(bands[0], mel, rtol=0, atol=2e-4)
    assert got[0].shape == want.shape == (-(-len(mel) // 2), 3)
    if samples > 11_120:
        assert want.std(axis=0).max() > 1e-2
    np.testing.assert_allclose(got[0], want, rtol=0, atol=2e-5)
    mean = model.predict(clip[None], verbose=0)[0]
    np.testing.assert_allclose(mean, want.mean(axis=0), rtol=0, atol=2e-5)


def test_sizes_follow_from_the_file(model):
    assert model.spec.arguments["filters"] == 4
    assert model.spec.arguments["dense_units"] == 8


@pytest.mark.parametrize("seconds", [2.7, 9.31, 13.137])
def test_frames_of_a_long_clip_are_those_of_the_whole(model, seconds):
    clip = song(round(seconds * RATE))
    whole = framewise(model).predict(clip[None], verbose=0)[0]

    scores, times = frame_scores(model, clip, RATE)

    np.testing.assert_allclose(scores, whole, rtol=0, atol=5e-6)
    np.testing.assert_allclose(times[:-1], np.arange(len(whole)) / 50)


def test_silence_has_finite_scores(model):
    scores = model.predict(np.zeros((1, 20_000), "float32"), verbose=0)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_files_of_other_networks_are_refused(weights, tmp_path):
    for name, layers in {
        "gender": ina.layers(4, 8, classes=2),  # reads, but has other classes
        "shallow": [weights[0], *weights[2:]],
    }.items():
        write_keras2(tmp_path / f"{name}.hdf5", layers)
    with pytest.raises(ValueError, match="has the layers"):
        kerasaudio.SpeechMusicNoise(weights=tmp_path / "shallow.hdf5")
    two = kerasaudio.SpeechMusicNoise(weights=tmp_path / "gender.hdf5")
    assert two.spec.labels == ("class 0", "class 1")


def test_clips_shorter_than_a_patch_are_refused():
    with pytest.raises(ValueError, match="clip_samples must be at least 11120"):
        kerasaudio.SpeechMusicNoise(clip_samples=11_119)


@pytest.mark.shared
def test_the_published_file_gives_the_published_scores(shared):
    reference = shared / "reference"
    published = kerasaudio.SpeechMusicNoise(weights=reference / "ina" / FILE)
    with np.load(reference / "golden" / "ina_speech_music_noise.npz") as golden:
        recorded = dict(golden)
    heard = recorded["waveform_int16"] / np.float32(32768)
    network = taps(published, "frontend", "standardized", "frame_scores")

    bands, patches, scores = network.predict(heard, verbose=0)

    mel = recorded["mspec"][..., : bands.shape[-1]]
    np.testing.assert_allclose(
        bands[:, : mel.shape[1]] - TO_16_BITS, mel, rtol=0, atol=3e-4
    )
    np.testing.assert_allclose(patches[:, PATCH], recorded["patch0"], rtol=0, atol=2e-4)
    np.testing.assert_allclose(scores, recorded["probs"], rtol=0, atol=1e-5)


@pytest.mark.shared
def test_the_pin_is_that_of_the_published_file(shared):
    from support.manifests import sha256

    content = (shared / "reference" / "ina" / FILE).read_bytes()
    (source,) = kerasaudio.weights.find("SpeechMusicNoise", "ina").sources
    assert (source.sha256, source.size) == (sha256(content), len(content))
