"""Measure exported models: size, speed, difference, and what fewer bits cost.

    python tools/measure_exports.py ESC-50-master EfficientAT/audioset YAMNet/audioset

Each network is exported with its scores, in every format, for size, difference (on 16
clips of ESC-10) and time for a clip of 5 s (or the network's own length), on one thread
and on two; and without its top, for the accuracy of a linear probe. Calibration
hears fold 1, unlabelled; the probe is tested on the folds 2 to 5, each left out once.
Writes OUT/exports.json after every export, and leaves out what is in it already.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.datasets import ESC50, LabelledClips
from kerasaudio.datasets.predict import mean_by_clip
from kerasaudio.export import ExportError, export
from kerasaudio.export.convert import module_of
from kerasaudio.export.formats import FORMATS, Format
from kerasaudio.models import FACTORIES, AudioModel
from kerasaudio.transfer import fit_probe
from kerasaudio.whole_file import write_text

CLIP_SECONDS = 5
CALIBRATE = 80
COMPARE = 16
REPEATS = 20
PROBED = {"litert"}  # one runtime's arithmetic is like another's


class Sounds:
    """The windows of ESC-10 that a network hears."""

    def __init__(self, model: AudioModel, clips: LabelledClips) -> None:
        """Cut the clips as the model takes them, whole where it takes any length."""
        spec = model.spec
        self.length = spec.clip_samples or CLIP_SECONDS * spec.sample_rate
        exact = spec.replace(
            clip_samples=self.length,
            window_samples=self.length,
            min_samples=self.length,
            labels=None,
        )
        batches = clips.batches(exact, training=False)
        windows = [batches[i][0] for i in range(len(batches))]
        assert batches.clip_of is not None
        self.clips, self.windows = clips, np.concatenate(windows)
        self.clip_of = batches.clip_of
        first = np.flatnonzero(clips.require_folds()[self.clip_of] == 1)
        self.calibration = self.windows[first][:: max(len(first) // CALIBRATE, 1)]
        self.compare = self.windows[:: len(self.windows) // COMPARE]


def probe_accuracy(vectors: np.ndarray, sounds: Sounds) -> float:
    """Give the accuracy of a linear probe on the folds behind the first."""
    clips = sounds.clips
    features = mean_by_clip(
        vectors.astype("float64"), sounds.clip_of, np.arange(len(clips)), len(clips)
    )
    folds, right = clips.require_folds(), []
    for fold in np.unique(folds)[1:]:
        train, test = folds != fold, folds == fold
        probe = fit_probe(features[train], clips.labels[train])
        found = probe.predict(features[test]).argmax(axis=1)
        right.append(found == clips.labels[test])
    return float(np.concatenate(right).mean())


def measure(
    whole: AudioModel, body: AudioModel, form: Format, kind: str | None, sounds: Sounds
) -> dict[str, Any]:
    """Export both, and run them."""
    settings: dict[str, Any] = {
        "quantize": kind,
        "calibrate": sounds.calibration if kind == "int8" else None,
        "input_length": sounds.length,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"scores{form.suffix}")
        began = time.perf_counter()
        try:
            report = export(whole, path, form.name, verify=sounds.compare, **settings)
        except ExportError as error:
            return {"error": str(error)}
        found = report.to_dict() | {"seconds": time.perf_counter() - began}
        del found["path"]
        for threads in (1, 2):
            ran = module_of(form).run(path, sounds.compare[:1], REPEATS, threads)
            found[f"ms_{threads}"] = 1000 * float(np.median(ran.seconds))
        if form.name in PROBED:
            path = Path(folder, f"body{form.suffix}")
            export(body, path, form.name, verify=False, **settings)
            vectors = module_of(form).run(path, sounds.windows, 0, 1).outputs
            found["probe_accuracy"] = probe_accuracy(vectors, sounds)
    return found


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("esc", metavar="ESC-50-master", help="folder of the archive")
    parser.add_argument(
        "presets", nargs="+", metavar="NETWORK", help="FACTORY/TAG, or FACTORY:FILE"
    )
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    parser.add_argument("--out", type=Path, default=Path("build/exports"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "exports.json"
    done: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    clips = ESC50(options.esc, esc10=True)
    for preset in options.presets:
        factory, _, tag = preset.partition(":" if ":" in preset else "/")
        whole = FACTORIES[factory](weights=tag)
        body = FACTORIES[factory](weights=tag, include_top=False)
        sounds = Sounds(whole, clips)
        wanted = [
            (FORMATS[name], kind)
            for name in options.formats
            for kind in (None, *FORMATS[name].quantize)
        ]
        name = f"{preset} keras"
        if name not in done:
            vectors = np.asarray(body.predict(sounds.windows, verbose=0))
            done[name] = {
                "probe_accuracy": probe_accuracy(vectors, sounds),
                "clip_seconds": sounds.length / whole.spec.sample_rate,
            }
        for form, kind in wanted:
            name = f"{preset} {form.name} {kind or 'float32'}"
            if name in done:
                continue
            done[name] = measure(whole, body, form, kind, sounds)
            print(name, json.dumps(done[name]), flush=True)
            write_text(file, json.dumps(done, indent=1))


if __name__ == "__main__":
    main()
