"""Train with few clips: the default `train` against the linear probe, on ESC-10.

    python tools/train/few.py esc10/ --network YAMNet --clips 2 4 --draw 0 1 2
    python tools/train/few.py --table

A draw is four of the ten classes, and for each of them some clips of folds 1 to 3. The
held-out clips are all of these classes in folds 4 and 5: 16 a class, of other
recordings. `train` does what `kerasaudio train` does: a fifth of the clips chooses its
epoch, then it learns from all of them. So does the probe (`fit_probe`).

Each combination is one row, OUT/NETWORK-CLIPS-DRAW.json; a row that is there is not
measured again. --table prints the page's table from the rows.
"""

import argparse
import dataclasses
import json
import tempfile
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasaudio import FeatureExtractor
from kerasaudio.datasets import ESC50, LabeledClips
from kerasaudio.evaluation import evaluate
from kerasaudio.files.whole_file import write_text
from kerasaudio.training import start_from, train
from kerasaudio.transfer import fit_probe

CLASSES, LEARN_FOLDS, CLIPS, DRAWS = 4, 3, (2, 4, 8, 16), 5
NETWORKS = ("YAMNet", "MusiCNN", "EfficientAT")
VALIDATION = 0.2  # as `kerasaudio train`

Row = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure combinations, or print the table."""
    options = _parser().parse_args(arguments)
    if options.table:
        rows = [json.loads(p.read_text()) for p in sorted(options.out.glob("*-*.json"))]
        print(table(rows))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    data = ESC50(options.folder, esc10=True)
    for clips, draw in product(options.clips, options.draw):
        name = f"{options.network}-{clips}-{draw}"
        path = options.out / f"{name}.json"
        if not path.exists():
            keras.backend.clear_session()
            row = measure(options, *drawn(data, clips, draw))
            facts = {"network": options.network, "clips": clips, "draw": draw}
            found = facts | row | {"backend": keras.backend.backend()}
            write_text(path, json.dumps(found, indent=2) + "\n")
        row = json.loads(path.read_text())
        print(f"{name}: probe {row['probe']:.3f}, train {row['train']:.3f}", flush=True)


def drawn(
    data: LabeledClips, clips: int, draw: int
) -> tuple[LabeledClips, LabeledClips]:
    """Draw some clips of four classes to learn from; give them, and those held out."""
    rng = np.random.default_rng(draw)
    names = sorted(rng.choice(data.class_names, CLASSES, replace=False).tolist())
    categories, folds = np.array(data.categories), data.require_folds()
    recordings = np.asarray(data.recordings)
    chosen: list[int] = []
    for name in names:
        rows = np.flatnonzero((categories == name) & (folds <= LEARN_FOLDS))
        some = rng.permutation(rows)[:clips]
        while len(np.unique(recordings[some])) < 2:  # one of them chooses the epoch
            some = rng.permutation(rows)[:clips]
        chosen += some.tolist()
    held_out = np.isin(categories, names) & (folds > LEARN_FOLDS)
    learn = np.isin(np.arange(len(data)), chosen)
    return _of(data.take(learn), names), _of(data.take(held_out), names)


def _of(clips: LabeledClips, names: Sequence[str]) -> LabeledClips:
    """Give the clips with these classes only."""
    targets = np.array([names.index(category) for category in clips.categories])
    return dataclasses.replace(clips, class_names=tuple(names), targets=targets)


def measure(options: argparse.Namespace, few: LabeledClips, test: LabeledClips) -> Row:
    """Give the accuracies on held-out clips, and the seconds, of `train` and probe."""
    model = start_from(options.network, few.class_names, options.weights)
    with tempfile.TemporaryDirectory() as folder:
        extractor = FeatureExtractor(model, cache=folder)
        began = time.perf_counter()
        probe = fit_probe(_vectors(extractor, few), few.targets)
        probe_seconds = time.perf_counter() - began
        said = probe.predict(_vectors(extractor, test), verbose=0).argmax(axis=1)
        began = time.perf_counter()
        done = train(model, few, VALIDATION, Path(folder) / "few.keras")
        seconds = time.perf_counter() - began
    return {
        "probe": float((said == test.targets).mean()),
        "train": evaluate(done.model, test).accuracy,
        "probe_seconds": round(probe_seconds, 1),
        "train_seconds": round(seconds, 1),
        "epochs": done.epochs[-1].number,
        "best": done.best.number,
        "held_out": done.best.score,
        "classes": list(few.class_names),
    }


def _vectors(extractor: FeatureExtractor, clips: LabeledClips) -> np.ndarray:
    return np.asarray(extractor.extract(clips.paths, progress=False).vectors)


def table(rows: Sequence[Row]) -> str:
    """Give the table of means over the draws as Markdown; gaps are not measured."""
    lines = [
        "| network | clips a class | draws | probe, % | `train`, % | difference "
        "| probe, s | `train`, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for network in NETWORKS:
        for clips in CLIPS:
            own = [r for r in rows if (r["network"], r["clips"]) == (network, clips)]
            name = f"| {network} | {clips} | {len(own)} of {DRAWS} "
            if not own:
                lines.append(f"{name}| not measured | not measured | | | |")
                continue
            mean = {
                key: float(np.mean([row[key] for row in own]))
                for key in ("probe", "train", "probe_seconds", "train_seconds")
            }
            gain = 100 * (mean["train"] - mean["probe"])
            lines.append(
                f"{name}| {100 * mean['probe']:.1f} | {100 * mean['train']:.1f} "
                f"| {gain:+.1f} | {mean['probe_seconds']:.0f} "
                f"| {mean['train_seconds']:.0f} |"
            )
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("folder", type=Path, nargs="?", help="of ESC-50 or ESC-10")
    made.add_argument("--network", default=NETWORKS[0], help=f"default: {NETWORKS[0]}")
    made.add_argument("--weights", help="tag or file; default: the published ones")
    made.add_argument("--clips", type=int, nargs="+", default=[4], help="a class")
    made.add_argument("--draw", type=int, nargs="+", default=[0], help="numbers")
    made.add_argument("--out", type=Path, default=Path("build/few"))
    made.add_argument("--table", action="store_true", help="print the table of rows")
    return made


if __name__ == "__main__":
    main()
