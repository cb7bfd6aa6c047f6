"""Files that we write, for damage: each is made, and can be read again."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import keras
import numpy as np

from kerasaudio import FeatureExtractor, LogMelCNN, load_features
from kerasaudio.datasets.batching.decoded import DecodedAudio
from kerasaudio.features.rows import Rows
from kerasaudio.features.store import FileState, Store
from kerasaudio.similarity import DiskIndex, Index
from kerasaudio.training.state import State
from kerasaudio.weights import list_weights
from kerasaudio.weights.manifest import MANIFEST_VARIABLE
from support import features_table, sounds
from support.tiny import tiny_model

from .damaging import File, WrongError, same


def log(folder: Path) -> File:
    """A log of three files' features."""
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
                same(found, right, "a file's vectors")

    return log, read


def features(suffix: str) -> Callable[[Path], File]:
    """A table of features."""

    def make(folder: Path) -> File:
        table = features_table.make()
        path = table.save(folder / f"table{suffix}")

        def read() -> None:
            found = load_features(path)
            for name, value in vars(table).items():
                same(getattr(found, name), value, name)

        return path, read

    return make


def rewritten(suffix: str) -> Callable[[Path], File]:
    """A table that is there already, and is written again."""

    def make(folder: Path) -> File:
        root = sounds.class_folders(folder / "sounds", {"a": 2})
        extractor = FeatureExtractor(tiny_model(), cache=folder / "cache")
        path = folder / f"out{suffix}"
        extractor.write(root, path, progress=False)
        wanted = load_features(path).vectors

        def read() -> None:
            extractor.write(root, path, overwrite=True, progress=False)
            same(load_features(path).vectors, wanted, "vectors")

        return path, read

    return make


def index(folder: Path) -> File:
    """An `Index`."""
    index = Index()
    index.add(np.eye(3), ids=[7, "x", "7"], paths=["a", "b", "ü"], labels=list("aab"))
    path = folder / "index.npz"
    index.save(path)
    wanted = index.nearest([1, 2, 3], 3)

    def read() -> None:
        same(Index.load(path).nearest([1, 2, 3], 3), wanted, "the neighbors")

    return path, read


def disk_index(suffix: str) -> Callable[[Path], File]:
    """A file of a `DiskIndex`, with a part that was added."""

    def make(folder: Path) -> File:
        table = features_table.make().save(folder / "table.parquet")
        index = DiskIndex.build(table)
        index.add(np.eye(4), paths=["x", "ü", "y", "z"], starts=range(4))
        index.save()
        (path,) = index.folder.glob(suffix.replace(".", "data*.", suffix[0] == "."))
        query = [1, 2, 3, 4]
        wanted = index.nearest(query, 9)

        def read() -> None:
            same(DiskIndex(table).nearest(query, 9), wanted, "the neighbors")

        return path, read

    return make


def state(folder: Path) -> File:
    """The state of a training that was interrupted."""
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
        same(state.facts(), facts, "the facts")
        state.load(fresh)
        for variable, value in zip(fresh, values, strict=True):
            same(keras.ops.convert_to_numpy(variable), value, "a variable")

    return state.folder / "state.npz", read


def decoded(suffix: str) -> Callable[[Path], File]:
    """A file of the cache of decoded sound."""

    def make(folder: Path) -> File:
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
                same(found, right, "a waveform")

        return place, read

    return make


def native(folder: Path) -> File:
    """Weights by `save_pretrained`."""
    model = LogMelCNN(labels=["a", "b"], clip_samples=15 * 512, filters=2)
    path = model.save_pretrained(folder / "mine.safetensors")
    wanted = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    spec = model.spec

    def read() -> None:
        keras.utils.clear_session(free_memory=False)
        found = LogMelCNN(weights=path)
        same(found.spec, spec, "the spec")
        for weight, value in zip(found.weights, wanted, strict=True):
            same(keras.ops.convert_to_numpy(weight), value, "a weight")

    return path, read


def manifest(folder: Path) -> File:
    """A manifest of weights."""
    path = folder / "manifest.json"
    entry = {
        "factory": "MusiCNN",
        "tag": "own",
        "arguments": {"n_mels": 96},
        "labels": "mtat",
        "parameters": 100,
        "license": "ISC",
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
