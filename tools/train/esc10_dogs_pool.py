"""Seconds for `esc10_dogs.py` to learn from, and what YAMNet hears in them.

`Pools` makes them once and keeps them, a file for each fold. No second has sounds of
two folds, except that what is mixed in may be of any fold if it is of ESC-10's six
other classes, which no test has.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

import kerasaudio
from kerasaudio import layers
from kerasaudio.datasets import ESC50
from kerasaudio.files.whole_file import writing_whole

RATE = 16_000
SILENCE_DB = -50.0
DOG = "dog"
RIVALS = ("rooster", "crying_baby", "sneezing")
FOLDS = (1, 2, 3, 4, 5)
FOLD_SECONDS = 1_024
SPEED = 0.35  # octaves up or down
MIXED, MIXED_DB = 0.5, (0.0, 25.0)  # share of the mixtures; level below the first
BATCH = 64
TEACHER = "YAMNet/audioset"

Clips = dict[str, list[np.ndarray]]


class Pool(NamedTuple):
    """Seconds and what is known about them.

    Attributes:
        sounds: float16 (seconds, 16000).
        targets: 0 for dogs, 1 for others, (seconds,).
        vectors: Embeddings of YAMNet, float32 (seconds, 1024).
    """

    sounds: np.ndarray
    targets: np.ndarray
    vectors: np.ndarray


class Pools:
    """The pools of ESC-10.

    Args:
        data: ESC-10.
        folder: Where to keep them.
        seed: Of all that is random.
    """

    def __init__(self, data: ESC50, folder: Path, seed: int) -> None:
        self._data, self._folder, self._seed = data, folder, seed

    def of_folds(self, folds: Sequence[int]) -> Pool:
        """Return the seconds of some folds."""
        parts = [self._kept(fold) for fold in folds]
        return Pool(*map(np.concatenate, zip(*parts, strict=True)))

    def _kept(self, fold: int) -> Pool:
        path = self._folder / f"pool-fold-{fold}-{self._seed}.npz"
        if not path.exists():
            made = self._made(fold, np.random.default_rng((self._seed, fold)))
            self._folder.mkdir(parents=True, exist_ok=True)
            with writing_whole(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **made._asdict())
            print(path, flush=True)
        with np.load(path) as kept:
            return Pool(**kept)

    def _made(self, fold: int, rng: np.random.Generator) -> Pool:
        ours = self._clips((DOG, *RIVALS), [fold])
        others = self._clips(self._no_test())

        def second(number: int) -> np.ndarray:
            name = DOG if number % 3 == 0 else RIVALS[rng.integers(len(RIVALS))]
            sound = window(ours[name], rng)
            if rng.random() >= MIXED:
                return sound
            from_ours = rng.random() < 0.5
            name = str(rng.choice(sorted(ours if from_ours else others)))
            return mixed(sound, window((ours if from_ours else others)[name], rng), rng)

        count = FOLD_SECONDS
        return self._heard([second(n) for n in range(count)], np.arange(count) % 3 > 0)

    def _no_test(self) -> list[str]:
        return sorted({*self._data.categories} - {DOG, *RIVALS})

    def _clips(self, names: Sequence[str], folds: Sequence[int] = FOLDS) -> Clips:
        found: Clips = {name: [] for name in names}
        where = zip(
            self._data.paths,
            self._data.categories,
            self._data.require_folds(),
            strict=True,
        )
        for path, name, fold in where:
            if name in found and fold in folds:
                found[name].append(kerasaudio.load_audio(path, RATE))
        return found

    def _heard(self, sounds: list[np.ndarray], targets: np.ndarray) -> Pool:
        """Filter some and add noise to some; YAMNet hears the result."""
        changes = (
            layers.Filter(RATE, probability=0.5, seed=self._seed),
            layers.Noise((15, 45), probability=0.5, seed=self._seed + 1),
        )
        teacher = kerasaudio.load(TEACHER)
        changed, vectors = [], []
        for begin in range(0, len(sounds), BATCH):
            batch = np.stack(sounds[begin : begin + BATCH]).astype(np.float32)
            for change in changes:
                batch = change(batch, training=True)
            heard = np.clip(keras.ops.convert_to_numpy(batch), -1, 1)
            changed.append(heard.astype(np.float16))
            heard = heard[:, : teacher.spec.window_samples]
            vectors.append(teacher.embed(list(heard), RATE))
        return Pool(
            np.concatenate(changed),
            np.asarray(targets, np.int64),
            np.concatenate(vectors),
        )


def window(clips: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Cut a second that is not silent out of one of some clips, faster or slower."""
    clip = clips[rng.integers(len(clips))]
    for _ in range(50):
        speed = 2 ** rng.uniform(-SPEED, SPEED)
        length = int(RATE * speed) + 2
        start = rng.integers(max(1, len(clip) - length))
        piece = clip[start : start + length]
        if level_db(piece) >= SILENCE_DB:
            break
    times = np.arange(RATE) * speed
    return np.interp(times, np.arange(len(piece)), piece, right=0.0)


def mixed(
    first: np.ndarray, second: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Add a second sound, softer than the first."""
    below = rng.uniform(*MIXED_DB) + level_db(second) - level_db(first)
    return first + second * 10 ** (-below / 20)


def level_db(sound: np.ndarray) -> float:
    """Return the level of a sound, at least -120 dB."""
    return float(10 * np.log10(np.mean(np.square(sound)) + 1e-12))
