"""SpeakerEncoder against Resemblyzer 0.1.4: by rule, and with the published weights.

With published weights of a real voice the vectors differ by 3e-7 of at most 0.28.
"""

import numpy as np
import pytest

import kerasaudio
from parity.kit import Parity, Stage, each_stage, seeded_file

SPEAKER_ENCODER = Parity(
    kerasaudio.SpeakerEncoder,
    "speaker_encoder_seeded",
    {
        "mel": Stage("frontend", 1e-5),
        "lstm": Stage("lstm_l2", 1e-5),
        "embedding": Stage("embedding", 1e-5),
    },
    weights=seeded_file("pretrained.pt"),
)


@each_stage(SPEAKER_ENCODER)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.fixture(scope="module")
def heard(shared):
    """Give five seconds of a voice, and what Resemblyzer makes of them."""
    folder = shared / "reference"
    waveform = kerasaudio.load_audio(folder / "jfk-30s.wav", 16_000, duration=5)
    with np.load(folder / "golden" / "resemblyzer_ge2e.npz") as golden:
        return waveform, dict(golden)


@pytest.mark.shared
def test_a_published_window_of_a_voice(heard):
    waveform, golden = heard
    model = kerasaudio.SpeakerEncoder("ge2e")
    got = model.predict(waveform[None, : model.spec.window_samples], verbose=0)[0]
    np.testing.assert_allclose(got, golden["single"], atol=1e-6)


@pytest.mark.shared
def test_a_published_utterance_has_as_many_windows_and_the_same_mean(heard):
    waveform, golden = heard
    model = kerasaudio.SpeakerEncoder("ge2e")
    extractor = kerasaudio.FeatureExtractor(model, pool=None, cache=None)
    windows = extractor.timeline(waveform, 16_000).vectors
    np.testing.assert_allclose(windows, golden["partials"], atol=1e-6)
    mean = model.embed(waveform, 16_000)
    np.testing.assert_allclose(
        mean / np.linalg.norm(mean), golden["utterance"], atol=1e-6
    )
