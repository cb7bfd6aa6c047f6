"""Export networks in every format, and measure size, difference and accuracy.

    python tools/measure_exports.py DATA SampleCNN/fsdd EfficientAT/audioset@5

DATA is a folder with the data sets `esc10` (or ESC-50, as `esc10`) and `fsdd`. A
network is FACTORY/TAG or FACTORY:FILE; @SECONDS is the length of the input of one that
takes any.

Presets of our own name the clips that they are tested on: accuracy is that of their
labels there, and integers are calibrated on clips that they were trained on. BarkNet
has learned from its own, too: they show what an export changes. Of others
a linear probe on the embedding is tested on ESC-10, folds 2 to 5, each left out once,
and calibrated on fold 1, unlabeled. Accuracy is measured where weights are rounded;
float32 is compared value by value.

Exports are kept in OUT, figures in OUT/exports.json; what is there is not done again.
tools/time_exports.py times them on a quiet machine, and prints the tables.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "train"))

from held_out import held_out

from kerasaudio.audio.window_rule import weighted_means
from kerasaudio.core import AudioModel
from kerasaudio.datasets import ESC50, LabeledClips
from kerasaudio.datasets.batching.targets import targets_for
from kerasaudio.exporting import ExportError, export
from kerasaudio.exporting.convert import module_of
from kerasaudio.exporting.facts import artifact_spec
from kerasaudio.exporting.formats import FORMATS, Format
from kerasaudio.files.whole_file import write_text
from kerasaudio.models import FACTORIES
from kerasaudio.transfer import fit_probe
from kerasaudio.weights.manifest import load_manifest

CALIBRATE = 80
COMPARE = 64
CALIBRATION_FOLD = 1
OWN = {entry.title: entry for entry in load_manifest() if entry.training}


@dataclass(frozen=True)
class Sounds:
    """What a network hears.

    Attributes:
        windows: Of the clips that it is tested on, float32 (windows, samples).
        calibration: Windows to find ranges on, float32 (windows, samples).
        accuracy: From the outputs on `windows` to the share of clips recognized.
    """

    windows: np.ndarray
    calibration: np.ndarray
    accuracy: Callable[[np.ndarray], float]

    @property
    def compare(self) -> np.ndarray:
        """Some of the windows, spread over them."""
        return _spread(self.windows, COMPARE)


def _spread(windows: np.ndarray, most: int) -> np.ndarray:
    chosen = np.linspace(0, len(windows) - 1, min(most, len(windows)))
    return windows[chosen.round().astype(int)]


def cut(
    clips: LabeledClips, model: AudioModel, length: int, **settings: Any
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Give the windows of clips, (windows, samples), and what averages by clip."""
    spec = artifact_spec(model.spec, length).replace(labels=None)
    batches = clips.batches(spec, training=False, **settings)
    clip_of, weights = batches.clip_of, batches.window_weights
    assert clip_of is not None
    windows = np.concatenate([batches[i][0] for i in range(len(batches))])
    return windows, lambda rows: weighted_means(rows, clip_of, weights, len(clips))


def own_sounds(model: AudioModel, data: Path, length: int) -> Sounds:
    """Give the test of a preset of our own."""
    learned, test, settings, _ = held_out(OWN[str(model.spec.preset)], data)
    settings = {k: v for k, v in settings.items() if k != "clip_seconds"}
    windows, by_clip = cut(test, model, length, **settings)
    classes, _ = targets_for(test, model.spec, one_hot=False)

    def accuracy(scores: np.ndarray) -> float:
        means = by_clip(scores)
        return float((means.argmax(axis=1) == classes).mean())

    learned = learned.take(np.linspace(0, len(learned) - 1, CALIBRATE).astype(int))
    calibration = _spread(cut(learned, model, length)[0], CALIBRATE)
    return Sounds(windows, calibration, accuracy)


def probed_sounds(model: AudioModel, data: Path, length: int) -> Sounds:
    """Give ESC-10 and its probe."""
    clips = ESC50(data / "esc10", esc10=True)
    windows, by_clip = cut(clips, model, length)
    folds = clips.require_folds()

    def accuracy(vectors: np.ndarray) -> float:
        features = by_clip(vectors)
        right = []
        for fold in set(folds.tolist()) - {CALIBRATION_FOLD}:
            train, test = folds != fold, folds == fold
            probe = fit_probe(features[train], clips.targets[train])
            found = probe.predict(features[test]).argmax(axis=1)
            right.append(found == clips.targets[test])
        return float(np.concatenate(right).mean())

    heard, _ = cut(clips.take(np.flatnonzero(folds == CALIBRATION_FOLD)), model, length)
    return Sounds(windows, _spread(heard, CALIBRATE), accuracy)


def load(name: str, data: Path) -> tuple[AudioModel, AudioModel, Sounds]:
    """Give a network, the part of it whose accuracy is measured, and its sounds."""
    what, _, seconds = name.partition("@")
    factory, _, weights = what.partition(":" if ":" in what else "/")
    model = FACTORIES[factory](weights=weights)
    spec = model.spec
    length = spec.clip_samples or round(float(seconds) * spec.sample_rate)
    if spec.preset in OWN:
        return model, model, own_sounds(model, data, length)
    body = FACTORIES[factory](weights=weights, include_top=False)
    return model, body, probed_sounds(model, data, length)


def measure(
    model: AudioModel,
    measured: AudioModel,
    form: Format,
    kind: str | None,
    sounds: Sounds,
    path: Path,
) -> dict[str, Any]:
    """Export a network to a path, and run it."""
    settings: dict[str, Any] = {
        "quantize": kind,
        "calibrate": sounds.calibration if kind == "int8" else None,
        "input_seconds": sounds.windows.shape[1] / model.spec.sample_rate,
        "overwrite": True,
    }
    try:
        report = export(model, path, form.name, verify=sounds.compare, **settings)
    except ExportError as error:
        return {"error": str(error)}
    found = report.to_dict() | {"path": path.name}
    if kind is not None:
        if measured is not model:
            path = path.with_stem(f"{path.stem}-embedding")
            export(measured, path, form.name, verify=False, **settings)
        outputs = module_of(form).run(path, sounds.windows, 0, 1).outputs
        found["accuracy"] = sounds.accuracy(outputs)
    return found


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("networks", nargs="+", metavar="NETWORK")
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    parser.add_argument("--out", type=Path, default=Path("build/exports"))
    options = parser.parse_args()
    file = options.out / "exports.json"
    done: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for name in options.networks:
        model, measured, sounds = load(name, options.data)
        folder = options.out / model.name
        folder.mkdir(parents=True, exist_ok=True)
        rows = done.setdefault(name, {"folder": model.name, "exports": {}})
        if "accuracy" not in rows:
            outputs = np.asarray(measured.predict(sounds.windows, verbose=0))
            rows["accuracy"] = sounds.accuracy(outputs)
            rows["seconds"] = sounds.windows.shape[1] / model.spec.sample_rate
        for form in map(FORMATS.__getitem__, options.formats):
            for kind in (None, *form.quantize):
                row = f"{form.name} {kind or 'float32'}"
                if row in rows["exports"]:
                    continue
                path = folder / f"{row.replace(' ', '-')}{form.suffix}"
                found = measure(model, measured, form, kind, sounds, path)
                rows["exports"][row] = found
                print(name, row, json.dumps(found), flush=True)
                write_text(file, json.dumps(done, indent=1))


if __name__ == "__main__":
    main()
