"""The picture of events: bars where they are, a spectrogram above; bad input."""

import sys

import numpy as np
import pytest
import soundfile

from kerasaudio.events import SoundEvent
from kerasaudio.plot import events

images = pytest.importorskip("matplotlib.image")

RATE = 16_000
BLUE, ORANGE = (0, 114, 178), (230, 159, 0)  # true, predicted
BARK, KNOCK = SoundEvent("bark", 2.0, 6.0, 0.9), SoundEvent("knock", 7.0, 9.0, 0.8)


def tone(seconds=10):
    """A tone of 1 kHz in the second half of a sound."""
    time = np.arange(seconds * RATE) / RATE
    return (0.5 * np.sin(2e3 * np.pi * time) * (time > seconds / 2)).astype("float32")


def columns(path, color):
    """Give the left and right end of what has a color, the legend left out."""
    picture = images.imread(path)[..., :3]
    same = (np.abs(picture - np.array(color) / 255) < 0.02).all(axis=-1)
    rows = same.sum(axis=1)
    longest = same[rows == rows.max()][0]
    return np.flatnonzero(longest)[[0, -1]], int(same.sum())


def test_bars_are_as_long_as_the_events(tmp_path):
    path = events(tone(), [BARK], tmp_path / "a.png", true=[KNOCK], sample_rate=RATE)

    (left, right), _ = columns(path, ORANGE)
    (true_left, true_right), _ = columns(path, BLUE)
    second = (right - left) / 4
    assert true_right - true_left == pytest.approx(2 * second, abs=3)
    assert true_left - left == pytest.approx(5 * second, abs=3)


def test_the_spectrogram_is_bright_where_it_sounds(tmp_path):
    path = events(tone(), [], tmp_path / "a.png", sample_rate=RATE)

    light = images.imread(path)[..., :3].mean(axis=-1)
    upper = light[60 : len(light) // 2]
    left, right = np.array_split(upper[:, 180:-30], 2, axis=1)
    assert (right > 0.8).any(axis=1).sum() < len(right)  # the tone is not everywhere
    assert np.median(right.max(axis=0)) > np.median(left.max(axis=0)) + 0.3


def test_files_rows_and_true_events_alone(tmp_path):
    sound = tmp_path / "tone.wav"
    soundfile.write(sound, tone(3), RATE)

    few = events(sound, [], tmp_path / "a.png", true=[("bark", 1, 2)])
    more = events(
        sound, [], tmp_path / "b.png", true=[("bark", 1, 2)], labels=["$a$", "bark"]
    )

    assert columns(few, ORANGE)[1] < 2_000 < columns(few, BLUE)[1]  # the legend only
    assert len(images.imread(more)) > len(images.imread(few))
    assert few.stat().st_size < 150_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predicted": [("bark", 2, 1)]}, "end after its start"),
        ({"true": ["bark"]}, r"\(label, start, end\)"),
        ({"labels": ["knock"]}, "events of .'bark'"),
        ({"labels": ["bark", "bark"]}, "different names"),
        ({"labels": "bark"}, "different names"),
        ({"sample_rate": None}, "sample_rate"),
        ({"sample_rate": 7.5}, "sample_rate"),
        ({"audio": "a.wav"}, "has its own rate"),
        ({"audio": np.zeros((2, 9))}, "mono"),
        ({"path": "a.jpg"}, "a.jpg"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message, tmp_path):
    given = {"audio": tone(1), "predicted": [BARK], "path": tmp_path / "a.png"}
    with pytest.raises(ValueError, match=message):
        events(**given | {"sample_rate": RATE} | arguments)


def test_a_missing_folder_and_missing_matplotlib(tmp_path, monkeypatch):
    with pytest.raises(OSError, match="cannot be written"):
        events(tone(1), [], tmp_path / "none" / "a.png", sample_rate=RATE)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match='pip install "matplotlib>='):
        events(tone(1), [], tmp_path / "a.png", sample_rate=RATE)
