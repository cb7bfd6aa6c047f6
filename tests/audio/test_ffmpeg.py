"""What libsndfile does not read goes through ffmpeg, or the error says what to do."""

import io
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from kerasaudio.audio import AudioDecodeError, iter_windows, load_audio
from kerasaudio.audio import ffmpeg as reader
from support.containers import CODECS

M4A = b"\0\0\0\x1cftypM4A \0\0\0\0" + bytes(99)
FRAMES = ("raw.aac", "disc.ac3", "disc.eac3")  # in a row, without a length


@pytest.fixture(scope="module")
def clips(tmp_path_factory, ffmpeg, tone):
    folder = tmp_path_factory.mktemp("clips")
    soundfile.write(folder / "source.wav", tone(2 * 44_100, channels=2), 44_100)
    for name, options in CODECS.items():
        ffmpeg("-i", folder / "source.wav", *options, folder / name)
    return folder


@pytest.mark.parametrize("name", CODECS)
def test_sounds_like_the_source(clips, name):
    source = load_audio(clips / "source.wav", 16_000)
    read = load_audio(clips / name, 16_000)
    assert read.dtype == np.float32
    assert abs(len(read) - len(source)) < 2_000  # codecs pad
    lag = np.argmax(np.correlate(read[: 8_000 + 3_000], source[:8_000], "valid"))
    error = read[lag : lag + 24_000] - source[:24_000]
    assert np.sqrt(np.mean(error**2)) < 0.03
    assert load_audio(clips / name, 16_000, mono=False).shape == (2, len(read))


@pytest.mark.parametrize("name", ["phone.m4a", "browser.webm"])
def test_parts_files_and_streams(clips, name):
    whole = load_audio(clips / name, 48_000)
    with open(clips / name, "rb") as file:
        np.testing.assert_array_equal(load_audio(file, 48_000), whole)
    memory = io.BytesIO((clips / name).read_bytes())
    np.testing.assert_array_equal(load_audio(memory, 48_000), whole)
    if name == "browser.webm":  # its own rate: parts are slices
        part = load_audio(clips / name, 48_000, offset=0.7, duration=0.5)
        np.testing.assert_array_equal(part, whole[33_600:57_600])
    streamed = list(iter_windows(clips / name, 48_000, 10_000, block_seconds=0.2))
    joined = np.concatenate([window for window, _ in streamed])[: len(whole)]
    np.testing.assert_allclose(joined, whole, atol=1e-6)
    with pytest.raises(ValueError, match=r"after the end.*is 2\.0"):
        load_audio(clips / name, 48_000, offset=10)


@pytest.mark.parametrize("name", ["-i.m4a", "concat:a|b.m4a", "a b\nc.m4a", "%03d.m4a"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows forbids these names")
def test_odd_names(clips, tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes((clips / "phone.m4a").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert len(load_audio(name, 16_000)) > 30_000


@pytest.mark.parametrize("name", sorted(CODECS.keys()))
def test_a_file_cut_short(clips, name):
    data = (clips / name).read_bytes()
    size = len(data) // 2 + (300 if name in FRAMES else 0)
    with pytest.raises(AudioDecodeError, match="truncated"):
        load_audio(io.BytesIO(data[:size]), 16_000)
    with pytest.raises(AudioDecodeError, match="truncated"):
        list(iter_windows(io.BytesIO(data[:size]), 16_000, 8_000))


def test_a_file_cut_where_ffmpeg_sees_nothing(clips):
    """WavPack between two blocks, mp4 between two packets, Ogg between two pages."""
    data = (clips / "lossless.wv").read_bytes()
    at = data.find(b"wvpk", len(data) // 2)
    with pytest.raises(AudioDecodeError, match=r"truncated: .*samples are missing"):
        load_audio(io.BytesIO(data[:at]), 16_000)
    data = (clips / "front.mov").read_bytes()
    at = data.find(b"mdat") + 4 + 4 * 1_024 * 20
    with pytest.raises(AudioDecodeError, match=r"bytes are missing"):
        load_audio(io.BytesIO(data[:at]), 16_000)
    data = (clips / "flac.ogg").read_bytes()
    with pytest.raises(AudioDecodeError, match="last page is missing"):
        load_audio(io.BytesIO(data[: data.rfind(b"OggS")]), 16_000)


@pytest.mark.parametrize("name", ["flac.ogg", "alac.caf", "lossless.tta"])
def test_lossless_sound_is_exact(clips, name):
    source = load_audio(clips / "source.wav", 44_100)
    np.testing.assert_allclose(load_audio(clips / name, 44_100), source, atol=2**-14)


def test_speex(clips, ffmpeg, tmp_path):
    path = tmp_path / "speech.spx"
    try:
        ffmpeg("-i", clips / "source.wav", "-ar", "16000", "-c:a", "libspeex", path)
    except subprocess.CalledProcessError:
        pytest.skip("this ffmpeg writes no Speex")
    assert 31_000 < len(load_audio(path, 16_000)) < 34_000
    with pytest.raises(AudioDecodeError, match="truncated"):
        load_audio(io.BytesIO(path.read_bytes()[:-2_000]), 16_000)


def test_ogg_flac_in_a_row_is_refused(clips):
    data = 2 * (clips / "flac.ogg").read_bytes()
    with pytest.raises(AudioDecodeError, match=r"FLAC in Ogg.*Convert"):
        load_audio(io.BytesIO(data), 16_000)


def test_aac_behind_a_tag(clips):
    data = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + (clips / "raw.aac").read_bytes()
    whole = load_audio(clips / "raw.aac", 16_000)
    np.testing.assert_array_equal(load_audio(io.BytesIO(data), 16_000), whole)


def test_a_film_gives_its_sound(ffmpeg, clips, tmp_path):
    film = tmp_path / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=d=2:s=64x64", "-i", clips / "source.wav",
           "-c:v", "mpeg4", "-c:a", "aac", film)  # fmt: skip
    assert abs(len(load_audio(film, 16_000)) - 32_000) < 2_000


@pytest.mark.parametrize("data", [M4A, b"\x1a\x45\xdf\xa3" + bytes(500)])
def test_a_header_without_sound(ffmpeg, data):
    with pytest.raises(AudioDecodeError, match=r"contains no audio \(ffmpeg: .*\)"):
        load_audio(io.BytesIO(data), 16_000)


def test_a_film_without_sound(ffmpeg, tmp_path):
    film = tmp_path / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=d=1:s=64x64", "-c:v", "mpeg4", film)
    with pytest.raises(AudioDecodeError, match=r"contains no audio, only pictures"):
        load_audio(film, 16_000)


def test_ffmpeg_that_hangs_is_stopped(clips, monkeypatch, tmp_path):
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(reader, "BLOCK_TIMEOUT", 0.2)
    with pytest.raises(AudioDecodeError, match=r"ffmpeg returned nothing for 0\.2 s"):
        load_audio(io.BytesIO(M4A), 16_000)


def test_ffmpeg_is_told_what_it_may_do(monkeypatch, tmp_path):
    """No shell, no addresses, no guessing of formats; whatever the file is called."""
    commands = []

    def record(command, **options):
        commands.append((command, options))
        raise OSError("stop here")

    monkeypatch.setattr(reader.shutil, "which", lambda name: "/usr/bin/ffmpeg")
    monkeypatch.setattr(subprocess, "Popen", record)
    path = tmp_path / "-i http.m4a"
    path.write_bytes(M4A)
    with pytest.raises(OSError, match="stop here"):
        load_audio(path, 16_000)
    command, options = commands[0]
    assert command[0] == "/usr/bin/ffmpeg"
    assert command[command.index("-i") + 1] == f"file:{path}"
    assert command[command.index("-protocol_whitelist") + 1] == "file,pipe"
    assert command[command.index("-f") + 1] == "mov"
    assert "-nostdin" in command
    assert not options.get("shell")
    assert options["stdin"] == subprocess.DEVNULL


@pytest.mark.parametrize(
    "data", [M4A, b"\xff\xf1\x50\x80" + bytes(99), b"#!AMR\n", b"TTA1" + bytes(99)]
)
def test_without_ffmpeg_the_error_says_what_to_do(monkeypatch, tmp_path, data):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioDecodeError, match=r"Install the ffmpeg program.*convert"):
        load_audio(io.BytesIO(data), 16_000)


@pytest.mark.parametrize(
    "head", [b"#EXTM3U", b"ffconcat version 1.0", b"v=0\r\no=- ", b"RIFF", b""]
)
def test_playlists_and_the_rest_never_reach_ffmpeg(head):
    assert reader.demuxer(head + bytes(64)) is None


@pytest.mark.parametrize("name", ["flac.ogg", "alac.caf"])
def test_without_ffmpeg_the_message_does_not_promise_too_much(
    clips, monkeypatch, tmp_path, name
):
    data = (clips / name).read_bytes()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioDecodeError, match=r"libsndfile does not read.*ffmpeg doe"):
        load_audio(io.BytesIO(data), 16_000)
