"""MP3s that do not state their length, or state another file's, are read to the end."""

import io

import numpy as np
import pytest
import soundfile

from kerasaudio.audio import AudioDecodeError, AudioWarning, iter_windows, load_audio
from kerasaudio.audio.mp3 import parse_frame, survey


def quiet_then_loud(tone):
    sound = tone(6 * 44_100)
    sound[: 3 * 44_100] *= 1e-3
    return sound


def without_tag(data):
    """Drop the first frame, which states the number of frames."""
    frame = parse_frame(data[:4])
    assert data[frame.tag_at : frame.tag_at + 4] in (b"Xing", b"Info")
    return data[frame.length :]


@pytest.fixture(scope="module")
def variable(tone, encode):
    """A loud beginning makes libmpg123 take the rest for loud, and so for short."""
    return encode(quiet_then_loud(tone)[::-1], format="MP3")


@pytest.mark.parametrize("lead", [b"", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)])
def test_variable_bit_rate_without_a_tag(variable, lead):
    data = lead + without_tag(variable)
    assert survey(io.BytesIO(data)).is_guessed
    whole = load_audio(io.BytesIO(variable), 44_100)
    bare = load_audio(io.BytesIO(data), 44_100)
    # Without the tag, the encoder's delay is not known and stays in.
    assert 0 <= len(bare) - len(whole) < 4 * 1152
    delay = np.argmax(np.correlate(bare[:12_000], whole[2_000:9_000], "valid")) - 2_000
    assert 0 < delay < 2 * 1152
    common = min(len(whole), len(bare) - delay) - 1152
    np.testing.assert_allclose(bare[delay:][:common], whole[:common], atol=1e-5)
    part = load_audio(io.BytesIO(data), 44_100, offset=4.5, duration=0.5)
    np.testing.assert_allclose(part, bare[198_450:220_500], atol=1e-6)
    with pytest.raises(ValueError, match=r"after the end of BytesIO, which is 6\.0"):
        load_audio(io.BytesIO(data), 44_100, offset=6.2)


def test_parts_and_blocks_of_a_low_bit_rate(variable):
    """Frames of low rate use bits of many frames before, which seeking forgets."""
    data = without_tag(variable)
    for file in (io.BytesIO(variable), io.BytesIO(data)):
        whole = load_audio(file, 44_100)
        for start in (1_000, 140_000, 196_608, 220_001, 250_000):
            part = load_audio(file, 44_100, offset=start / 44_100, duration=0.2)
            np.testing.assert_allclose(part, whole[start : start + 8_820], atol=1e-6)
        blocks = iter_windows(file, 44_100, 4_410, block_seconds=0.21)
        joined = np.concatenate([window for window, _ in blocks])[: len(whole)]
        np.testing.assert_allclose(joined, whole, atol=1e-6)


def test_two_files_joined(variable):
    once = load_audio(io.BytesIO(variable), 16_000)
    twice = load_audio(io.BytesIO(variable + variable), 16_000)
    assert 2 * len(once) <= len(twice) < 2 * len(once) + 3_000


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize(
    ("rate", "channels", "kind"),
    [(48_000, 1, "48,000 Hz, 1"), (44_100, 2, "44,100 Hz, 2"), (22_050, 1, "22,050")],
)
def test_two_files_of_two_kinds_joined(
    variable, tone, encode, tagged, rate, channels, kind
):
    other = encode(tone(2 * rate, rate, channels), rate, format="MP3")
    first = variable if tagged else without_tag(variable)
    alone = load_audio(io.BytesIO(first), 44_100)
    for lead in (b"", b"TAG" + bytes(125), b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)):
        file = io.BytesIO(first + lead + other)
        says = (
            rf"a join of two files: 6\.\d+ s can be .*44,100 Hz, 1 channel.* to {kind}"
        )
        with pytest.raises(AudioDecodeError, match=says):
            load_audio(file, 44_100)
        with pytest.raises(AudioDecodeError, match=says):
            list(iter_windows(file, 44_100, 44_100))
        part = load_audio(file, 44_100, duration=5)
        np.testing.assert_allclose(part, alone[:220_500], atol=1e-6)
        with pytest.warns(AudioWarning, match=says):
            first_only = load_audio(file, 44_100, errors="salvage")
        np.testing.assert_allclose(first_only, alone, atol=1e-6)


def test_a_picture_in_a_tag_is_no_other_sound(variable):
    """Three bytes in a row may look like a frame; some frames in a row do not."""
    picture = (b"\xff\xfb\x94\x00" + bytes(380)) * 3 + bytes(5_000)
    for data in (variable + picture, without_tag(variable) + picture):
        assert survey(io.BytesIO(data)).loss is None


def test_a_length_that_only_vbri_states(variable):
    """libmpg123 does not read it, but what it promises is known."""
    first = parse_frame(variable[:4])
    count = int.from_bytes(variable[first.tag_at + 8 :][:4], "big")
    tag = b"VBRI" + bytes(10) + count.to_bytes(4, "big")
    silent = variable[:4] + bytes(32) + tag + bytes(first.length - 36 - len(tag))
    data = silent + variable[first.length :]
    assert len(load_audio(io.BytesIO(data), 44_100)) > 5.9 * 44_100
    at = [place for place, _ in frames_of(data)][count // 2]
    with pytest.raises(AudioDecodeError, match=rf"truncated: .* of {count:,} frames"):
        load_audio(io.BytesIO(data[:at]), 44_100)


def frames_of(data):
    at = 0
    while (frame := parse_frame(data[at : at + 4])) is not None:
        yield at, frame
        at += frame.length


@pytest.mark.parametrize("rate", [44_100, 16_000])
def test_layer_two_is_read_to_its_end(ffmpeg, tmp_path, tone, rate):
    soundfile.write(tmp_path / "a.wav", tone(3 * rate, rate, channels=2), rate)
    path = tmp_path / "a.mp2"
    ffmpeg("-i", tmp_path / "a.wav", "-c:a", "mp2", path)
    data = path.read_bytes()
    count = len(list(frames_of(data)))
    assert parse_frame(data[:4]).layer == 2
    assert len(load_audio(path, rate)) == 1_152 * count >= 3 * rate
    assert len(load_audio(io.BytesIO(data), rate, offset=2)) == 1_152 * count - 2 * rate
    with pytest.raises(AudioDecodeError, match="truncated"):
        load_audio(io.BytesIO(data[:-50]), rate)


@pytest.mark.parametrize(
    ("header", "length", "samples"),
    [  # layer I, 44.1 kHz, 32 kbit/s, padded; layer II, 24 kHz, 8; layer III, 8 kHz, 8
        (b"\xff\xff\x12\x00", 36, 384),
        (b"\xff\xf5\x14\x00", 48, 1_152),
        (b"\xff\xe3\x18\x00", 72, 576),
        (b"\xff\xfb\x92\x00", 418, 1_152),
    ],
)
def test_lengths_of_frames(header, length, samples):
    frame = parse_frame(header)
    assert (frame.length, frame.samples) == (length, samples)


def test_a_stated_length_is_left_alone(variable):
    for tail in (b"", b"TAG" + bytes(125), b"APETAGEX" + bytes(900)):
        stream = survey(io.BytesIO(variable + tail))
        assert (stream.file, stream.is_guessed, stream.loss) == (None, False, None)


def test_part_of_the_last_frame_may_lack(variable):
    assert len(load_audio(io.BytesIO(variable[:-20]), 44_100)) > 5.9 * 44_100
    with pytest.raises(AudioDecodeError, match="truncated"):
        load_audio(io.BytesIO(variable[:-3_000]), 44_100)


@pytest.mark.parametrize("rate", [48_000, 32_000, 24_000, 22_050, 11_025, 8_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_all_sample_rates(tone, encode, rate, channels):
    sound = tone(2 * rate, rate, channels)
    data = encode(sound, rate, format="MP3")
    assert load_audio(io.BytesIO(data), rate, mono=False).shape == (channels, 2 * rate)
    bare = load_audio(io.BytesIO(without_tag(data)), rate)
    assert 2 * rate <= len(bare) < 2 * rate + 4 * 1152


@pytest.mark.parametrize(
    "header", [b"", b"\xff\xfb", b"RIFF", b"\xff\xfb\xf0\x00", b"\xff\xfb\x9c\x00",
               b"\xff\xeb\x90\x00", b"\xff\xf9\x90\x00", b"\xff\xfb\x00\x00"]
)  # fmt: skip
def test_what_is_no_frame(header):
    assert parse_frame(header) is None
