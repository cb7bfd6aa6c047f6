"""What an argument or a header can blow up is bounded before work begins."""

import io
import struct
import tracemalloc

import numpy as np
import pytest

from kerasaudio.audio import (
    AudioDecodeError,
    iter_windows,
    load_audio,
    resample,
    time_stretch,
    windows,
)
from kerasaudio.audio.check import MOST_SAMPLES, check_size
from kerasaudio.audio.pcm import PcmStream


@pytest.fixture(autouse=True)
def little_memory():
    """No test may take more than 100 MB."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e8


def test_a_rate_that_is_a_slip():
    for rate in (16, 44, 999):
        with pytest.raises(ValueError, match=f"from 1000 to 1000000.*Received: {rate}"):
            resample(np.zeros(160_000, np.float32), rate, 16_000)


def test_resampling_to_more_than_an_array_holds():
    with pytest.raises(ValueError, match=r"from 1,000 to 1,000,000 Hz, would have 3,0"):
        resample(np.zeros(3_000_000, np.float32), 1_000, 1_000_000)


def test_windows_that_overlap_too_much():
    with pytest.raises(ValueError, match=r"together would have .*longer hop"):
        windows(np.zeros(200_000, np.float32), 100_000, 1)
    with pytest.raises(ValueError, match=r"window_samples must be .* to 2147483648"):
        windows(np.zeros(10, np.float32), 10**12)
    assert windows(np.zeros(200, np.float32), 100, 10**9)[0].shape == (1, 100)


def test_a_window_larger_than_an_array(encode):
    file = io.BytesIO(encode(np.zeros(100)))
    with pytest.raises(ValueError, match="window_samples must be"):
        iter_windows(file, 16_000, MOST_SAMPLES + 1)


@pytest.mark.parametrize("span", [{"offset": 1e15}, {"duration": 1e15}])
def test_spans_beyond_the_end_cost_nothing(encode, span):
    file = io.BytesIO(encode(np.zeros(44_100)))
    if "offset" in span:
        with pytest.raises(ValueError, match="after the end"):
            load_audio(file, 16_000, **span)
    else:
        assert len(load_audio(file, 16_000, **span)) == 16_000
        seen = list(iter_windows(file, 16_000, 8_000, block_seconds=1e15, **span))
        assert len(seen) == 2


def test_a_header_that_claims_2_to_the_31_frames(encode):
    data = encode(np.zeros(16_000), 16_000)
    at = data.find(b"data") + 4
    claims = data[:at] + struct.pack("<I", 2**31 - 2**20) + data[at + 4 :]
    with pytest.raises(AudioDecodeError, match=r"1\.000 s can be read"):
        load_audio(io.BytesIO(claims), 16_000)
    flac = encode(np.zeros(16_000), 16_000, format="FLAC")
    days = flac[:21] + bytes([flac[21] | 15]) + b"\xff\xff\xff\xff" + flac[26:]
    for mono in (True, False):
        with pytest.raises(ValueError, match=r"68,719,476,735 samples; the limit"):
            load_audio(io.BytesIO(days), 16_000, mono)


def test_low_rates_to_high_ones(encode):
    file = io.BytesIO(encode(np.zeros(2_200_000, "int16"), 1_000))
    with pytest.raises(ValueError, match=r"at 1,000,000 Hz would have 2,2"):
        load_audio(file, 1_000_000, offset=0)


def test_channels_of_a_pipe():
    with pytest.raises(ValueError, match=r"channels must be .* from 1 to 1024"):
        PcmStream(io.BytesIO(), 16_000, channels=10**9)


def test_stretching():
    pytest.importorskip("python_stretch")
    with pytest.raises(ValueError, match=r"0\.25 to 4"):
        time_stretch(np.zeros(100, np.float32), 16_000, 1e-9)


def test_the_bound_itself():
    check_size(MOST_SAMPLES, "This", "No.")
    with pytest.raises(ValueError, match=r"This would have 2,147,483,649 .*\. No\."):
        check_size(MOST_SAMPLES + 1, "This", "No.")
