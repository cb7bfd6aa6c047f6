"""The state of a network goes on through a stream."""

import numpy as np
import pytest

from kerasaudio import Stream
from support.song import song
from support.stateful import RATE, STEP, in_one_piece, tiny, twice

TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def model():
    return tiny(twice)


@pytest.fixture(scope="module")
def sound():
    """Give 2.6 windows, in whole steps."""
    return song(130 * STEP)


@pytest.mark.parametrize("blocks", [1, 13])
def test_a_stream_goes_on_from_step_to_step(model, sound, blocks):
    stream = Stream(model)
    heard = list(stream.run(np.array_split(sound, blocks), RATE))
    scores = [window.scores for window in heard]
    np.testing.assert_allclose(scores, in_one_piece(model, sound), atol=TOLERANCE)
    np.testing.assert_allclose([window.start for window in heard], np.arange(130) / 100)
    assert repr(stream) == "Stream('tiny', 0.01 s every 0.01 s, was flushed)"


@pytest.mark.parametrize(
    ("hop", "window", "steps"), [(0.05, None, 5), (None, 0.032, 3), (0.001, None, 1)]
)
def test_other_windows_are_whole_steps(model, sound, hop, window, steps):
    stream = Stream(model, hop, window_seconds=window)
    heard = list(stream.run([sound], RATE))
    each = in_one_piece(model, sound)
    for number, piece in enumerate(heard):
        want = each[number * steps : (number + 1) * steps].mean(axis=0)
        np.testing.assert_allclose(piece.scores, want, atol=TOLERANCE)
    assert len(heard) == -(-130 // steps)


def test_two_streams_share_a_model(model, sound):
    streams = Stream(model), Stream(model)
    for place in range(0, len(sound), 1_000):
        heard = [s.push(sound[place : place + 1_000], RATE) for s in streams]
        for one, other in zip(*heard, strict=True):
            np.testing.assert_array_equal(one.scores, other.scores)


def test_windows_that_overlap_are_refused(model):
    with pytest.raises(ValueError, match="Pass only one of them"):
        Stream(model, 0.25, window_seconds=1)
    with pytest.raises(ValueError, match="hop_seconds"):
        Stream(model, -1)
