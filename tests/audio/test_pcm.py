"""Samples through a pipe: formats, split samples, headers, what is cut short."""

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.audio import AudioDecodeError
from kerasaudio.audio.pcm import SAMPLE_FORMATS, PcmStream, open_wav_stream

SUBTYPES = {
    "u8": "PCM_U8",
    "s16le": "PCM_16",
    "s24le": "PCM_24",
    "s32le": "PCM_32",
    "f32le": "FLOAT",
    "f64le": "DOUBLE",
}


class Drips:
    """A pipe that gives a few bytes a read."""

    def __init__(self, data, sizes=(1,)):
        self._file = io.BytesIO(data)
        self._sizes = sizes
        self._reads = 0

    def read(self, size):
        return self._file.read(size)

    def read1(self, size):
        self._reads += 1
        return self._file.read(min(size, self._sizes[self._reads % len(self._sizes)]))


def noise(frames, channels=1):
    shape = (frames, channels)
    return np.random.default_rng(0).uniform(-0.9, 0.9, shape).astype("float32")


def wav(sound, subtype="PCM_16", form="WAV", rate=8_000):
    file = io.BytesIO()
    soundfile.write(file, sound, rate, subtype, format=form)
    return file.getvalue()


def joined(stream):
    return np.concatenate(list(stream))


@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", SUBTYPES.values())
def test_a_wav_stream_is_what_libsndfile_reads(subtype, form):
    data = wav(noise(700, 3), subtype, form)
    expected, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    stream = open_wav_stream(Drips(data, (5, 7, 11)))
    np.testing.assert_array_equal(joined(stream), expected)
    assert stream.sample_rate == rate
    assert stream.complaint is None


@pytest.mark.parametrize(("sample_format", "subtype"), SUBTYPES.items())
def test_raw_samples(sample_format, subtype):
    assert sample_format in SAMPLE_FORMATS
    file = io.BytesIO()
    soundfile.write(file, noise(300, 2), 8_000, subtype, "LITTLE", "RAW")
    data = file.getvalue()
    expected, _ = soundfile.read(
        io.BytesIO(data), channels=2, samplerate=8_000, subtype=subtype,
        endian="LITTLE", format="RAW", dtype="float32",
    )  # fmt: skip
    stream = PcmStream(io.BytesIO(data), 8_000, sample_format, 2)
    np.testing.assert_array_equal(joined(stream), expected)


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=5),
    channels=st.integers(1, 3),
    sample_format=st.sampled_from(["s16le", "s24le", "f64le"]),
)
def test_samples_split_over_reads_are_put_together(sizes, channels, sample_format):
    width = {"s16le": 2, "s24le": 3, "f64le": 8}[sample_format]
    data = np.random.default_rng(0).integers(0, 64, 40 * channels * width, "u1")
    whole = PcmStream(io.BytesIO(data.tobytes()), 8_000, sample_format, channels)
    parts = PcmStream(Drips(data.tobytes(), sizes), 8_000, sample_format, channels)
    np.testing.assert_array_equal(joined(parts), joined(whole))
    assert parts.complaint is None


def test_what_was_read_is_given_at_once():
    file = Drips(np.zeros(100, "<i2").tobytes(), (20,))
    assert len(next(iter(PcmStream(file, 8_000)))) == 10


@pytest.mark.parametrize("length", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_wav_of_unknown_length_goes_to_the_end(length):
    sound = noise(200)[:, 0]
    data = bytearray(wav(sound))
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", length)
    stream = open_wav_stream(io.BytesIO(bytes(data)))
    assert len(joined(stream)) == 200
    assert stream.complaint is None


def test_what_follows_the_sound_is_no_sound():
    data = wav(noise(200)) + b"LIST" + struct.pack("<I", 100) + bytes(100)
    assert len(joined(open_wav_stream(io.BytesIO(data)))) == 200


def test_chunks_before_the_sound_are_passed_over():
    data = wav(noise(200))
    size = 200_001
    extra = b"JUNK" + struct.pack("<I", size) + bytes(size + 1)
    data = data[:12] + extra + data[12:]
    assert len(joined(open_wav_stream(io.BytesIO(data)))) == 200


def test_sound_that_is_cut_short_is_told():
    stream = open_wav_stream(io.BytesIO(wav(noise(200))[:-51]))
    assert len(joined(stream)) == 174
    assert "51 bytes that its header states" in stream.complaint
    stream = PcmStream(io.BytesIO(bytes(11)), 8_000, "s16le", 2)
    assert len(joined(stream)) == 2
    assert "3 of 4 bytes arrived" in stream.complaint


def with_format(tag, bits, align, channels=1, rate=8_000):
    head = struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + head + b"data" + bytes(4)
    return b"RIFF" + bytes(4) + b"WAVE" + chunks


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no audio: the stream is empty"),
        (b"RIFF", "not a WAV stream: it begins with b'RIFF'"),
        (b"OggS" + bytes(99), "not a WAV stream.*ffmpeg -i INPUT -f wav -"),
        (b"RIFF\0\0\0\0WAVE", "ends within its header"),
        (wav(noise(9))[:30], "ends within its header"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "audio comes before its format"),
        (b"RIFF\0\0\0\0WAVEfmt \2\0\0\0\1\0", "format is truncated"),
        (b"RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff", "ends within its header"),
        (with_format(2, 4, 1), "not supported: code 2, 4 bits"),
        (with_format(1, 16, 3), "not supported: code 1, 16 bits"),
        (with_format(1, 16, 0, channels=0), "damaged: channels must be"),
        (with_format(1, 16, 2, rate=7), "damaged: sample_rate must be"),
        (wav(noise(9), "MS_ADPCM"), "not supported: code 2, 4 bits"),
    ],
)
def test_no_wav_stream(data, says):
    with pytest.raises(AudioDecodeError, match=f"(?s){says}"):
        open_wav_stream(io.BytesIO(data))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((0,), "sample_rate must be"),
        ((8_000, "s16be"), "sample_format must be one of.*Received: 's16be'"),
        ((8_000, "s16le", 0), "channels must be"),
    ],
)
def test_bad_arguments(arguments, says):
    with pytest.raises(ValueError, match=says):
        PcmStream(io.BytesIO(), *arguments)
