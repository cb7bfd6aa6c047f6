"""What a stream refuses, and that it changes nothing; the end of a stream."""

import math

import keras
import numpy as np
import pytest

from kerasaudio import Stream
from support.streams import stream_all
from support.tiny import RATE, tiny_model


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (np.zeros(8, "int16"), "Received: dtype int16.*divide by 32768"),
        (np.zeros(0, "int16"), "dtype int16"),
        (np.full(8, np.nan), "finite numbers"),
        (np.array([0, np.inf, 0]), "first at index"),
        (np.full(8, 200.0), r"a peak of 200"),
        (np.zeros((2, 4_000)), r"shape \(2, 4000\).*Pass block.T"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (np.zeros((5, 0)), r"shape \(5, 0\)"),
        (0.5, r"shape \(\)"),
        ("song.mp3", "To read a file"),
        ([[0.1], [0.1, 0.2]], "NumPy cannot read"),
    ],
)
def test_bad_blocks_change_nothing(model, sound, block, says):
    expected, _, _ = stream_all(Stream(model), [sound])
    stream = Stream(model)
    heard = stream.push(sound[:9_000], RATE)
    with pytest.raises(ValueError, match=f"(?s)^A block must .*{says}"):
        stream.push(block, RATE)
    heard += stream.push(sound[9_000:], RATE)
    heard += stream.flush()
    np.testing.assert_array_equal([window.scores for window in heard], expected)


def test_rate_and_channels(model, sound):
    stream = Stream(model)
    with pytest.raises(ValueError, match=r"sample rate of the block is unknown.*=8000"):
        stream.push(sound)
    with pytest.raises(ValueError, match=r"sample_rate must be.*Received: 12\.5"):
        stream.push(sound, 12.5)
    stream.push(sound, 16_000)
    stream.push(sound)
    stream.push(sound, 16_000)
    with pytest.raises(ValueError, match=r"have had 16000 Hz\. Received: .*=8000"):
        stream.push(sound, 8_000)
    with pytest.raises(ValueError, match=r"so far 1\. Received: 2, shape"):
        stream.push(np.zeros((100, 2)))


def test_after_the_end(model, sound):
    with Stream(model) as stream:
        stream.push(sound, RATE)
        assert len(stream.flush()) == 0  # 18,000 samples are whole windows
        for call in (lambda: stream.push(sound, RATE), stream.flush):
            with pytest.raises(ValueError, match=r"was flushed\. Make a new Stream"):
                call()
    with Stream(model) as stream:
        stream.push(sound, RATE)
    stream.close()
    for call in (lambda: stream.push(sound, RATE), stream.flush):
        with pytest.raises(ValueError, match=r"was closed\. Make a new Stream"):
            call()
    assert Stream(model).flush() == []


def test_the_rest_is_flushed(model, sound):
    stream = Stream(model)
    assert len(stream.push(sound[:5_000], RATE)) == 1
    (last,) = stream.flush()
    assert (last.start, last.end) == (0.25, 0.625)


def test_a_network_that_fails_ends_the_stream(sound):
    model = tiny_model()
    stream = Stream(model)
    stream.push(sound[:5_000], RATE)
    model.predict_on_batch = None  # stands for running out of memory
    with pytest.raises(TypeError):
        stream.push(sound[5_000:], RATE)
    with pytest.raises(ValueError, match="failed in the middle of a block"):
        stream.push(sound, RATE)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"hop_seconds": 0}, r"hop_seconds must be.*Received: 0"),
        ({"hop_seconds": "1"}, r"hop_seconds must be.*Received: '1'"),
        ({"window_seconds": 0.3}, r"takes exactly 0\.5 s.*=0\.3"),
        ({"smoothing": "median"}, r"'average', 'exponential'.*'median'"),
        ({"smoothing": "average", "smoothing_seconds": 0}, "smoothing_seconds must be"),
        ({"smoothing_seconds": math.nan}, "smoothing_seconds must be"),
    ],
)
def test_bad_arguments(model, arguments, says):
    with pytest.raises(ValueError, match=says):
        Stream(model, **arguments)


@pytest.mark.parametrize("bad", [None, "MusiCNN", keras.Sequential()])
def test_no_model(bad):
    says = f"must be a model of kerasaudio.*Received: {type(bad).__name__}"
    with pytest.raises(ValueError, match=says):
        Stream(bad)


def test_what_would_take_all_memory_is_refused_before_it_is_asked_for():
    model = tiny_model(None)
    with pytest.raises(ValueError, match="A window would have 8,000,000,000,000"):
        Stream(model, window_seconds=1e9)
    with pytest.raises(ValueError, match=r"windows, but at most .*exponential"):
        Stream(model, 1e-3, smoothing="average", smoothing_seconds=1e6)
