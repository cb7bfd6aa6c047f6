"""Saved models, weights of Keras 2 and tables of clips, for damage."""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasaudio.checkpoints.keras2_hdf5 import read_keras2, read_named
from kerasaudio.datasets import ESC50, from_table
from kerasaudio.loading import load
from support import esc_folder, keras2, sounds
from support.tiny import tiny_model

from .damaging import File, same

_WAVEFORM = np.random.default_rng(0).normal(0, 0.1, (1, 4_000)).astype("float32")


def saved(folder: Path) -> File:
    """A saved model."""
    model = tiny_model()
    path = folder / "mine.keras"
    model.save(path)
    wanted = model.predict_on_batch(_WAVEFORM)
    labels = model.spec.labels

    def read() -> None:
        keras.utils.clear_session(free_memory=False)
        found = load(path)
        same(found.spec.labels, labels, "the labels")
        same(np.asarray(found.predict_on_batch(_WAVEFORM)), wanted, "the scores")

    return path, read


def keras2_weights(named: bool) -> Callable[[Path], File]:
    """Weights that Keras 2 wrote."""

    def make(folder: Path) -> File:
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


def table(folder: Path) -> File:
    """A table of clips."""
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


def esc50(folder: Path) -> File:
    """The table of ESC-50."""
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


def saved_values(whole: bytes, count: int, seed: int) -> Iterator[bytes]:
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


def saved_with(folder: Path) -> File:
    """A saved model, to be heard with."""
    path, _ = saved(folder)
    sound = sounds.write(folder / "x.wav")

    def read() -> None:
        keras.utils.clear_session(free_memory=False)
        model = load(path)
        json.dumps(model.spec.get_config())
        if model.spec.labels is not None:
            model.tag(sound)
        model.embed(sound)

    return path, read
