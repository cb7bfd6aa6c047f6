"""`.keras` files of earlier versions, kept without their weights, which are seeded.

Kept is what a version decides: the configuration and the names and shapes of the
arrays, by file; and what the network gave with seeded weights. Made by
`PYTHONPATH=tests python -m support.saved_before FILE.json.xz`, in that version.
"""

import json
import lzma
import sys
import zipfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import keras
import numpy as np

import kerasaudio
from support.small import small

CONFIGURATION, WEIGHTS = "config.json", "model.weights.h5"
METADATA = {"keras_version": "3.15.1", "date_saved": "2026-11-28@00:00:00"}
NOISE_SAMPLES = 12_000  # where a network takes any length


def seeded(name: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Give an array that is the same wherever its name and shape are."""
    draw = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) < 2:  # of variances, too
        return draw.uniform(0.5, 1.5, shape).astype(dtype)
    fan_in = np.prod(shape[:-1])
    return (draw.normal(0, 1, shape) / np.sqrt(fan_in)).astype(dtype)


def write(saved: dict[str, Any], path: Path) -> None:
    """Write a kept file as Keras wrote it, with seeded weights."""
    layout = path.with_suffix(".h5")
    with h5py.File(layout, "w") as file:
        for group in saved["groups"]:
            file.require_group(group)
        for name, (shape, dtype) in saved["arrays"].items():
            file.create_dataset(name, data=seeded(name, tuple(shape), dtype))
        for name, texts in saved["attributes"].items():
            for key, value in texts.items():
                file[name].attrs[key] = value
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps(METADATA))
        archive.writestr(CONFIGURATION, json.dumps(saved["configuration"]))
        archive.write(layout, WEIGHTS)


def outputs(model: kerasaudio.AudioModel) -> list[float]:
    """Give embedding and predictions of a clip of seeded noise, one after the other."""
    samples = max(model.spec.window_samples, NOISE_SAMPLES)
    samples = model.spec.clip_samples or samples
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, samples))
    ends = [model.get_layer("embedding").output, model.output]
    found = keras.Model(model.input, ends).predict(noise.astype("float32"), verbose=0)
    return [float(f"{x:.7g}") for end in found for x in np.ravel(end)]


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Give what was kept, by name."""
    return json.loads(lzma.decompress(path.read_bytes()))


def _kept(model: kerasaudio.AudioModel, folder: Path) -> dict[str, Any]:
    path = folder / "saved.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        configuration = json.loads(archive.read(CONFIGURATION))
        archive.extract(WEIGHTS, folder)
    arrays, groups, attributes = {}, [], {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = (item.shape, item.dtype.str)
        else:
            groups.append(name)
        if item.attrs:
            attributes[name] = {key: str(value) for key, value in item.attrs.items()}

    with h5py.File(folder / WEIGHTS) as file:
        file.visititems(visit)
    saved = {
        "configuration": configuration,
        "arrays": arrays,
        "groups": groups,
        "attributes": attributes,
    }
    write(saved, path)
    model = keras.saving.load_model(path)
    assert isinstance(model, kerasaudio.AudioModel)
    return saved | {"outputs": outputs(model)}


def _main(out: str) -> None:
    kept = {}
    models = {name: (name, None) for name in kerasaudio.FACTORIES} | {
        entry.title: (entry.factory, entry.tag)
        for entry in kerasaudio.list_weights()
        if any(source.kind == "bundled" for source in entry.pinned_sources)
    }
    for title, (factory, tag) in models.items():
        arguments = {} if tag else small(factory)
        model = kerasaudio.FACTORIES[factory](weights=tag, **arguments)
        with TemporaryDirectory() as folder:
            kept[title] = _kept(model, Path(folder))
        print(title, np.round(kept[title]["outputs"][-4:], 3))
    text = json.dumps(kept, sort_keys=True).encode()
    Path(out).write_bytes(lzma.compress(text))


if __name__ == "__main__":
    _main(*sys.argv[1:])
