"""Sound files, whole and cut in half; and the published data sets' tables."""

import csv
import io
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from kerasaudio.audio import AudioDecodeError, AudioWarning, load_audio
from kerasaudio.audio.decode import open_audio
from kerasaudio.datasets import ESC50, LabeledClips, UrbanSound8K
from parity_tables.figures import Measurement, Row
from support import containers, official

CONTAINERS, TABLES = "containers", "tables"
SECONDS = 3
PLAIN: dict[str, dict[str, str]] = {
    "wav": {"format": "WAV"},
    "rf64": {"format": "RF64"},
    "w64": {"format": "W64", "subtype": "PCM_16"},
    "aiff": {"format": "AIFF"},
    "caf": {"format": "CAF", "subtype": "PCM_16"},
    "flac": {"format": "FLAC"},
    "ogg, Vorbis": {"format": "OGG"},
    "ogg, Opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {"format": "MP3"},
}
MPEG = {
    "layer2.mp2": ["-c:a", "mp2"],
    "mp3.wav": ["-c:a", "libmp3lame", "-b:a", "64k"],
}
DECODERS = {
    "SoundFileDecoder": "libsndfile",
    "ChainDecoder": "libsndfile, each stream",
    "FfmpegDecoder": "ffmpeg",
}
# What lays out the published names, what reads them, and the published table.
SETS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], LabeledClips], str]]
SETS = {
    "ESC-50": (official.esc50, ESC50, "esc50.csv"),
    "UrbanSound8K": (official.urbansound8k, UrbanSound8K, "UrbanSound8K.csv"),
}


def measurements(shared: Path) -> Iterator[Measurement]:
    """Give the rows: containers, and data sets as published."""
    for name, options in {**PLAIN, **containers.CHECKED}.items():
        yield _row(name, partial(_by_libsndfile, options), containers.RATE)
    for name, subtype in containers.UNCHECKED.items():
        rate = containers.UNCHECKED_RATES.get(name, containers.RATE)
        options = {"format": name, "subtype": subtype}
        yield _row(name.lower(), partial(_by_libsndfile, options), rate)
    ogg = partial(_twice, {"format": "OGG"})
    yield _row("ogg, Vorbis, two streams", ogg, containers.RATE)
    if containers.ffmpeg_program() is not None:
        for name, words in (containers.CODECS | MPEG).items():
            stem, _, suffix = name.partition(".")
            title = f"{suffix}, {words[1]} ({stem})"
            yield _row(title, partial(_by_ffmpeg, name, words), 44_100)
    for name in SETS:
        yield Measurement(TABLES, name, partial(_table, name, shared))


def _by_libsndfile(options: dict[str, str], sound: np.ndarray, rate: int) -> bytes:
    return containers.encode(sound, rate, **options)


def _by_ffmpeg(name: str, words: list[str], sound: np.ndarray, rate: int) -> bytes:
    return containers.encode_by_ffmpeg(sound, rate, name, *words)


def _twice(options: dict[str, str], sound: np.ndarray, rate: int) -> bytes:
    half = len(sound) // 2
    parts = (sound[:half], sound[half:])
    return b"".join(containers.encode(part, rate, **options) for part in parts)


def _row(
    name: str, encoded: Callable[[np.ndarray, int], bytes], rate: int
) -> Measurement:
    return Measurement(CONTAINERS, name, partial(_container, encoded, rate))


def _container(encoded: Callable[[np.ndarray, int], bytes], rate: int) -> Row:
    sound = containers.tone(SECONDS * rate, rate)
    data = encoded(sound, rate)
    half = data[: len(data) // 2]
    try:
        whole = load_audio(io.BytesIO(data), rate)
        with open_audio(io.BytesIO(data)) as decoder:
            by = DECODERS[type(decoder).__name__]
    except AudioDecodeError as error:
        return {"by": None, "half": _words(error)}
    try:
        words = f"{_seconds(load_audio(io.BytesIO(half), rate), rate)}, no error"
    except AudioDecodeError as error:
        words = _words(error)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)  # it tells what the error told
        try:
            left = load_audio(io.BytesIO(half), rate, errors="salvage")
            salvaged = _seconds(left, rate)
        except AudioDecodeError:
            salvaged = None
    return {
        "by": by,
        "read": _seconds(whole, rate),
        "half": words,
        "salvaged": salvaged,
    }


def _seconds(sound: np.ndarray, rate: int) -> str:
    return f"{len(sound) / rate:.3f} s"


def _words(error: AudioDecodeError) -> str:
    """Give the part of a message that is of the file, not of what to do."""
    sentence = str(error).removeprefix("BytesIO is ").split(". ")[0]
    return re.sub(r" \((?:ffmpeg|libsndfile): .*?\)?(?=, |$)", "", sentence)


def _table(name: str, shared: Path) -> Row:
    lay_out, read, published = SETS[name]
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        clips = read(lay_out(Path(folder) / name))
    (told,) = [str(w.message) for w in caught if "published folds" in str(w.message)]
    with (shared / "data" / "meta" / published).open(newline="") as file:
        rows = list(csv.DictReader(file))
    listed = {
        (row.get("filename") or row["slice_file_name"], int(row["fold"]))
        for row in rows
    }
    folds = clips.require_folds()
    found = {
        (path.name, int(fold)) for path, fold in zip(clips.paths, folds, strict=True)
    }
    return {
        "rows": len(rows),
        "clips": len(clips),
        "same": found == listed,
        "folds": " ".join(map(str, np.bincount(folds)[1:])),
        "shared": told,
    }
