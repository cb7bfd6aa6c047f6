"""Scores over time, of any network: rows, times, what is shown; what is wrong."""

import itertools

import keras
import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio.core.score_timeline import time_cells
from kerasaudio.events import ScoreTimeline, frame_scores
from support.tiny import RATE, tiny_model


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def framed():
    keras.utils.set_random_seed(1)
    return kerasaudio.SoundEventCRNN(labels=["knock", "bark"], filters=8, units=8)


def noise(samples):
    return np.random.default_rng(0).normal(0, 0.1, samples).astype("float32")


def test_each_row_has_the_scores_of_its_window(model):
    sound = noise(11_000)

    line = model.timeline(sound, RATE, hop_seconds=0.25)

    assert line.labels == ("a", "b", "c")
    assert line.scores.dtype == np.float32
    assert line.starts.tolist() == [0, 0.25, 0.5, 0.75, 1.0]
    assert line.ends.tolist() == [0.5, 0.75, 1.0, 1.25, 1.375]
    for row, start in zip(line.scores[:4], (0, 2_000, 4_000, 6_000), strict=True):
        alone = model.predict_on_batch(sound[None, start : start + 4_000])[0]
        np.testing.assert_allclose(row, alone, atol=1e-6)
    own = model.timeline(sound, RATE)
    assert own.starts.tolist() == [0, 0.5, 1.0]


def test_files_streams_and_tables_of_vectors_say_the_same(model, tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, noise(40 * RATE), RATE, subtype="FLOAT")  # read in blocks

    line = model.timeline(path, hop_seconds=0.5)

    again = model.timeline(noise(40 * RATE), RATE, hop_seconds=0.5)
    np.testing.assert_allclose(line.scores, again.scores, atol=1e-6)
    assert line.starts.tolist() == again.starts.tolist()
    rows = kerasaudio.FeatureExtractor(
        model, "predictions", hop_seconds=0.5, pool=None
    ).timeline(path)
    np.testing.assert_allclose(line.scores, rows.vectors, atol=1e-6)
    assert line.ends.tolist() == rows.ends.tolist()
    stream = kerasaudio.Stream(model, hop_seconds=0.5)
    heard = list(stream.run([noise(40 * RATE)], RATE))
    np.testing.assert_allclose(line.scores, [h.scores for h in heard], atol=1e-5)


def test_frames_where_the_network_has_them(framed):
    sound = noise(25 * 16_000 + 100)

    line = framed.timeline(sound, 16_000)

    scores, times = frame_scores(framed, sound, 16_000)
    np.testing.assert_allclose(line.scores, scores, atol=1e-6)
    np.testing.assert_array_equal(line.starts, times[:-1])
    np.testing.assert_array_equal(line.ends, times[1:])
    np.testing.assert_array_equal(line.cells, np.stack([times[:-1], times[1:]], 1))


def test_overlapping_windows_still_score_each_frame_once(framed):
    near = framed.with_windows(window_seconds=2, hop_seconds=0.5)
    line = near.timeline(noise(5 * 16_000), 16_000)
    np.testing.assert_allclose(np.diff(line.starts), 0.04)
    assert line.ends[-1] == 5


def test_frames_cannot_be_cut_into_windows(framed):
    for windows in ({"window_seconds": 1}, {"hop_seconds": 0.5}):
        (name,) = windows
        with pytest.raises(ValueError, match=f"a frame every 0.04 s.*{name}="):
            framed.timeline(noise(16_000), 16_000, **windows)


def test_the_best_classes_are_where_they_are_best():
    scores = np.array([[0.1, 0.9, 0.3], [0.2, 0.8, 0.7]], "float32")
    line = ScoreTimeline(
        scores, np.array([0.0, 1.5]), np.array([2.0, 3.25]), ("a", "b, c", "d")
    )

    assert line.top(2) == [
        ("b, c", 0, 2, pytest.approx(0.9)),
        ("d", 1.5, 3.25, pytest.approx(0.7)),
    ]
    assert [event.label for event in line.top()] == ["b, c", "d", "a"]
    assert len(line) == 2
    assert repr(line) == (
        "ScoreTimeline(2 times, 3 classes, 0 to 3.25 s, highest: b, c 0.90 at 0 s; d "
        "0.70 at 1.5 s; a 0.20 at 1.5 s)"
    )
    for k in (0, 4, 1.5, True):
        with pytest.raises(ValueError, match=r"^k must be a whole number from 1 to 3"):
            line.top(k)


@pytest.mark.parametrize(
    ("starts", "ends", "cells"),
    [
        ([0], [0.3], [[0, 0.3]]),
        ([0, 1, 2], [1, 2, 2.5], [[0, 1], [1, 2], [2, 2.5]]),  # side by side
        ([0, 1, 2], [2, 3, 3.5], [[0, 1.5], [1.5, 2.5], [2.5, 3.5]]),  # by halves
        ([0, 1, 2], [3, 4, 5], [[0, 2], [2, 3], [3, 5]]),  # of which three overlap
        ([0, 2], [1, 3], [[0, 1], [2, 3]]),  # with a gap
    ],
)
def test_windows_share_the_time(starts, ends, cells):
    found = time_cells(np.array(starts, float), np.array(ends, float))
    assert found.tolist() == cells


def test_cells_of_a_network_leave_nothing_out(model):
    line = model.timeline(noise(9_999), RATE, hop_seconds=0.11)
    assert line.cells[0, 0] == 0
    assert line.cells[-1, 1] == 9_999 / RATE
    for before, after in itertools.pairwise(line.cells.tolist()):
        assert before[0] < before[1] == after[0] < after[1]


@pytest.mark.parametrize(
    ("audio", "arguments", "error", "message"),
    [
        (noise(RATE), {}, ValueError, "sample_rate"),
        (noise(30), {"sample_rate": RATE}, ValueError, "too short"),
        ("absent.wav", {}, OSError, "absent"),
        ([noise(RATE), noise(RATE)], {"sample_rate": RATE}, ValueError, "one"),
        (noise(RATE), {"sample_rate": RATE, "hop_seconds": 0}, ValueError, "hop_sec"),
        (
            noise(RATE),
            {"sample_rate": RATE, "window_seconds": 0.1},
            ValueError,
            "exactly 0.5 s",
        ),
    ],
)
def test_what_has_no_timeline(model, audio, arguments, error, message):
    with pytest.raises(error, match=message):
        model.timeline(audio, **arguments)


def test_a_network_without_labels():
    body = kerasaudio.SoundEventCRNN(include_top=False, filters=2, units=2)
    with pytest.raises(ValueError, match="has no labels"):
        body.timeline(noise(16_000), 16_000)
