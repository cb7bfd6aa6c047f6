"""Frames of windows that overlap: each once, from the window that hears more."""

import numpy as np
import pytest

from kerasaudio.audio.window_rule import Window, WindowRule
from kerasaudio.core import AudioSpec
from kerasaudio.core.frames import join_frames, over_frames

STEP = 10


def scored(window: Window):
    """Score each frame by its place in the clip, and by its place in the window."""
    frames = len(window.samples) // STEP
    place = window.start // STEP + np.arange(frames)
    return np.stack([place, np.arange(frames)], axis=1)


@pytest.mark.parametrize("samples", [95, 100, 160, 161, 220, 305, 1_000])
def test_each_frame_is_once_and_in_the_middle_of_its_window(samples):
    rule = WindowRule(100, 60, rest="count", exact=False)
    windows = rule.cut(np.zeros(samples, "float32"))

    pieces = list(join_frames([(w, scored(w)) for w in windows], STEP))

    places, inside = np.concatenate([piece.scores for piece in pieces]).T
    np.testing.assert_array_equal(places, np.arange(samples // STEP))
    assert [piece.start for piece in pieces[1:]] == [p.end for p in pieces[:-1]]
    assert pieces[0].start == 0
    assert pieces[-1].end == samples
    middle = (places >= 2) & (places < len(places) - 2)
    last = windows[-1].start // STEP
    assert (inside[middle] >= 2).all()
    assert (inside[middle & (places < last)] < 8).all()


def test_without_windows_there_are_no_frames():
    assert list(join_frames([], STEP)) == []


def test_networks_say_in_which_windows_frames_are_scored():
    spec = AudioSpec(16_000, None, 100, hop_samples=50, whole_samples=900)
    plain = over_frames(spec)
    assert (plain.hop_samples, plain.rest, plain.whole_samples) == (None, "full", 0)
    own = {"frame_window_samples": 70, "frame_hop_samples": 30}
    chosen = over_frames(spec.replace(frontend=own, short_samples=100))
    assert (chosen.window_samples, chosen.hop_samples) == (70, 30)
    assert (chosen.rest, chosen.short_samples, chosen.whole_samples) == ("count", 0, 0)
