"""Weights and exports: differences after writing and reading."""

import functools
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import keras
from safetensors.numpy import load_file

from kerasaudio.exporting import export
from kerasaudio.exporting.formats import FORMATS
from kerasaudio.models import FACTORIES
from parity_tables.figures import Measurement, Row
from support import answers, exported, fresh
from support.originals import Pair

WEIGHTS, EXPORTS = "weights", "exports"
# Network, tag and seconds of its input where any will do.
EXPORTED = (
    ("SampleCNN", "fsdd", None),
    ("BarkNet", "esc10", None),
    ("LogMelCNN", "esc10", None),
    ("EfficientAT", "audioset", 5),
    ("MusiCNN", "mtat", None),
    ("YAMNet", "audioset", None),
)


def measurements(shared: Path) -> Iterator[Measurement]:
    """Give the rows: networks in files of weights, and exports."""
    for name in sorted(FACTORIES):
        yield Measurement(WEIGHTS, name, partial(_weights, name))
    if keras.backend.backend() != "tensorflow":  # which traces all exports
        return
    for form in FORMATS:
        for factory, tag, seconds in EXPORTED:
            measure = partial(_export, form, factory, tag, seconds)
            yield Measurement(EXPORTS, f"{form}: {factory}/{tag}", measure)


@functools.cache
def _all_weights() -> dict[str, Row]:
    """Write all networks, and read them in one fresh process."""
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory() as folder:
        models = {name: answers.network(name) for name in FACTORIES}
        for name, model in models.items():
            file = fresh.save(model, Path(folder))
            rows[name] = {
                "variables": len(model.weights),
                "tensors": len(load_file(file)),
            }
        for name, read in fresh.read_all(Path(folder)).items():
            want = fresh.output(models[name], fresh.noise(models[name].spec))
            rows[name]["difference"] = Pair(read.scores, want).difference
    return rows


def _weights(name: str) -> Row:
    return _all_weights()[name]


def _export(form: str, factory: str, tag: str, seconds: float | None) -> Row:
    model = FACTORIES[factory](weights=tag)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / exported.PATHS[form]
        found = export(model, path, form, input_seconds=seconds).verification
    assert found is not None
    return {
        "clips": found.clips,
        "difference": found.max_difference,
        "untold": found.untold_difference,
        "precision": found.untold_precision,
    }
