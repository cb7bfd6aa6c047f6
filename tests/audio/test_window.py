"""Windows cover the clip, and a stream of them is the same as cutting at once."""

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.audio import iter_windows, load_audio, windows

SIZES = st.integers(1, 60)


def ramp(samples):
    return np.linspace(-0.9, 0.9, samples, dtype="float32")


@settings(deadline=None, max_examples=150)
@given(samples=st.integers(1, 300), size=SIZES, hop=SIZES, padding=...)
def test_every_sample_is_covered(samples, size, hop, padding: bool):
    hop = min(hop, size)
    waveform = ramp(samples)
    cut, starts = windows(waveform, size, hop, "repeat" if padding else "zeros")
    assert cut.shape == (len(starts), size)
    assert cut.dtype == np.float32
    assert starts.dtype == np.int64
    assert starts[0] == 0
    assert (np.diff(starts) == hop).all()
    ends = starts + size
    assert ends[-1] >= samples
    assert (ends[:-1] < samples).all()  # no window more than it takes
    for window, start in zip(cut, starts, strict=True):
        real = waveform[start : start + size]
        np.testing.assert_array_equal(window[: len(real)], real)


@settings(deadline=None, max_examples=60)
@given(samples=st.integers(1, 300), size=SIZES)
def test_without_overlap_the_windows_join_to_the_clip(samples, size):
    waveform = ramp(samples)
    cut, starts = windows(waveform, size)
    assert len(starts) == -(-samples // size)
    np.testing.assert_array_equal(cut.reshape(-1)[:samples], waveform)
    assert not cut.reshape(-1)[samples:].any()


@settings(deadline=None, max_examples=60)
@given(samples=st.integers(1, 300), size=SIZES, hop=SIZES)
def test_repeat_loops_the_clip(samples, size, hop):
    waveform = ramp(samples)
    cut, starts = windows(waveform, size, hop, "repeat")
    looped = np.tile(waveform, 2 + size // samples)
    for window, start in zip(cut, starts, strict=True):
        np.testing.assert_array_equal(window, looped[start : start + size])


def test_a_long_hop_leaves_gaps_but_no_empty_window():
    cut, starts = windows(ramp(23), 4, 10)
    assert starts.tolist() == [0, 10, 20]
    assert cut[-1][3] == 0
    assert windows(ramp(20), 4, 10)[1].tolist() == [0, 10]


@pytest.mark.parametrize("padding", ["zeros", "repeat"])
@pytest.mark.parametrize("hop", [None, 1_500, 9_000])
@pytest.mark.parametrize("rate", [44_100, 16_000])
@pytest.mark.parametrize("seconds", [0.02, 2.7])
def test_stream_equals_whole(tone, encode, seconds, rate, hop, padding):
    file = io.BytesIO(encode(tone(int(seconds * rate), rate, channels=2), rate))
    whole, starts = windows(load_audio(file, 16_000), 4_000, hop, padding)
    for block_seconds in (0.01, 0.3, 30):
        streamed = list(
            iter_windows(file, 16_000, 4_000, hop, padding, block_seconds=block_seconds)
        )
        assert [start for _, start in streamed] == starts.tolist()
        np.testing.assert_allclose([w for w, _ in streamed], whole, atol=1e-6)


def test_stream_takes_a_part(tone, encode):
    file = io.BytesIO(encode(tone(44_100)))
    part = load_audio(file, 16_000, offset=0.25, duration=0.4)
    whole, _ = windows(part, 1_000)
    streamed = iter_windows(file, 16_000, 1_000, offset=0.25, duration=0.4)
    np.testing.assert_allclose([w for w, _ in streamed], whole, atol=1e-6)


def test_windows_of_a_stream_are_not_views_of_it(tone, encode):
    file = io.BytesIO(encode(tone(8_000), 8_000))
    (first, _), (second, _) = list(iter_windows(file, 8_000, 4_000))
    kept = second.copy()
    first[:] = 0
    np.testing.assert_array_equal(second, kept)


def test_a_long_file_is_read_in_little_memory(tmp_path, encode):
    quiet = np.zeros(600 * 8_000, "int16")
    quiet[::3] = 1_000
    path = tmp_path / "ten minutes.flac"
    path.write_bytes(encode(quiet, 8_000, format="FLAC"))
    windows_of_it = iter_windows(path, 16_000, 16_000, block_seconds=5)
    next(windows_of_it)  # imports what it needs
    tracemalloc.start()
    count = 1 + sum(1 for _ in windows_of_it)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 600
    assert peak < 5 * 2**20  # the whole is 38 MiB


@pytest.mark.parametrize("bad", [0, -1, 2.5, "4", True, None])
def test_bad_sizes(bad):
    with pytest.raises(ValueError, match=r"window_samples must be.*Received"):
        windows(ramp(9), bad)
    if bad is not None:
        with pytest.raises(ValueError, match=r"hop_samples must be.*Received"):
            windows(ramp(9), 4, bad)


def test_bad_padding_and_waveform():
    with pytest.raises(ValueError, match=r"'zeros', 'repeat'.*Received: 'reflect'"):
        windows(ramp(9), 4, padding="reflect")
    with pytest.raises(ValueError, match="Axis 0 looks like 2 channels"):
        windows(np.zeros((2, 100), "float32"), 4)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sample_rate": 0}, "sample_rate"),
        ({"window_samples": 0}, "window_samples"),
        ({"hop_samples": 0}, "hop_samples"),
        ({"padding": "no"}, "padding"),
        ({"block_seconds": 0}, "block_seconds"),
        ({"offset": -1}, "offset"),
    ],
)
def test_a_stream_checks_its_arguments_at_once(change, says):
    arguments = {"sample_rate": 8_000, "window_samples": 10} | change
    with pytest.raises(ValueError, match=f"^{says} must be"):
        iter_windows("there is no such file.wav", **arguments)
