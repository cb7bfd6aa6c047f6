"""Learn ESC-10 from few clips, each also slower, faster, lower and higher.

    python tools/train/stretch_pitch.py esc10/ --prepare
    python tools/train/stretch_pitch.py esc10/ --how scratch --clips 8
    python tools/train/stretch_pitch.py esc10/ --how transfer
    python tools/train/stretch_pitch.py --table

Draw 0 holds out fold 1 (80 clips), draw 4 fold 5; of each of the ten classes, 4, 8, 16
or 32 clips are drawn from the four other folds. The clips to learn from have versions,
made ahead: "stretch" is 4 speeds, "pitch" 4 shifts, "both" all 8.

scratch     `LogMelCNN` with 8 filters on the picture of Salamon & Bello 2017: 44.1 kHz,
            frames of 1,024 samples, a hop as long, 128 bands, 128 frames. All
            augmentations have the same number of steps, 600 of 8 windows at random
            places that are not silent (-60 dB); Adam's rate falls from 0.001 to 0
            along a cosine. The scores of five windows of a held-out clip are averaged.
transfer    `fit_probe` on YAMNet's embeddings of whole clips and versions.

--prepare computes pictures and embeddings, once. Each combination is one row,
OUT/HOW-CLIPS-AUGMENT-DRAW.json; what is there is not computed again. --table prints the
page's tables from the rows.
"""

import argparse
import json
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
from stretch_pitch_data import (
    AUGMENTATIONS,
    FOLDS,
    FRAMES,
    ORIGINAL,
    PICTURE,
    Pictures,
    names_of,
    prepare,
    read_pictures,
    read_vectors,
)
from stretch_pitch_tables import tables

from kerasaudio import LogMelCNN
from kerasaudio.datasets import ESC50
from kerasaudio.files.whole_file import write_text
from kerasaudio.transfer import fit_probe

CLIPS, DRAWS = (8, 16, 4, 32), (0, 1, 2, 3, 4)
HOW = ("scratch", "transfer")
FILTERS, STEPS, BATCH, RATE = 8, 600, 8, 1e-3
SILENT_DB = -60.0
TESTED = 5  # windows of a held-out clip


def main(arguments: Sequence[str] | None = None) -> None:
    """Prepare, measure combinations, or print the tables."""
    options = _parser().parse_args(arguments)
    if options.table:
        rows = [json.loads(p.read_text()) for p in sorted(options.out.glob("*-*.json"))]
        print(tables(rows))
        return
    until = time.monotonic() + 60 * options.minutes
    data = ESC50(options.folder, esc10=True)

    def late() -> bool:
        return time.monotonic() > until

    kept = options.out / "prepared"
    for how in options.how:
        what = "pictures" if how == "scratch" else "vectors"
        if not prepare(data, kept, what, late):
            return
        if options.prepare:
            continue
        learner = Scratch(options) if how == "scratch" else Transfer()
        for clips, draw, name in product(options.clips, options.draws, options.augment):
            path = options.out / f"{how}-{clips}-{name}-{draw}.json"
            if path.exists():
                continue
            if late():
                return
            row = measured(data, kept, learner, clips, name, draw)
            facts = {"how": how, "clips": clips, "augment": name, "draw": draw}
            backend = {"backend": keras.backend.backend()}
            write_text(path, json.dumps(facts | row | backend, indent=2) + "\n")
            print(f"{path} {row['accuracy']:.3f} {row['seconds']} s", flush=True)


def drawn(targets: np.ndarray, folds: np.ndarray, clips: int, draw: int) -> np.ndarray:
    """Draw clips of each class to learn from; return their positions.

    A draw of more clips includes those of the same draw of fewer.
    """
    rng = np.random.default_rng(draw)
    free = folds != FOLDS[draw]
    each = [
        rng.permutation(np.flatnonzero(free & (targets == target)))[:clips]
        for target in np.unique(targets)
    ]
    return np.sort(np.concatenate(each))


def measured(
    data: ESC50, kept: Path, learner: Any, clips: int, name: str, draw: int
) -> dict[str, Any]:
    """Learn from some clips and their versions; recognize the fold held out."""
    folds = data.require_folds()
    chosen = drawn(data.targets, folds, clips, draw)
    place = np.zeros(len(data), np.int64)  # of each clip in its fold
    for fold in FOLDS:
        place[folds == fold] = np.arange((folds == fold).sum())
    wanted = [
        (int(fold), version, place[chosen[folds[chosen] == fold]])
        for version in names_of(name)
        for fold in np.unique(folds[chosen])
    ]
    targets = np.concatenate(
        [
            data.targets[chosen[folds[chosen] == fold]]
            for _ in names_of(name)
            for fold in np.unique(folds[chosen])
        ]
    )
    began = time.perf_counter(), time.process_time()
    facts = learner.learn(kept, wanted, targets, len(data.class_names), draw)
    said = learner.recognize(kept, FOLDS[draw])
    true = data.targets[folds == FOLDS[draw]]
    return {
        "accuracy": float((said == true).mean()),
        "right": {
            each: int((said[true == number] == number).sum())
            for number, each in enumerate(data.class_names)
        },
        "held_out": len(true),
        "learned": len(targets),
        **facts,
        "seconds": round(time.perf_counter() - began[0], 1),
        "processor_seconds": round(time.process_time() - began[1], 1),
    }


class Scratch:
    """LogMelCNN after its front-end, compiled once, with new weights for each row."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._steps = options.steps
        self._network: keras.Model | None = None

    def learn(
        self,
        kept: Path,
        wanted: Sequence[tuple[int, str, np.ndarray]],
        targets: np.ndarray,
        classes: int,
        seed: int,
    ) -> dict[str, Any]:
        """Train for the fixed number of steps."""
        clips: list[tuple[np.ndarray, np.ndarray]] = []
        for fold, version, rows in wanted:
            read = read_pictures(kept, fold, version)
            clips += [(read.frames[row], audible(read.levels[row])) for row in rows]
        network = self._new(classes, seed)
        fed = Windows(clips, targets, self._steps, seed)
        history = network.fit(fed, epochs=1, shuffle=False, verbose=0)
        return {"steps": self._steps, "loss": round(history.history["loss"][0], 4)}

    def _new(self, classes: int, seed: int) -> keras.Model:
        keras.utils.set_random_seed(seed)
        model = LogMelCNN(classes=classes, filters=FILTERS, dropout=0.0, **PICTURE)
        network = keras.Model(model.get_layer("frontend").output, model.output)
        if self._network is None:
            falling = keras.optimizers.schedules.CosineDecay(RATE, self._steps)
            optimizer = keras.optimizers.Adam(falling)
            network.compile(optimizer, "sparse_categorical_crossentropy")
            optimizer.build(network.trainable_variables)
            self._network = network
            self._fresh = [np.array(v) for v in optimizer.variables]
        self._network.set_weights(network.get_weights())
        for variable, value in zip(
            self._network.optimizer.variables, self._fresh, strict=True
        ):
            variable.assign(value)
        return self._network

    def recognize(self, kept: Path, fold: int) -> np.ndarray:
        """Return the class of each clip of a fold: the mean over its windows."""
        assert self._network is not None
        read: Pictures = read_pictures(kept, fold, ORIGINAL)
        starts = np.linspace(0, read.levels.shape[1] - 1, TESTED).astype(int)
        windows = np.stack([read.frames[:, s : s + FRAMES] for s in starts], axis=1)
        flat = windows.reshape(-1, *windows.shape[2:]).astype(np.float32)
        scores = self._network.predict(flat, batch_size=16, verbose=0)
        scores = scores.reshape(len(windows), TESTED, -1)
        level = read.levels[:, starts]
        heard = level >= np.minimum(SILENT_DB, level.max(axis=1, keepdims=True))
        return np.asarray((scores * heard[:, :, None]).sum(axis=1).argmax(axis=1))


def audible(level: np.ndarray) -> np.ndarray:
    """Return the frames where a window that is not silent can begin."""
    return np.flatnonzero(level >= min(SILENT_DB, level.max()))


class Windows(keras.utils.PyDataset):
    """Windows at random places, each clip once before any clip comes again."""

    def __init__(
        self,
        clips: Sequence[tuple[np.ndarray, np.ndarray]],
        targets: np.ndarray,
        steps: int,
        seed: int,
    ) -> None:
        super().__init__()
        self._clips, self._targets, self._steps, self._seed = clips, targets, steps, seed
        rng = np.random.default_rng((seed, 0))
        rounds = -(-steps * BATCH // len(clips))
        order = [rng.permutation(len(clips)) for _ in range(rounds)]
        self._order = np.concatenate(order)

    def __len__(self) -> int:
        """Return the number of steps."""
        return self._steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a batch of pictures and their classes."""
        rng = np.random.default_rng((self._seed, 1, index))
        which = self._order[index * BATCH : (index + 1) * BATCH]
        windows = []
        for clip in which:
            frames, starts = self._clips[clip]
            start = int(rng.choice(starts))
            windows.append(frames[start : start + FRAMES])
        return np.stack(windows).astype(np.float32), self._targets[which]


class Transfer:
    """The default probe on YAMNet's embeddings."""

    def learn(
        self,
        kept: Path,
        wanted: Sequence[tuple[int, str, np.ndarray]],
        targets: np.ndarray,
        classes: int,
        seed: int,
    ) -> dict[str, Any]:
        """Fit the probe to the embeddings of clips and versions."""
        vectors = [read_vectors(kept, fold, name)[rows] for fold, name, rows in wanted]
        self._probe = fit_probe(np.concatenate(vectors), targets)
        return {}

    def recognize(self, kept: Path, fold: int) -> np.ndarray:
        """Return the class of each clip of a fold."""
        scores = self._probe.predict(read_vectors(kept, fold, ORIGINAL), verbose=0)
        return np.asarray(scores.argmax(axis=1))


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("folder", type=Path, nargs="?", help="of ESC-50 or ESC-10")
    add("--how", nargs="+", choices=HOW, default=HOW, help="default: both")
    add("--clips", type=int, nargs="+", choices=CLIPS, default=CLIPS, help="a class")
    add("--augment", nargs="+", choices=tuple(AUGMENTATIONS), default=AUGMENTATIONS)
    add("--draws", type=int, nargs="+", choices=DRAWS, default=DRAWS)
    add("--steps", type=int, default=STEPS, help=f"of `scratch`; default: {STEPS}")
    add("--out", type=Path, default=Path("build/stretch-pitch"))
    add("--prepare", action="store_true", help="pictures and embeddings only")
    add("--minutes", type=float, default=1e6, help="start nothing new after them")
    add("--table", action="store_true", help="print the tables of the rows")
    return made


if __name__ == "__main__":
    main()
