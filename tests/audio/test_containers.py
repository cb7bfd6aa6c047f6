"""Each container that is read tells when it was cut short; the others are not read."""

import io
import struct

import numpy as np
import pytest

from kerasaudio.audio import AudioDecodeError, AudioWarning, iter_windows, load_audio
from support.containers import CHECKED, RATE, UNCHECKED, UNCHECKED_RATES


def read(data, **options):
    return load_audio(io.BytesIO(data), RATE, **options)


@pytest.fixture
def sound(tone):
    return tone(3 * RATE, RATE)


@pytest.mark.parametrize("options", CHECKED.values(), ids=list(CHECKED))
def test_a_file_cut_in_half_says_what_is_missing(encode, sound, options):
    data = encode(sound, RATE, **options)
    whole = read(data)
    assert 3 * RATE <= len(whole) < 3 * RATE + 1_000
    half = data[: len(data) // 2]
    with pytest.raises(AudioDecodeError, match=r"truncated: 1\.\d+ s can .* of [23]\."):
        read(half)
    with pytest.raises(AudioDecodeError, match="bytes are missing: 1"):
        list(iter_windows(io.BytesIO(half), RATE, 8_000))
    np.testing.assert_array_equal(read(half, duration=0.5), whole[: RATE // 2])


@pytest.mark.parametrize("share", [1, 0.5])
@pytest.mark.parametrize(("kind", "subtype"), UNCHECKED.items())
def test_files_that_do_not_tell_their_length_are_not_read(
    encode, sound, kind, subtype, share
):
    rate = UNCHECKED_RATES.get(kind, RATE)
    data = encode(sound, rate, format=kind, subtype=subtype)
    says = "cannot be detected. Convert it.*ffmpeg -i|Cannot decode"
    with pytest.raises(AudioDecodeError, match=says):
        read(data[: int(share * len(data))])


def wav(sound_bytes, code=1, extra=b"", bits=16, rate=RATE, block=2, length=None):
    """Write a wav by hand."""
    form = struct.pack("<HHIIHH", code, 1, rate, rate * block, block, bits) + extra
    length = len(sound_bytes) if length is None else length
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", length) + sound_bytes
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("riff_size", [0, 8, 36, 0xFFFFFFFF, None])
@pytest.mark.parametrize("samples", [1, 2, 3, 48_001])
def test_sound_behind_a_length_of_nothing_is_read(sound, riff_size, samples):
    """A recorder that was killed, or writes to a pipe, never states the length."""
    pcm = (sound * 32_767).astype("<i2")
    pcm = np.resize(pcm, samples)
    data = wav(pcm.tobytes(), length=0)
    if riff_size is not None:
        data = data[:4] + struct.pack("<I", riff_size) + data[8:]
    np.testing.assert_array_equal(read(data), pcm / np.float32(32_768))


@pytest.mark.parametrize(
    "data",
    [
        b"caff\0\1\0\0desc" + (2**63 - 1).to_bytes(8, "big") + bytes(64),
        b"riff" + bytes(20) + b"wave" + bytes(12) + b"fmt " + bytes(12) + b"\x7f" * 8,
        wav(bytes(64), length=0xFFFFFFFF)[:36]
        + b"ds64\x1c\0\0\0"
        + b"\xff" * 28
        + b"data\xff\xff\xff\xff",
        b".snd\0\0\xc8\x18" + bytes(56),  # sound of no length behind the file
    ],
)
def test_lengths_that_lead_out_of_the_file(data):
    with pytest.raises(AudioDecodeError):
        read(data)


def test_a_chunk_behind_a_length_of_nothing_is_no_sound():
    chunk = b"LIST" + struct.pack("<I", 10) + b"INFOISFT\0\0"
    data = wav(chunk, length=0)
    with pytest.raises(AudioDecodeError, match="contains no samples"):
        read(data)
    with pytest.raises(AudioDecodeError, match="contains no samples"):
        read(wav(b""))


@pytest.mark.parametrize("blocks", [2, 3, 75])
def test_the_byte_that_pads_gsm_is_no_block(encode, tone, blocks):
    gsm = encode(tone(320 * 76, 8_000), 8_000, format="WAV", subtype="GSM610")
    at = gsm.find(b"data") + 8
    sound = gsm[at : at + 65 * blocks]
    data = wav(sound + b"\0" * (len(sound) % 2), 0x31, struct.pack("<HH", 2, 320), 0,
               8_000, 65, len(sound))  # fmt: skip
    assert len(load_audio(io.BytesIO(data), 8_000)) == 320 * blocks


def test_bw64_is_read_as_rf64(encode, sound):
    rf64 = encode(sound, RATE, format="RF64", subtype="PCM_24")
    data = b"BW64" + rf64[4:]
    np.testing.assert_array_equal(read(data), read(rf64))
    with pytest.raises(AudioDecodeError, match="bytes are missing"):
        read(data[: len(data) // 2])


@pytest.fixture(scope="module")
def mp3(tone, encode):
    """Mp3 of a variable bit rate, without the frame that states its length."""
    sound = tone(6 * 44_100)
    sound[3 * 44_100 :] *= 1e-3
    data = encode(sound, 44_100, format="MP3")
    return data[data.find(b"\xff\xfb", 100) :]


@pytest.mark.parametrize("code", [0x55, 0x50])
def test_mp3_in_wav_is_read_to_its_end(mp3, code):
    bare = load_audio(io.BytesIO(mp3), 44_100)
    assert len(bare) > 5.9 * 44_100
    data = wav(mp3, code, struct.pack("<HHIHHH", 12, 1, 2, 417, 1, 1393), 0, 44_100, 1)
    np.testing.assert_array_equal(load_audio(io.BytesIO(data), 44_100), bare)
    tags = data + b"LIST" + struct.pack("<I", 4) + b"INFO"
    np.testing.assert_array_equal(load_audio(io.BytesIO(tags), 44_100), bare)
    with pytest.raises(AudioDecodeError, match="truncated"):
        load_audio(io.BytesIO(data[: len(data) // 2]), 44_100)


def test_constant_bit_rate_mp3_in_wav(ffmpeg, tmp_path, sound, encode):
    (tmp_path / "source.wav").write_bytes(encode(sound, RATE))
    path = tmp_path / "mp3.wav"
    ffmpeg("-i", tmp_path / "source.wav", "-c:a", "libmp3lame", "-b:a", "64k", path)
    assert 3 * RATE <= len(load_audio(path, RATE)) < 3 * RATE + 3_000
    path.write_bytes(path.read_bytes()[:-9_000])
    with pytest.raises(AudioDecodeError, match="truncated"):
        load_audio(path, RATE)
    with pytest.warns(AudioWarning, match="truncated"):
        assert len(load_audio(path, RATE, errors="salvage")) > RATE
