"""Ogg: all pages are there, all streams are read, and parts are parts."""

import io

import numpy as np
import pytest

from kerasaudio.audio import AudioDecodeError, AudioWarning, iter_windows, load_audio
from kerasaudio.audio.ogg import read_links

RATES = {"VORBIS": 44_100, "OPUS": 48_000}


@pytest.fixture(scope="module")
def ogg(tone, encode):
    def make(subtype="VORBIS", seconds=2.0, rate=None, channels=1):
        rate = rate or RATES[subtype]
        sound = tone(round(seconds * rate), rate, channels)
        return encode(sound, rate, format="OGG", subtype=subtype)

    return make


def read(data, rate=44_100, **options):
    return load_audio(io.BytesIO(data), rate, **options)


@pytest.mark.parametrize("subtype", RATES)
def test_streams_in_a_row_are_one_sound(ogg, subtype):
    rate = RATES[subtype]
    first, second = ogg(subtype, 2.0), ogg(subtype, 1.3)
    apart = [read(data, rate) for data in (first, second, first)]
    chain = first + second + first
    assert [link.codec.upper() for link in read_links(io.BytesIO(chain))] == [
        subtype
    ] * 3
    whole = read(chain, rate)
    np.testing.assert_array_equal(whole, np.concatenate(apart))
    for offset in (0.5, 1.9, 2.0, 2.5, 3.25, 5.2):
        part = read(chain, rate, offset=offset, duration=1.5)
        start = round(offset * rate)
        wanted = whole[start : start + round(1.5 * rate)]
        np.testing.assert_allclose(part, wanted, atol=1e-6)
    streamed = iter_windows(io.BytesIO(chain), rate, 10_000, block_seconds=0.3)
    joined = np.concatenate([window for window, _ in streamed])[: len(whole)]
    np.testing.assert_array_equal(joined, whole)
    with pytest.raises(ValueError, match=r"after the end.*is 5\.300 s"):
        read(chain, rate, offset=6)


@pytest.mark.parametrize("other", [{"rate": 16_000}, {"channels": 2}])
def test_streams_of_two_kinds_are_refused_behind_the_first(ogg, other):
    chain = ogg() + ogg(**other)
    says = r"a join of two files: 2\.000 s can be read.*changes from 44,100 Hz"
    with pytest.raises(AudioDecodeError, match=says):
        read(chain)
    assert len(read(chain, duration=1.5)) == 66_150
    with pytest.warns(AudioWarning, match=says):
        assert len(read(chain, errors="salvage")) == 88_200


@pytest.mark.parametrize("subtype", RATES)
def test_the_last_of_several_streams_is_cut_short(ogg, subtype):
    rate = RATES[subtype]
    data = ogg(subtype)
    for size in (30, 200, len(data) // 2, len(data) - 9):
        with pytest.raises(AudioDecodeError, match=r"truncated.* [23]\.\d+ s can be"):
            read(data + data[:size], rate)


@pytest.mark.parametrize("subtype", RATES)
def test_a_file_that_ends_between_two_pages(ogg, subtype):
    data = ogg(subtype, 7.3)
    last = data.rfind(b"OggS\0")
    says = "truncated: .*the last page is missing"
    with pytest.raises(AudioDecodeError, match=says):
        read(data[:last], RATES[subtype])


def test_a_page_that_is_cut_tells_how_much_is_missing(ogg):
    data = ogg(seconds=7.3)
    says = r"at least [\d,]+ bytes are missing: \d\.\d+ s of 7\.300 s"
    with pytest.raises(AudioDecodeError, match=says):
        read(data[:-500])


def test_damaged_and_missing_pages(ogg):
    data = ogg(seconds=9)
    starts = [at for at in range(len(data)) if data[at : at + 5] == b"OggS\0"]
    assert len(starts) > 4
    flipped = bytearray(data)
    flipped[starts[-2] + 400] ^= 1
    with pytest.raises(AudioDecodeError, match=r"damaged: .*page"):
        read(bytes(flipped))
    holed = data[: starts[-3]] + data[starts[-2] :]
    with pytest.raises(AudioDecodeError, match=r"damaged: .*pages are missing"):
        read(holed)


@pytest.mark.parametrize("subtype", RATES)
@pytest.mark.parametrize("seconds", [0.3, 1.31, 3.7, 9.77])
def test_parts_within_the_last_page(ogg, subtype, seconds):
    rate = RATES[subtype]
    data = ogg(subtype, seconds)
    whole = read(data, rate)
    assert len(whole) == round(seconds * rate)
    for before in (1, 100, 1_000, 3_001, 7_919, 12_007):
        start = len(whole) - before
        part = read(data, rate, offset=start / rate)
        np.testing.assert_allclose(part, whole[start:], atol=1e-6)


def test_no_ogg_has_no_streams():
    for data in (b"", b"OggS", b"OggS\0", b"RIFF" + bytes(99), b"OggS\0" + bytes(200)):
        assert read_links(io.BytesIO(data)) == []
