"""A damaged file gives an error that says so; never a number that is not there."""

import gzip
import io
import struct

import numpy as np
import pytest

from kerasaudio.audio import AudioDecodeError, iter_windows, load_audio

RATE = 44_100
TRUNCATED = {  # how the file is cut, what the error says of it
    "wav": ({"format": "WAV"}, r"truncated: \d\.\d+ s can be read, [\d,]+ bytes"),
    "wav24": ({"format": "WAV", "subtype": "PCM_24"}, "bytes are missing"),
    "wavex": ({"format": "WAVEX"}, "bytes are missing"),
    "rf64": ({"format": "RF64"}, "bytes are missing"),
    "w64": ({"format": "W64"}, "bytes are missing"),
    "aiff": ({"format": "AIFF"}, "bytes are missing"),
    "au": ({"format": "AU"}, "bytes are missing"),
    "caf": ({"format": "CAF"}, "missing|malformed"),
    "flac": ({"format": "FLAC"}, r"\d\.\d+ s of 3\.000 s"),
    "vorbis": ({"format": "OGG", "subtype": "VORBIS"}, "bytes are missing"),
    "opus": ({"format": "OGG", "subtype": "OPUS"}, "bytes are missing"),
    "mp3": ({"format": "MP3"}, r"\d\.\d+ s of 3\.000 s can be read"),
}


@pytest.fixture(scope="module")
def encoded(tone, encode):
    def make(kind):
        rate = 48_000 if kind == "opus" else RATE
        return encode(tone(3 * rate, rate), rate, **TRUNCATED[kind][0])

    return {kind: make(kind) for kind in TRUNCATED}


@pytest.fixture(params=["path", "bytes"])
def place(request, tmp_path):
    """Give data as a path, or as a file in memory."""

    def put(data):
        if request.param == "bytes":
            return io.BytesIO(data)
        path = tmp_path / "clip.wav"
        path.write_bytes(data)
        return path

    return put


@pytest.mark.parametrize("share", [0.97, 0.5])
@pytest.mark.parametrize("kind", TRUNCATED)
def test_a_file_cut_short(encoded, place, kind, share):
    data = encoded[kind]
    file = place(data[: int(share * len(data))])
    with pytest.raises(AudioDecodeError, match=TRUNCATED[kind][1]):
        load_audio(file, 16_000)
    with pytest.raises(AudioDecodeError, match=TRUNCATED[kind][1]):
        list(iter_windows(file, 16_000, 8_000, block_seconds=0.5))
    if kind != "caf":  # libsndfile does not even open that
        whole = load_audio(io.BytesIO(data), 16_000, duration=0.3)
        part = load_audio(file, 16_000, duration=0.3)
        np.testing.assert_array_equal(part, whole)


@pytest.mark.parametrize("kind", TRUNCATED)
def test_only_the_header_is_left(encoded, place, kind):
    for size in (4, 12, 44):
        with pytest.raises(AudioDecodeError):
            load_audio(place(encoded[kind][:size]), 16_000)


@pytest.mark.parametrize("kind", TRUNCATED)
def test_a_whole_file_is_not_called_truncated(encoded, place, kind):
    tails = [b"", b"TAG" + bytes(125), bytes(3)]
    for tail in tails[:1] if kind == "w64" else tails:  # Wave64 reads to its end
        assert len(load_audio(place(encoded[kind] + tail), RATE)) == 3 * RATE


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "an empty file"),
        (b"hello, world\n" * 50, "text file that starts with 'hello, world"),
        (("hallo Welt\n" * 50).encode("utf-16"), "a text file"),
        (b"<!DOCTYPE html><html>" + bytes(99), "HTML page .a failed download"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"#EXTM3U\nhttp://example.org/live\n", "a playlist"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "text file"),
        (b"PK\x03\x04" + bytes(99), "zip archive"),
        (gzip.compress(b"RIFF" + bytes(999), mtime=0), "gzip archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(99), "JPEG picture"),
        (b"\x00\x01\x02\x03" * 99, "396 bytes that start with"),
        (b"\xff\xfb\x90\x64" + bytes(4000), "no sound found"),
        (b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(4000), "4,010 bytes"),
        (b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f" + bytes(90), "100 bytes"),
    ],
)
def test_what_is_not_audio(place, data, says):
    with pytest.raises(AudioDecodeError, match=f"Cannot decode .*{says}"):
        load_audio(place(data), 16_000)


@pytest.mark.parametrize("options", [{}, {"format": "AIFF"}, {"format": "AU"}])
def test_no_samples(place, encode, options):
    with pytest.raises(AudioDecodeError, match="contains no samples"):
        load_audio(place(encode(np.zeros(0), **options)), 16_000)


def patched(data, form, at, value):
    field = struct.pack(form, value)
    return data[:at] + field + data[at + len(field) :]


@pytest.mark.parametrize("rate", [0, 1, 999, 1_000_001, 10**9, 2**32 - 1])
def test_absurd_rates(encoded, place, rate):
    with pytest.raises(AudioDecodeError, match=r"clip|BytesIO"):
        load_audio(place(patched(encoded["wav"], "<I", 24, rate)), 16_000)


@pytest.mark.parametrize("channels", [0, 1025, 65_535])
def test_absurd_channels(encoded, place, channels):
    with pytest.raises(AudioDecodeError, match=r"[Cc]hannel"):
        load_audio(place(patched(encoded["wav"], "<H", 22, channels)), 16_000)


def test_headers_that_claim_days(encoded, place):
    data = patched(encoded["wav"], "<I", 40, 2**31 - 2**20)
    with pytest.raises(AudioDecodeError, match=r"3\.000 s can be read, 2,14"):
        load_audio(place(data), 16_000)
    # Of a FLAC the header gives the number of samples in 36 bits: 18 days.
    flac = encoded["flac"]
    days = flac[:21] + bytes([flac[21] | 15]) + b"\xff\xff\xff\xff" + flac[26:]
    with pytest.raises(AudioDecodeError, match=r"3\.000 s of 1558\d+\.\d+ s can"):
        list(iter_windows(place(days), 16_000, 8_000))
    with pytest.raises(ValueError, match=r"68,719,476,735 samples.*2,147,483,648"):
        load_audio(place(days), 16_000)
    assert len(load_audio(place(days), 16_000, duration=1)) == 16_000
    # An MP3's first frame gives its number of frames.
    mp3 = encoded["mp3"]
    at = max(mp3.find(b"Xing"), mp3.find(b"Info")) + 8
    with pytest.raises(AudioDecodeError, match=r"3\.\d+ s of \d{5,}"):
        load_audio(place(patched(mp3, ">I", at, 10**6)), 16_000)
    with pytest.raises(ValueError, match="limit for an array is"):
        load_audio(place(patched(mp3, ">I", at, 10**7)), 16_000)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_a_streamed_wav_does_not_state_its_length(encoded, place, length):
    data = patched(encoded["wav"], "<I", 40, length)
    data = patched(data, "<I", 4, length)
    assert len(load_audio(place(data), RATE)) == 3 * RATE


def test_a_streamed_flac_does_not_state_its_length(encoded, place):
    flac = encoded["flac"]
    data = flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]
    whole = load_audio(io.BytesIO(flac), RATE)
    np.testing.assert_array_equal(load_audio(place(data), RATE), whole)
    part = load_audio(place(data), RATE, offset=2.5, duration=9)
    np.testing.assert_array_equal(part, whole[110_250:])
    with pytest.raises(ValueError, match=r"after the end.*is 3\.000 s"):
        load_audio(place(data), RATE, offset=3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e4])
def test_float_files_with_bad_numbers(place, encode, bad):
    sound = np.zeros(900, "float32")
    sound[450] = bad
    with pytest.raises(AudioDecodeError, match=r"The audio of .*(450|peak of 10000)"):
        load_audio(place(encode(sound, subtype="FLOAT")), 16_000)


def test_noise_in_the_middle_of_a_flac(encoded, place):
    data = bytearray(encoded["flac"])
    middle = len(data) // 2
    data[middle : middle + 9_000] = bytes(9_000)
    with pytest.raises(AudioDecodeError, match="damaged"):
        load_audio(place(bytes(data)), 16_000)
