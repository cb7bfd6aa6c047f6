"""Damage: what a disk does to our files is read as it was, counts as absent, or named.

Each kind of file is an area: it is written once, changed in thousands of ways, and read
as users read it. Wrong is any other exception than the documented one, a message that
does not name the file, numbers that are not those written, and more memory or time
than a small file can cost.
"""

import json
import os
import shutil
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np

from kerasaudio import FeatureExtractor, LogMelCNN, load_features
from kerasaudio.datasets import ESC50, from_table
from kerasaudio.datasets.decoded import DecodedAudio
from kerasaudio.features import Features
from kerasaudio.features.rows import Failed, Rows
from kerasaudio.features.store import FileState, Store
from kerasaudio.models.named import load_named
from kerasaudio.similarity import Index
from kerasaudio.training.state import State
from kerasaudio.weights.convert.keras2_hdf5 import read_keras2, read_named
from kerasaudio.weights.manifest import MANIFEST_VARIABLE, list_weights
from support import esc_folder, keras2, sounds
from support.damage import damaged, memory_limited
from support.tiny import tiny_model

FULL, QUICK = 20_000, 300
SECONDS = 10.0  # no file of a few kilobytes takes longer to read
MEMORY = 2**31  # nor more than this
_WAVEFORM = np.random.default_rng(0).normal(0, 0.1, (1, 4_000)).astype("float32")


class WrongError(Exception):
    """What was read is neither what was written nor absent."""


class Damage:
    """An area: one kind of file.

    Args:
        name: Of the area.
        make: Writes the file into an empty folder; gives its path, and a function that
            reads it again: it returns quietly, raises `WrongError`, or raises what its
            documentation says.
        allowed: Errors that may be raised, if they name the file.
        quick: Cases of a quick run.
        changes: Gives contents for a content, how many and a seed; `damaged` if None.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[Path], tuple[Path, Callable[[], None]]],
        allowed: tuple[type[Exception], ...] = (ValueError,),
        quick: int = QUICK,
        changes: Callable[[bytes, int, int], Iterator[bytes]] = damaged,
    ) -> None:
        self.NAME = f"damage: {name}"
        self._make, self._allowed, self._quick = make, allowed, quick
        self._changes = changes

    def run(self, quick: bool) -> Iterator[tuple[str, str | None]]:
        """Change the file in many ways."""
        count = self._quick if quick else FULL
        with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "__array__ implementation doesn't accept")
            path, read = self._make(Path(name))
            whole = path.read_bytes()
            read()
            for number, content in enumerate(self._changes(whole, count, 0)):
                _replace(path, content)
                wrong = self._wrong(path, read)
                if wrong is not None:
                    wrong = f"{wrong}; the file begins {content[:12]!r}"
                yield f"change {number}", wrong

    def _wrong(self, path: Path, read: Callable[[], None]) -> str | None:
        begin = time.monotonic()
        try:
            with memory_limited(MEMORY):
                read()
        except WrongError as error:
            return str(error)
        except self._allowed as error:
            if str(path) not in str(error):
                return f"the message does not name the file: {error!r:.300}"
        except Exception as error:
            return f"{error!r:.300}"
        seconds = time.monotonic() - begin
        return None if seconds < SECONDS else f"it took {seconds:.1f} s"


def _replace(path: Path, content: bytes) -> None:
    """Put another file there: what still maps the old one keeps it."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def _same(found: Any, wanted: Any, what: str) -> None:
    if isinstance(wanted, np.ndarray):
        same = np.array_equal(found, wanted) and found.dtype == wanted.dtype
    else:
        same = found == wanted
    if not same:
        raise WrongError(f"{what} came back different")


def _log(folder: Path) -> tuple[Path, Callable[[], None]]:
    files = [FileState(f"/{name}.wav", 10, 20) for name in "abc"]
    rng = np.random.default_rng(0)
    with Store(folder) as store:
        for number, file in enumerate(files, 1):
            vectors = rng.normal(size=(number, 4)).astype("float32")
            store.add(file, Rows(vectors, np.arange(1.0 * number), np.ones(number)))
    (log,) = folder.iterdir()

    def contents() -> list[bytes | None]:
        store = Store(folder)
        found = [store.get(file) for file in files]
        return [None if rows is None else rows.to_bytes() for rows in found]

    wanted = contents()

    def read() -> None:
        for found, right in zip(contents(), wanted, strict=True):
            if found is not None:
                _same(found, right, "a file's vectors")

    return log, read


def _features(suffix: str) -> Callable[[Path], tuple[Path, Callable[[], None]]]:
    def make(folder: Path) -> tuple[Path, Callable[[], None]]:
        rng = np.random.default_rng(0)
        table = Features(
            rng.normal(size=(5, 4)).astype("float32"),
            tuple(map(Path, ["a.wav", "a.wav", "b.wav", "ü.wav", "c.wav"])),
            np.arange(5.0),
            np.arange(5.0) + 1,
            (Failed(Path("d.wav"), "it is empty"),),
            {"model": "Tiny", "fingerprint": "0123"},
        )
        path = table.save(folder / f"table{suffix}")

        def read() -> None:
            found = load_features(path)
            for name, value in vars(table).items():
                _same(getattr(found, name), value, name)

        return path, read

    return make


def _rewritten(suffix: str) -> Callable[[Path], tuple[Path, Callable[[], None]]]:
    def make(folder: Path) -> tuple[Path, Callable[[], None]]:
        root = sounds.class_folders(folder / "sounds", {"a": 2})
        extractor = FeatureExtractor(tiny_model(), cache=folder / "cache")
        path = folder / f"out{suffix}"
        extractor.write(root, path, progress=False)
        wanted = load_features(path).vectors

        def read() -> None:
            extractor.write(root, path, overwrite=True, progress=False)
            _same(load_features(path).vectors, wanted, "vectors")

        return path, read

    return make


def _index(folder: Path) -> tuple[Path, Callable[[], None]]:
    index = Index()
    index.add(np.eye(3), ids=[7, "x", "7"], paths=["a", "b", "ü"], labels=list("aab"))
    path = folder / "index.npz"
    index.save(path)
    wanted = index.nearest([1, 2, 3], 3)

    def read() -> None:
        _same(Index.load(path).nearest([1, 2, 3], 3), wanted, "the neighbours")

    return path, read


def _state(folder: Path) -> tuple[Path, Callable[[], None]]:
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape).astype("float32") for shape in ((3, 4), (), (5,))]
    facts = {"epoch": 3, "history": [0.5, 0.25]}
    state = State(folder / "mine.keras")
    state.begin()
    state.save([keras.Variable(value) for value in values], facts)

    fresh = [keras.Variable(value) for value in values]

    def read() -> None:
        for variable, value in zip(fresh, values, strict=True):
            variable.assign(np.zeros_like(value))
        _same(state.facts(), facts, "the facts")
        state.load(fresh)
        for variable, value in zip(fresh, values, strict=True):
            _same(keras.ops.convert_to_numpy(variable), value, "a variable")

    return state.folder / "state.npz", read


def _decoded(suffix: str) -> Callable[[Path], tuple[Path, Callable[[], None]]]:
    def make(folder: Path) -> tuple[Path, Callable[[], None]]:
        root = sounds.class_folders(folder / "sounds", {"a": 2, "b": 1}, 0.1)
        files = sorted(root.rglob("*.wav"))
        kept, cache = folder / "kept", folder / "cache"

        def whole() -> list[np.ndarray]:
            audio = DecodedAudio(files, sounds.RATE, cache=cache, readers=1)
            return [audio.read(file) for file in files]

        wanted = whole()
        (path,) = cache.rglob(f"*{suffix}")
        place = kept / path.relative_to(cache)
        shutil.copytree(cache, kept)

        def read() -> None:
            # What the last run added for what it found damaged must not help this one.
            shutil.rmtree(cache)
            shutil.copytree(kept, cache)
            for found, right in zip(whole(), wanted, strict=True):
                _same(found, right, "a waveform")

        return place, read

    return make


def _native(folder: Path) -> tuple[Path, Callable[[], None]]:
    model = LogMelCNN(labels=["a", "b"], clip_samples=15 * 512, filters=2)
    path = model.save_pretrained(folder / "mine.safetensors")
    wanted = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    spec = model.spec

    def read() -> None:
        keras.utils.clear_session(free_memory=False)
        found = LogMelCNN(weights=path)
        _same(found.spec, spec, "the spec")
        for weight, value in zip(found.weights, wanted, strict=True):
            _same(keras.ops.convert_to_numpy(weight), value, "a weight")

    return path, read


def _manifest(folder: Path) -> tuple[Path, Callable[[], None]]:
    path = folder / "manifest.json"
    entry = {
        "factory": "MusiCNN",
        "tag": "own",
        "arguments": {"n_mels": 96},
        "labels": "mtat",
        "parameters": 100,
        "licence": "ISC",
        "citation": "x",
        "homepage": "https://example.org",
        "metrics": {"dataset": "x", "roc_auc": 0.9},
        "sources": [
            {
                "kind": "https",
                "format": "native",
                "url": "https://example.org/x.safetensors",
                "sha256": "0" * 64,
                "size": 100,
            }
        ],
    }
    path.write_text(json.dumps({"schema_version": 1, "weights": [entry]}))

    def read() -> None:
        with mock.patch.dict(os.environ, {MANIFEST_VARIABLE: str(path)}):
            for found in list_weights():
                if not all(len(source.sha256 or "") == 64 for source in found.sources):
                    raise WrongError("a hash of another length")

    return path, read


def _saved(folder: Path) -> tuple[Path, Callable[[], None]]:
    model = tiny_model()
    path = folder / "mine.keras"
    model.save(path)
    wanted = model.predict_on_batch(_WAVEFORM)
    labels = model.spec.labels

    def read() -> None:
        keras.utils.clear_session(free_memory=False)
        found = load_named(path)
        _same(found.spec.labels, labels, "the labels")
        _same(np.asarray(found.predict_on_batch(_WAVEFORM)), wanted, "the scores")

    return path, read


def _keras2(named: bool) -> Callable[[Path], tuple[Path, Callable[[], None]]]:
    def make(folder: Path) -> tuple[Path, Callable[[], None]]:
        path = folder / "weights.h5"
        rng = np.random.default_rng(0)
        if named:
            names = [
                f"layer{i}/conv/{name}" for i in (1, 2) for name in ("kernel", "b")
            ]
            keras2.write_named(path, {n: rng.normal(size=(2, 3)) for n in names})
        else:
            kinds = ["conv1d", "dense", "conv1d"]
            weights = [{"kernel": rng.normal(size=(2, 3))} for _ in kinds]
            keras2.write_keras2(path, list(zip(kinds, weights, strict=True)))
        read = read_named if named else read_keras2
        # Such files are of others and without a checksum: only errors can be judged.
        return path, lambda: _ignore(read(path))

    return make


def _ignore(value: Any) -> None:
    """Drop what a reader gave."""


def _table(folder: Path) -> tuple[Path, Callable[[], None]]:
    for name in ("a", "b", "c"):
        sounds.write(folder / f"{name}.wav")
    path = folder / "clips.csv"
    path.write_text(
        "path,label,start,end,fold,group,part\n"
        "a.wav,dog,0,0.25,1,x,training\n"
        'b.wav,"cat, old",0.125,,2,y,testing\n'
        "c.wav,ü,,,1,z,validation\n",
        encoding="utf-8",
    )
    return path, lambda: _ignore(from_table(path))


def _esc50(folder: Path) -> tuple[Path, Callable[[], None]]:
    esc_folder.make(folder, clips=1, folds=2)
    path = folder / "meta" / "esc50.csv"
    return path, lambda: _ignore(ESC50(folder))


ODD: list[Any] = [
    *(None, True, -1, 0, 1, 2**40, 0.5, 1e30, float("nan"), float("inf")),
    *("", "fast", "\x1b[2J", [], [1], ["a", "a"], {}, {"x": 1}),
]


def _odd_values(document: Any) -> Iterator[Any]:
    """Give a JSON document with each of its values replaced by odd ones, or gone."""
    for key in document if isinstance(document, dict) else range(len(document)):
        value = document[key]
        for other in ODD:
            yield _changed(document, key, other)
        if isinstance(value, dict | list):
            for inner in _odd_values(value):
                yield _changed(document, key, inner)
        rest = type(document)(document)
        del rest[key]
        yield rest


def _changed(document: Any, key: Any, value: Any) -> Any:
    other = type(document)(document)
    other[key] = value
    return other


def _sample(items: list[Any], count: int, seed: int) -> list[Any]:
    order = np.random.default_rng(seed).permutation(len(items))[:count]
    return [items[number] for number in order]


def _saved_values(whole: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Give saved models, whole as archives, whose spec holds odd values."""
    with tempfile.TemporaryFile() as file:
        file.write(whole)
        with zipfile.ZipFile(file) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        config = json.loads(members["config.json"])
        spec = config["config"]["spec"]
        others = [*_odd_values(spec), *(odd for odd in ODD if odd is not None)]
        for other in _sample(others, count, seed):
            changed = config | {"config": config["config"] | {"spec": other}}
            file.truncate(0)
            with zipfile.ZipFile(file, "w") as archive:
                for name, content in members.items():
                    if name == "config.json":
                        content = json.dumps(changed).encode()
                    archive.writestr(name, content)
            file.seek(0)
            yield file.read()


def _saved_with(folder: Path) -> tuple[Path, Callable[[], None]]:
    path, _ = _saved(folder)
    sound = sounds.write(folder / "x.wav")

    def read() -> None:
        keras.utils.clear_session(free_memory=False)
        model = load_named(path)
        json.dumps(model.spec.get_config())
        if model.spec.labels is not None:
            model.tag(sound)
        model.embed(sound)

    return path, read


AREAS = [
    Damage("log of features", _log),
    Damage("table of features, .npz", _features(".npz")),
    Damage("table of features, .parquet", _features(".parquet")),
    Damage("table written again, .npz", _rewritten(".npz"), quick=50),
    Damage("table written again, .parquet", _rewritten(".parquet"), quick=50),
    Damage("index", _index),
    Damage("state of a training", _state),
    Damage("decoded sound", _decoded(".pcm"), quick=100),
    Damage("decoded sound, its list", _decoded(".index"), quick=100),
    Damage("native weights", _native),
    Damage("manifest", _manifest),
    Damage("table of clips", _table, (ValueError, FileNotFoundError)),
    Damage("table of ESC-50", _esc50, (ValueError, FileNotFoundError)),
    Damage("saved model", _saved, quick=100),
    Damage("saved model, odd facts", _saved_with, quick=40, changes=_saved_values),
    Damage("Keras 2, layers by number", _keras2(named=False)),
    Damage("Keras 2, layers by name", _keras2(named=True)),
]
