"""Events: frames of a clip, and of long sounds; starts and ends; what is wrong."""

import keras
import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio.events import (
    SoundEvent,
    events_of,
    find_events,
    frame_scores,
    framewise,
)

RATE = 16_000


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return kerasaudio.SoundEventCRNN(labels=["knock", "bark"], filters=8, units=8)


def noise(samples):
    return np.random.default_rng(0).normal(0, 0.1, samples).astype("float32")


def test_the_pooling_of_the_frames_is_the_clip(model):
    waveform = noise(RATE)[None]

    frames = keras.ops.convert_to_numpy(framewise(model)(waveform))
    clip = keras.ops.convert_to_numpy(model(waveform))

    assert frames.shape == (1, 25, 2)
    pooled = (frames**2).sum(axis=1) / frames.sum(axis=1)
    np.testing.assert_allclose(clip, pooled, atol=1e-5)
    again = framewise(model)
    assert framewise(again) is again
    assert again.spec.labels == ("knock", "bark")


def test_frames_of_a_long_sound_follow_each_other(model):
    waveform = noise(25 * RATE + 100)

    scores, times = frame_scores(framewise(model), waveform, RATE)

    assert scores.shape == (626, 2)
    np.testing.assert_allclose(np.diff(times)[:-1], 0.04)
    assert times[-1] == pytest.approx(25 + 100 / RATE)
    first, _ = frame_scores(framewise(model), waveform[: 10 * RATE], RATE)
    np.testing.assert_allclose(scores[:250], first, atol=1e-4)


def test_short_sounds_have_their_own_frames_only(model):
    scores, times = frame_scores(model, noise(RATE // 10), RATE)
    assert len(scores) == 3
    assert times[-1] == pytest.approx(0.1)


def test_events_start_and_end_where_the_probability_does():
    times = np.arange(11) / 10
    scores = np.zeros((10, 2), "float32")
    scores[2:5, 0] = (0.6, 0.9, 0.7)
    scores[6:8, 0] = 0.8
    scores[4, 1] = 0.55

    found = events_of(scores, times, ("a", "b"), threshold=0.5)

    assert [event[:3] for event in found] == [
        ("a", 0.2, 0.5),
        ("b", 0.4, 0.5),
        ("a", 0.6, 0.8),
    ]
    assert found[0].score == pytest.approx(0.9)
    joined = events_of(
        scores, times, ("a", "b"), threshold=0.5, gap_seconds=0.11, min_seconds=0.2
    )
    assert joined == [SoundEvent("a", 0.2, 0.8, pytest.approx(0.9))]
    own = events_of(scores, times, ("a", "b"), threshold=[0.85, 0.6])
    assert [event[:3] for event in own] == [("a", 0.3, 0.4)]


def test_no_event_and_nothing_but_an_event():
    times = np.arange(4) / 10
    assert events_of(np.zeros((3, 1)), times, ("a",), threshold=0.5) == []
    found = events_of(np.ones((3, 1)), times, ("a",), threshold=0.5)
    assert found == [SoundEvent("a", 0.0, 0.3, 1.0)]


def test_find_events_of_a_file(model, tmp_path):
    import soundfile

    path = tmp_path / "noise.wav"
    soundfile.write(path, noise(RATE), RATE)
    scores, _ = frame_scores(model, path)
    level = float(np.median(scores))

    found = find_events(model, path, threshold=level)

    assert found
    assert all(0 <= e.start < e.end <= 1 and e.score >= level for e in found)
    assert {e.label for e in found} <= {"knock", "bark"}


@pytest.mark.slow
def test_weak_labels_teach_when():
    """Clips say only that a beep is in them; the frames tell where."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    clips = rng.normal(0, 0.01, (64, 2 * RATE)).astype("float32")
    labels = np.zeros((64, 2), "float32")
    starts = rng.uniform(0.2, 1.3, 64)
    for number, start in enumerate(starts):
        kind = number % 2
        labels[number, kind] = 1
        time = np.arange(int(0.5 * RATE)) / RATE
        beep = 0.3 * np.sin(2 * np.pi * (500, 2500)[kind] * time)
        first = int(start * RATE)
        clips[number, first : first + len(beep)] += beep.astype("float32")
    model = kerasaudio.SoundEventCRNN(labels=["low", "high"], filters=8, units=16)
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy")

    model.fit(clips, labels, epochs=25, batch_size=8, verbose=0)

    frames = framewise(model)
    right = 0
    for number in range(16):
        found = find_events(frames, clips[number], RATE, gap_seconds=0.1)
        best = max(found, key=lambda event: event.score, default=None)
        if best is not None and best.label == ("low", "high")[number % 2]:
            overlap = min(best.end, starts[number] + 0.5) - max(
                best.start, starts[number]
            )
            right += overlap > 0.25
    assert right >= 13


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 0}, "threshold"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": [0.5, 0.5, 0.5]}, "2 classes"),
        ({"threshold": float("nan")}, "threshold"),
        ({"min_seconds": -1}, "min_seconds"),
        ({"gap_seconds": float("inf")}, "gap_seconds"),
    ],
)
def test_arguments_out_of_range_are_refused(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        find_events(model, noise(RATE), RATE, **arguments)


def test_models_without_frames_are_refused():
    with pytest.raises(ValueError, match="frame_scores"):
        framewise(kerasaudio.BarkNet(clip_samples=512, filters=2))
    body = kerasaudio.SoundEventCRNN(include_top=False, filters=2, units=2)
    with pytest.raises(ValueError, match="labels"):
        find_events(body, noise(RATE), RATE)
    with pytest.raises(ValueError, match="frame_scores"):
        frame_scores(body, noise(RATE), RATE)


def test_frames_are_no_tags(model):
    with pytest.raises(ValueError, match=r"scores frames.* Use timeline\(\)"):
        framewise(model).tag(noise(RATE), RATE)


def test_frames_are_no_scores_of_clips(model, tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        soundfile.write(tmp_path / label / "x.wav", noise(RATE), RATE)
    clips = kerasaudio.datasets.from_folder(tmp_path)
    with pytest.raises(ValueError, match="Pass the model it was made from"):
        kerasaudio.evaluation.predict_clips(framewise(model), clips)


def test_unusable_audio_is_refused(model):
    with pytest.raises(ValueError, match="sample_rate"):
        find_events(model, noise(RATE))
    with pytest.raises(ValueError, match="short"):
        find_events(model, noise(10), RATE)
