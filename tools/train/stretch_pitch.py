"""Learn ESC-10 from few clips, each also slower, faster, lower and higher.

    python tools/train/stretch_pitch.py esc10/ --how scratch --clips 8 --steps 600 2400
    python tools/train/stretch_pitch.py esc10/ --how transfer
    python tools/train/stretch_pitch.py --table

Draw 0 learns from fold 1 (8 clips of each of the ten classes), from four clips a class
of it, from folds 1 and 2 (16), or from folds 1 to 4 (32); draw 1 begins with fold 2,
and so on. All folds that it does not learn from are held out. The clips to learn from
have versions, made ahead: "stretch" is 4 speeds, "pitch" 4 shifts, "both" all 8.

scratch     `LogMelCNN` with 8 filters on the picture of Salamon & Bello 2017: 44.1 kHz,
            frames of 1,024 samples, a hop as long, 128 bands, 128 frames. All
            augmentations have the same number of steps (--steps) of 8 windows, at
            random places that are not silent (-60 dB); Adam's rate falls from 0.001 to
            0 along a cosine. The scores of five windows of a held-out clip are
            averaged.
transfer    `fit_probe` on YAMNet's embeddings of whole clips and versions.

Pictures and embeddings of a fold in a version are computed once, when they are first
needed, and kept in OUT/prepared. Each combination is one row,
OUT/HOW-CLIPS-AUGMENT-DRAW.json (of `scratch` with -STEPS before the ending); what is
there is not computed again. --table prints the page's tables from the rows.
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
from keras import ops
from stretch_pitch_data import (
    AUGMENTATIONS,
    FOLDS,
    FRAMES,
    ORIGINAL,
    PICTURE,
    Frames,
    Prepared,
    Vectors,
    names_of,
)
from stretch_pitch_tables import tables

from kerasaudio.datasets import ESC50
from kerasaudio.files.whole_file import write_text
from kerasaudio.models.log_mel_cnn import LogMelCNN
from kerasaudio.transfer import fit_probe

Wanted = tuple[int, str, np.ndarray, np.ndarray]
"""Fold, version, positions in the fold, and classes of clips to learn from."""
CLIPS, DRAWS = (8, 16, 4, 32), (0, 1, 2, 3, 4)
HOW = ("scratch", "transfer")
FILTERS, STEPS, BATCH, RATE = 8, (600,), 8, 1e-3
SILENT_DB = -60.0
TESTED = 5  # windows of a held-out clip


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure combinations, or print the tables."""
    options = _parser().parse_args(arguments)
    if options.table:
        rows = [json.loads(p.read_text()) for p in sorted(options.out.glob("*-*.json"))]
        print(tables(rows))
        return
    until = time.monotonic() + 60 * options.minutes
    data = ESC50(options.folder, esc10=True)
    for how in options.how:
        learners: dict[int | None, Any] = {None: Transfer(data, options)}
        if how == "scratch":
            learners = {steps: Scratch(data, options, steps) for steps in options.steps}
        for clips, draw, (steps, learner), name in product(
            options.clips, options.draws, learners.items(), options.augment
        ):
            which = f"{how}-{clips}-{name}-{draw}" + (f"-{steps}" if steps else "")
            path = options.out / f"{which}.json"
            if path.exists():
                continue
            if time.monotonic() > until:
                return
            row = measured(data, learner, clips, name, draw)
            facts = {"how": how, "clips": clips, "augment": name, "draw": draw}
            backend = {"backend": keras.backend.backend()}
            write_text(path, json.dumps(facts | row | backend, indent=2) + "\n")
            print(f"{path} {row['accuracy']:.3f} {row['seconds']} s", flush=True)


def drawn(
    data: ESC50, clips: int, draw: int
) -> tuple[dict[int, np.ndarray], list[int]]:
    """Draw clips of each class to learn from.

    Returns:
        By fold, the positions in it of the clips to learn from; with more clips, those
        of fewer are among them. And the folds held out: all others.
    """
    order = np.roll(FOLDS, -draw).tolist()
    rng = np.random.default_rng(draw)
    chosen: dict[int, np.ndarray] = {}
    while clips > 0:
        fold = order.pop(0)
        targets = data.targets[data.require_folds() == fold]
        each = [
            rng.permutation(np.flatnonzero(targets == t)) for t in np.unique(targets)
        ]
        chosen[fold] = np.sort(np.concatenate([rows[:clips] for rows in each]))
        clips -= min(len(rows) for rows in each)
    return chosen, order


def measured(
    data: ESC50, learner: Any, clips: int, name: str, draw: int
) -> dict[str, Any]:
    """Learn from some clips and their versions; recognize the folds held out."""
    folds = data.require_folds()
    chosen, held_out = drawn(data, clips, draw)
    wanted: list[Wanted] = [
        (fold, version, rows, data.targets[folds == fold][rows])
        for version in names_of(name)
        for fold, rows in chosen.items()
    ]
    for fold, version, *_ in wanted:  # outside the time
        learner.prepared.of(fold, version)
    began = time.perf_counter(), time.process_time()
    facts = learner.learn(wanted, len(data.class_names), draw)
    seconds = time.perf_counter() - began[0], time.process_time() - began[1]
    said = np.concatenate([learner.recognize(fold) for fold in held_out])
    true = np.concatenate([data.targets[folds == fold] for fold in held_out])
    return {
        "accuracy": float((said == true).mean()),
        "right": {
            each: int((said[true == number] == number).sum())
            for number, each in enumerate(data.class_names)
        },
        "held_out": len(true),
        "learned": sum(len(targets) for *_, targets in wanted),
        **facts,
        "seconds": round(seconds[0], 1),
        "processor_seconds": round(seconds[1], 1),
    }


class Scratch:
    """LogMelCNN after its front-end, compiled once, with new weights for each row."""

    def __init__(self, data: ESC50, options: argparse.Namespace, steps: int) -> None:
        self.prepared = Prepared(data, options.out / "prepared", Frames())
        self._steps = steps
        self._network: keras.Model | None = None

    def learn(
        self, wanted: Sequence[Wanted], classes: int, seed: int
    ) -> dict[str, Any]:
        """Train for the fixed number of steps."""
        clips: list[tuple[np.ndarray, np.ndarray]] = []
        for fold, version, rows, _ in wanted:
            frames, levels = self.prepared.of(fold, version).values()
            clips += [(frames[row], audible(levels[row])) for row in rows]
        targets = np.concatenate([targets for *_, targets in wanted])
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
            self._fresh = [
                np.array(ops.convert_to_numpy(v)) for v in optimizer.variables
            ]
        self._network.set_weights(network.get_weights())
        for variable, value in zip(
            self._network.optimizer.variables, self._fresh, strict=True
        ):
            variable.assign(value)
        return self._network

    def recognize(self, fold: int) -> np.ndarray:
        """Return the class of each clip of a fold: the mean over its windows."""
        assert self._network is not None
        frames, levels = self.prepared.of(fold, ORIGINAL).values()
        starts = np.linspace(0, levels.shape[1] - 1, TESTED).astype(int)
        windows = np.stack([frames[:, s : s + FRAMES] for s in starts], axis=1)
        flat = windows.reshape(-1, *windows.shape[2:]).astype(np.float32)
        scores = self._network.predict(flat, batch_size=16, verbose=0)
        scores = scores.reshape(len(windows), TESTED, -1)
        level = levels[:, starts]
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
        self._clips, self._targets, self._steps, self._seed = (
            clips,
            targets,
            steps,
            seed,
        )
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

    def __init__(self, data: ESC50, options: argparse.Namespace) -> None:
        self.prepared = Prepared(data, options.out / "prepared", Vectors())

    def learn(
        self, wanted: Sequence[Wanted], classes: int, seed: int
    ) -> dict[str, Any]:
        """Fit the probe to the embeddings of clips and versions."""
        vectors = [
            self.prepared.of(fold, name)["vectors"][rows]
            for fold, name, rows, _ in wanted
        ]
        targets = np.concatenate([targets for *_, targets in wanted])
        self._probe = fit_probe(np.concatenate(vectors), targets)
        return {}

    def recognize(self, fold: int) -> np.ndarray:
        """Return the class of each clip of a fold."""
        vectors = self.prepared.of(fold, ORIGINAL)["vectors"]
        scores = self._probe.predict(vectors, verbose=0)
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
    add("--steps", type=int, nargs="+", default=STEPS, help="of `scratch`")
    add("--out", type=Path, default=Path("build/stretch-pitch"))
    add("--minutes", type=float, default=1e6, help="start nothing new after them")
    add("--table", action="store_true", help="print the tables of the rows")
    return made


if __name__ == "__main__":
    main()
