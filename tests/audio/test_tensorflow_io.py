"""The optional reader: its errors where it cannot work, its numbers where it can.

What needs it runs in an environment of its own, with an old TensorFlow:
pip install ".[tensorflow-io,test]" && pytest tests/audio/test_tensorflow_io.py
"""

import importlib.util
import io
import itertools
import sys
import types

import numpy as np
import pytest

from kerasaudio.audio import AudioDecodeError, iter_windows, load_audio
from kerasaudio.audio.tensorflow_io import native_tensorflow_io

NEEDS = "tensorflow-io 0.37.1 and TensorFlow 2.16 or 2.17"
real = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_io") is None,
    reason="tensorflow-io is not installed: it needs an environment of its own",
)


@pytest.fixture
def probed_anew():
    native_tensorflow_io.cache_clear()
    yield
    native_tensorflow_io.cache_clear()


def fake(decode_wav):
    module = types.ModuleType("tensorflow_io")
    module.audio = types.SimpleNamespace(decode_wav=decode_wav)
    return module


def undefined_symbol(data, dtype):
    raise NotImplementedError("libtensorflow_io.so: undefined symbol: _ZN10tensorflow")


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (None, "Cannot import tensorflow_io"),
        (fake(undefined_symbol), "native ops do not work here.*undefined symbol"),
        (fake(lambda data, dtype: np.zeros((2, 1))), "decodes incorrectly"),
    ],
)
def test_a_reader_that_does_not_work(probed_anew, monkeypatch, encode, module, says):
    monkeypatch.setitem(sys.modules, "tensorflow_io", module)
    file = io.BytesIO(encode(np.zeros(9)))
    with pytest.raises(
        ImportError, match=f"(?s){says}.*{NEEDS}.*pip install .tensorflow-io=="
    ):
        load_audio(file, 16_000, reader="tensorflow-io")


CASES = {
    "pcm8": ({"format": "WAV", "subtype": "PCM_U8"}, 1e-6),
    "pcm16": ({"format": "WAV", "subtype": "PCM_16"}, 1e-6),
    "pcm24": ({"format": "WAV", "subtype": "PCM_24"}, 1e-6),
    "extensible": ({"format": "WAVEX", "subtype": "PCM_24"}, 1e-6),
    "float": ({"format": "WAV", "subtype": "FLOAT"}, 1e-6),
    "flac16": ({"format": "FLAC", "subtype": "PCM_16"}, 1e-6),
    "flac24": ({"format": "FLAC", "subtype": "PCM_24"}, 1e-6),
    "vorbis": ({"format": "OGG", "subtype": "VORBIS"}, 1e-5),
    "mp3": ({"format": "MP3"}, 1e-3),  # another decoder
}


@real
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_equals_soundfile(tone, encode, tmp_path, case, channels):
    options, tolerance = CASES[case]
    path = tmp_path / f"clip.{options['format'].lower()}"
    path.write_bytes(encode(tone(60_000, channels=channels), **options))
    spans = [{}, {"offset": 0.4, "duration": 0.5}, {"mono": False}, {"offset": 1.2}]
    for span in spans:
        theirs = load_audio(path, 16_000, reader="tensorflow-io", **span)
        ours = load_audio(path, 16_000, **span)
        assert theirs.dtype == np.float32
        np.testing.assert_allclose(theirs, ours, atol=tolerance)
    streamed = iter_windows(
        path, 16_000, 5_000, block_seconds=0.3, reader="tensorflow-io"
    )
    joined = np.concatenate([window for window, _ in streamed])
    whole = load_audio(path, 16_000, reader="tensorflow-io")
    np.testing.assert_allclose(joined[: len(whole)], whole, atol=1e-6)


@real
def test_files_in_memory(tone, encode):
    file = io.BytesIO(encode(tone(9_000), format="FLAC"))
    read = load_audio(file, 16_000, reader="tensorflow-io")
    np.testing.assert_allclose(read, load_audio(file, 16_000), atol=1e-6)


@real
def test_bad_files(tone, encode, tmp_path):
    with pytest.raises(AudioDecodeError, match=r"tensorflow-io cannot decode .*text"):
        load_audio(io.BytesIO(b"hello " * 99), 16_000, reader="tensorflow-io")
    cut = encode(tone(9_000))[:9_000]
    with pytest.raises(AudioDecodeError, match="truncated"):
        load_audio(io.BytesIO(cut), 16_000, reader="tensorflow-io")
    file = io.BytesIO(encode(tone(9_000)))
    with pytest.raises(ValueError, match="after the end"):
        load_audio(file, 16_000, offset=3, reader="tensorflow-io")
    with pytest.raises(FileNotFoundError):
        load_audio(tmp_path / "absent.wav", 16_000, reader="tensorflow-io")


@real
@pytest.mark.parametrize(
    ("format", "subtype"),
    [
        *itertools.product(["WAV", "WAVEX"], ["PCM_32", "DOUBLE", "ULAW"]),
        ("WAV", "MS_ADPCM"),
    ],
)
def test_what_it_misreads_is_refused(tone, encode, format, subtype):
    data = encode(tone(9_000), format=format, subtype=subtype)
    with pytest.raises(AudioDecodeError, match=r"misreads .*reader='soundfile'"):
        load_audio(io.BytesIO(data), 16_000, reader="tensorflow-io")
