"""Loading equals librosa.load, whatever the file is, wherever it comes from."""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.audio import load_audio, resample

# librosa's audioread imports modules that Python has deprecated.
pytestmark = pytest.mark.filterwarnings(
    "ignore:'(aifc|audioop|sunau)' is deprecated:DeprecationWarning"
)
FORMATS = {
    "pcm8.wav": {"format": "WAV", "subtype": "PCM_U8"},
    "pcm16.wav": {"format": "WAV", "subtype": "PCM_16"},
    "pcm24.wav": {"format": "WAV", "subtype": "PCM_24"},
    "pcm32.wav": {"format": "WAV", "subtype": "PCM_32"},
    "float.wav": {"format": "WAV", "subtype": "FLOAT"},
    "double.wav": {"format": "WAV", "subtype": "DOUBLE"},
    "adpcm.wav": {"format": "WAV", "subtype": "MS_ADPCM"},
    "mulaw.wav": {"format": "WAV", "subtype": "ULAW"},
    "extensible.wav": {"format": "WAVEX", "subtype": "PCM_24"},
    "big.rf64": {"format": "RF64"},
    "sony.w64": {"format": "W64"},
    "apple.aiff": {"format": "AIFF"},
    "apple.caf": {"format": "CAF"},
    "sun.au": {"format": "AU"},
    "flac16.flac": {"format": "FLAC", "subtype": "PCM_16"},
    "flac24.flac": {"format": "FLAC", "subtype": "PCM_24"},
    "vorbis.ogg": {"format": "OGG", "subtype": "VORBIS"},
    "opus.opus": {"format": "OGG", "subtype": "OPUS"},
    "layer3.mp3": {"format": "MP3"},
}
LOSSLESS = {"pcm16.wav": 2**-15, "pcm24.wav": 2**-23, "pcm32.wav": 2**-23} | {
    "float.wav": 0.0, "double.wav": 0.0, "extensible.wav": 2**-23, "pcm8.wav": 2**-7
}  # fmt: skip


def librosa_load(path, sample_rate, **options):
    return librosa.load(path, sr=sample_rate, res_type="soxr_hq", **options)[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory, tone, encode):
    folder = tmp_path_factory.mktemp("formats")
    for name, options in FORMATS.items():
        rate = 48_000 if name.endswith("opus") else 44_100
        sound = tone(rate * 7 // 5, rate, channels=2)
        (folder / name).write_bytes(encode(sound, rate, **options))
    return folder


@pytest.mark.parametrize("mono", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_equals_librosa(files, name, mono):
    ours = load_audio(files / name, 16_000, mono)
    theirs = librosa_load(files / name, 16_000, mono=mono)
    assert ours.dtype == np.float32
    assert ours.flags.c_contiguous
    assert abs(ours.shape[-1] - theirs.shape[-1]) <= 1  # librosa's ceil is in floats
    least = min(ours.shape[-1], theirs.shape[-1])
    np.testing.assert_allclose(ours[..., :least], theirs[..., :least], atol=1e-5)
    assert ours.shape[:-1] == (() if mono else (2,))
    assert 0.2 < np.abs(ours).max() <= 1


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_give_what_was_written(files, tone, name):
    written = tone(61_740, channels=2).T
    read = load_audio(files / name, 44_100, mono=False)
    np.testing.assert_allclose(read, written, atol=LOSSLESS[name])


@pytest.mark.parametrize("name", FORMATS)
def test_a_part_equals_the_slice_and_librosa(files, name):
    whole = load_audio(files / name, 44_100 if "opus" not in name else 48_000)
    rate = 48_000 if "opus" in name else 44_100
    for offset, duration in [(0, 0.3), (0.25, 0.5), (1.1, 0.1), (0.9, None)]:
        part = load_audio(files / name, rate, offset=offset, duration=duration)
        start = int(offset * rate + 1e-6)
        stop = None if duration is None else start + int(duration * rate + 1e-6)
        np.testing.assert_allclose(part, whole[start:stop], atol=1e-6)
        ours = load_audio(files / name, 16_000, offset=offset, duration=duration)
        theirs = librosa_load(files / name, 16_000, offset=offset, duration=duration)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@settings(deadline=None, max_examples=50)
@given(
    samples=st.integers(1, 3_000),
    rate=st.sampled_from([8_000, 16_000, 22_050, 96_000]),
    target=st.sampled_from([8_000, 16_000, 44_100]),
    begin=st.integers(0, 2_999),
    length=st.integers(1, 4_000),
)
def test_offset_and_duration_count_samples(
    encode, samples, rate, target, begin, length
):
    waveform = np.linspace(-0.9, 0.9, samples, dtype="float32")
    file = io.BytesIO(encode(waveform, rate, subtype="FLOAT"))
    begin = min(begin, samples - 1)
    part = load_audio(file, target, offset=begin / rate, duration=length / rate)
    expected = resample(waveform[begin : begin + length], rate, target)
    np.testing.assert_allclose(part, expected, atol=1e-6)


def test_float_noise_in_a_time_does_not_cost_a_sample(encode):
    waveform = np.linspace(-0.9, 0.9, 44_100, dtype="float32")
    file = io.BytesIO(encode(waveform, subtype="FLOAT"))
    assert 0.35 * 44_100 < 15_435  # 15434.999999999998
    assert load_audio(file, 44_100, offset=0.35)[0] == waveform[15_435]
    assert len(load_audio(file, 44_100, duration=0.35)) == 15_435


def test_a_duration_beyond_the_end_gives_what_is_there(encode, tone):
    file = io.BytesIO(encode(tone(8_000), 8_000))
    assert len(load_audio(file, 8_000, offset=0.75, duration=1e9)) == 2_000


def test_mono_is_the_mean_of_many_channels(encode, tone):
    sound = tone(9_000, 96_000, channels=6)
    file = io.BytesIO(encode(sound, 96_000, subtype="FLOAT"))
    mono = load_audio(file, 96_000)
    np.testing.assert_allclose(mono, sound.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("target", [16_000, 96_000])
def test_one_sample(encode, target):
    file = io.BytesIO(encode(np.array([0.5], "float32"), 44_100, subtype="FLOAT"))
    assert load_audio(file, target).shape == (-(-target // 44_100),)


def test_peaks_above_full_scale_are_kept(encode):
    loud = np.array([1.5, -1.25, 0.0], "float32")
    file = io.BytesIO(encode(loud, 16_000, subtype="FLOAT"))
    np.testing.assert_array_equal(load_audio(file, 16_000), loud)


class Unseekable(io.RawIOBase):
    def __init__(self, data):
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.data.readinto(buffer)


@pytest.mark.parametrize("name", ["pcm16.wav", "flac16.flac", "vorbis.ogg"])
def test_files_of_all_kinds(files, name):
    expected = load_audio(files / name, 16_000)
    data = (files / name).read_bytes()
    memory = io.BytesIO(data)
    memory.seek(100)  # read from the start, wherever it stands
    with open(files / name, "rb") as opened:
        for file in (memory, opened, Unseekable(data), Duck(data)):
            np.testing.assert_array_equal(load_audio(file, 16_000), expected)
            assert not getattr(file, "closed", False)


class Duck:
    """No more than a read method."""

    def __init__(self, data):
        self.read = io.BytesIO(data).read


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes(tmp_path, files):
    expected = load_audio(files / "flac16.flac", 16_000)
    data = (files / "flac16.flac").read_bytes()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=[data])
    writer.start()
    np.testing.assert_array_equal(load_audio(fifo, 16_000), expected)
    writer.join()
    code = (
        "import sys; from kerasaudio.audio import load_audio;"
        "print(len(load_audio(sys.stdin.buffer, 16_000)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=data,
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert int(done.stdout) == len(expected)


def test_an_error_of_the_users_file_is_not_lost(files):
    class Broken(Unseekable):
        def readinto(self, buffer):
            raise ConnectionError("the line is dead")

    with pytest.raises(ConnectionError, match="the line is dead"):
        load_audio(Broken(b""), 16_000)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"sample_rate": 0}, "sample_rate must be a whole number"),
        ({"sample_rate": 16_000.5}, "sample_rate must be a whole number"),
        ({"sample_rate": None}, "sample_rate must be a whole number"),
        ({"offset": -0.1}, "offset must be zero or a positive time.*-0.1"),
        ({"offset": float("nan")}, "offset must be.*nan"),
        ({"offset": "1s"}, "offset must be.*'1s'"),
        ({"duration": 0}, "duration must be a positive time.*0"),
        ({"duration": -1}, "duration must be"),
        ({"duration": float("inf")}, "duration must be.*inf"),
        ({"duration": 1e-6}, "shorter than one sample"),
        ({"offset": 1.4}, r"offset=1.4 s is at or after the end.*is 1.400 s"),
        ({"offset": 1e300}, r"after the end.*is 1.400 s"),
        ({"reader": "sox"}, "reader must be one of.*'sox'"),
    ],
)
def test_bad_arguments(files, arguments, says):
    for name in ("pcm16.wav", "vorbis.ogg", "layer3.mp3"):
        with pytest.raises(ValueError, match=f"(?s){says}"):
            load_audio(files / name, **({"sample_rate": 16_000} | arguments))


def test_the_import_is_light():
    code = (
        "import sys; import kerasaudio.audio;"
        "print([m for m in ('soundfile', 'soxr', 'tensorflow_io')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["esc10/audio", "fsdd"])
def test_real_clips(shared, folder):
    clips = sorted(
        path
        for path in (shared / "data" / folder).rglob("*")
        if path.suffix in (".ogg", ".wav", ".flac", ".mp3")
    )
    assert len(clips) > 20
    for path in clips[:: len(clips) // 20]:
        ours, theirs = load_audio(path, 16_000), librosa_load(path, 16_000)
        np.testing.assert_allclose(ours[: len(theirs)], theirs, atol=1e-5)
        info = soundfile.info(path)
        assert len(ours) == -(-info.frames * 16_000 // info.samplerate)
