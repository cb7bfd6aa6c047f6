"""Events of networks that score windows: places, classes, merging; what is wrong."""

import re
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import kerasaudio
from kerasaudio.events import events_of, find_events
from support.tiny import RATE, tiny_model

KNOWN = 16_000  # Hz
ERROR = (0.975 + 0.48) / 2  # seconds, if any part of a window suffices


@pytest.fixture(scope="module")
def yamnet():
    return kerasaudio.YAMNet(weights="audioset")


@pytest.fixture(scope="module")
def beep():
    """Twelve seconds, silent but for a tone from 4 s to 7 s."""
    time = np.arange(12 * KNOWN) / KNOWN
    tone = 0.3 * np.sin(2e3 * np.pi * time) * ((time >= 4) & (time < 7))
    return (tone + np.random.default_rng(0).normal(0, 1e-4, len(tone))).astype("f4")


def test_a_tone_is_where_it_sounds(yamnet, beep):
    found = find_events(yamnet, beep, KNOWN, threshold=0.3)

    assert [event.label for event in found] == ["Silence", "Beep, bleep", "Silence"]
    before, tone, after = found
    assert before.start == 0
    assert tone.start == pytest.approx(4, abs=ERROR)
    assert tone.end == pytest.approx(7, abs=ERROR)
    assert after.end == 12
    assert tone.score > 0.9
    assert before.end <= tone.start < tone.end <= after.start


def test_some_classes_and_their_thresholds(yamnet, beep):
    (tone,) = find_events(yamnet, beep, KNOWN, labels=["Beep, bleep"], threshold=0.3)
    few = find_events(
        yamnet, beep, KNOWN, labels=["Silence", "Beep, bleep"], threshold=[0.9999, 0.3]
    )
    assert [event for event in few if event.label == "Beep, bleep"] == [tone]
    short = find_events(yamnet, beep, KNOWN, labels=["Silence"], min_seconds=4)
    assert [event.label for event in short] == ["Silence"]
    (joined,) = find_events(yamnet, beep, KNOWN, labels=["Silence"], gap_seconds=5)
    assert (joined.start, joined.end) == (0, 12)
    assert find_events(yamnet, beep, KNOWN, labels=["Dog", "Speech"]) == []


def test_a_shorter_hop_is_more_exact(yamnet, beep):
    (tone,) = find_events(
        yamnet,
        beep[: 82 * KNOWN // 10],
        KNOWN,
        labels=["Beep, bleep"],
        hop_seconds=0.12,
    )
    hops = (tone.start - (0.975 - 0.12) / 2) / 0.12
    assert hops == pytest.approx(round(hops), abs=1e-3)
    assert tone.start == pytest.approx(4, abs=(0.975 + 0.12) / 2)


def test_windows_that_do_not_touch_are_events_of_their_own():
    model = tiny_model()
    sound = np.random.default_rng(0).normal(0, 0.1, 4 * RATE).astype("float32")
    label = model.timeline(sound, RATE).top(1)[0].label

    found = find_events(
        model, sound, RATE, labels=[label], threshold=1e-6, hop_seconds=2
    )
    closed = find_events(
        model,
        sound,
        RATE,
        labels=[label],
        threshold=1e-6,
        hop_seconds=2,
        gap_seconds=1.5,
    )

    assert [event[1:3] for event in found] == [(0, 0.5), (2, 2.5)]
    assert [event[1:3] for event in closed] == [(0, 2.5)]


def test_a_long_file_is_not_held_in_memory(tmp_path):
    path = tmp_path / "long.wav"
    sound = np.random.default_rng(0).normal(0, 0.1, 60 * RATE)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for _ in range(20):  # minutes, 37 MiB as float32
            file.write(sound)
    model = tiny_model()
    find_events(model, sound[: 9 * RATE], RATE)  # builds what stays

    tracemalloc.start()
    found = find_events(model, path, threshold=0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [event[1:3] for event in found] == [(0, 1_200)] * 3
    assert peak < 8 * 2**20


def test_events_of_a_timeline_are_those_of_the_sound():
    model = tiny_model()
    sound = np.random.default_rng(1).normal(0, 0.1, 9 * RATE).astype("float32")
    line = model.timeline(sound, RATE, hop_seconds=0.1)
    levels = np.median(line.scores, axis=0)

    found = find_events(model, sound, RATE, threshold=levels, hop_seconds=0.1)

    assert len(found) > 3
    again = events_of(line.scores, line.cells, line.labels, threshold=levels)
    assert found == again


SCORES = st.lists(st.sampled_from([0.1, 0.6, 0.9]), min_size=1, max_size=40)


@given(SCORES, st.integers(0, 4), st.integers(0, 4))
def test_events_cover_what_is_loud_and_no_more(scores, gap, shortest):
    times = np.arange(len(scores) + 1) * 0.48
    rows = np.array(scores)[:, None]

    found = events_of(
        rows,
        times,
        ["x"],
        threshold=0.5,
        gap_seconds=gap * 0.48,
        min_seconds=shortest * 0.48,
    )

    loud = "".join("x" if score > 0.5 else "." for score in scores)
    if gap:
        pause = rf"(?<=x)\.{{1,{gap}}}(?=x)"
        loud = re.sub(pause, lambda found: "x" * len(found[0]), loud)
    spans = [run.span() for run in re.finditer("x+", loud)]
    expected = [span for span in spans if span[1] - span[0] >= shortest]
    times_found = np.reshape([event[1:3] for event in found], (-1, 2))
    np.testing.assert_allclose(times_found, np.reshape(expected, (-1, 2)) * 0.48)
    for event, (first, last) in zip(found, expected, strict=True):
        assert event.score == max(scores[first:last])


@given(SCORES)
def test_edges_or_starts_and_ends(scores):
    times = np.arange(len(scores) + 1) / 3
    spans = np.stack([times[:-1], times[1:]], axis=1)
    rows = np.array(scores)[:, None]
    assert events_of(rows, times, "x", threshold=0.5) == events_of(
        rows, spans, "x", threshold=0.5
    )


@pytest.mark.parametrize(
    ("scores", "times", "labels"),
    [
        (np.zeros((3, 1)), np.zeros(3), ["a"]),
        (np.zeros((3, 1)), np.zeros((3, 3)), ["a"]),
        (np.zeros((3, 2)), np.zeros(4), ["a"]),
        (np.zeros(3), np.zeros(4), ["a"]),
        (np.float64(1), np.zeros(2), ["a"]),
    ],
)
def test_shapes_that_do_not_fit(scores, times, labels):
    with pytest.raises(ValueError, match="events_of needs scores"):
        events_of(scores, times, labels, threshold=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": ["dog"]}, r"no label 'dog'. The nearest are: 'Dog'"),
        ({"labels": ["Beep"]}, "The nearest are: 'Beep, bleep'"),
        ({"labels": ["Sirene"]}, "'Siren'.*All 521 are in model.spec.labels"),
        ({"labels": ["Dog", "qqqqq"]}, r"no label 'qqqqq'\. All 521"),
        ({"labels": [""]}, r"no label ''\. All"),
        ({"labels": []}, "labels must be a list of different"),
        ({"labels": ["Dog", "Dog"]}, "labels must be a list of different"),
        ({"labels": "Dog"}, "labels must be a list of different"),
        ({"labels": ["Dog", "Siren"], "threshold": [0.1, 0.2, 0.3]}, "2 classes"),
        ({"threshold": 1}, "threshold"),
        ({"threshold": "loud"}, "threshold must be a number.*'loud'"),
        ({"threshold": {"Dog": 0.3}}, "threshold must be a number"),
        ({"hop_seconds": -1}, "hop_seconds"),
        ({"window_seconds": 0.01}, "window_seconds=0.01"),
        ({"min_seconds": "a"}, "min_seconds"),
        ({"errors": "ignore"}, "errors"),
    ],
)
def test_bad_arguments(yamnet, beep, arguments, message):
    with pytest.raises(ValueError, match=message):
        find_events(yamnet, beep[:KNOWN], KNOWN, **arguments)


def test_scores_that_are_no_probabilities():
    model = kerasaudio.LeNetMFCC(labels=["a", "b"], classifier_activation=None)
    with pytest.raises(ValueError, match=r"not probabilities.*classifier_activation"):
        find_events(model, np.random.default_rng(0).normal(0, 0.1, RATE), RATE)
