"""Seconds for `esc10_dogs.py` to learn from, and what YAMNet hears in them.

`Pools` makes them once and keeps them: one file with the four classes of each fold, and
one with sounds that no test has, the six other classes of ESC-10 and synthetic calls.
"""

from collections.abc import Callable, Sequence
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
FOLD_SECONDS, OTHER_SECONDS = 1_024, 3_072
SYNTHETIC = 0.5  # share of the calls among the sounds of no test
SPEED = 0.35  # octaves up or down
MIXED, MIXED_DB = 0.5, (0.0, 25.0)  # share of the mixtures; level below the first
BATCH = 64

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
        """Return the four classes of some folds; no second has sounds of two folds."""
        parts = [self._kept(f"fold-{fold}", self._fold, fold) for fold in folds]
        return Pool(*map(np.concatenate, zip(*parts, strict=True)))

    def of_no_test(self) -> Pool:
        """Return the six other classes, of all folds, and calls."""
        return self._kept("others", self._others, 0)

    def _kept(self, name: str, make: Callable[..., Pool], fold: int) -> Pool:
        path = self._folder / f"pool-{name}-{self._seed}.npz"
        if not path.exists():
            made = make(fold, np.random.default_rng((self._seed, fold)))
            self._folder.mkdir(parents=True, exist_ok=True)
            with writing_whole(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **made._asdict())
            print(path, flush=True)
        with np.load(path) as kept:
            return Pool(**kept)

    def _fold(self, fold: int, rng: np.random.Generator) -> Pool:
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

    def _others(self, fold: int, rng: np.random.Generator) -> Pool:
        others = self._clips(self._no_test())

        def second() -> np.ndarray:
            if rng.random() < SYNTHETIC:
                return calls(rng)
            return window(others[str(rng.choice(sorted(others)))], rng)

        sounds = [
            mixed(second(), second(), rng) if rng.random() < MIXED else second()
            for _ in range(OTHER_SECONDS)
        ]
        return self._heard(sounds, np.ones(OTHER_SECONDS))

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
        teacher = kerasaudio.load("YAMNet/audioset")
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


def calls(rng: np.random.Generator) -> np.ndarray:
    """Make up to four calls of one voice: a harmonic tone that glides, with breath."""
    octave, glide, arch = rng.uniform(0, 5), rng.normal(0, 0.5), rng.normal(0, 0.5)
    slope, attack, decay = rng.uniform(0, 2), rng.uniform(0.1, 1), rng.uniform(0.3, 3)
    voice, breath = 10 ** (-rng.uniform(0, 30, 2) / 20)
    length = int(RATE * 10 ** rng.uniform(-1.3, -0.05))
    x = np.linspace(0, 1, length)
    hz = 80 * 2 ** (octave + glide * x + 4 * arch * x * (1 - x))
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    tone = np.zeros(length)
    for number in range(1, max(2, int(RATE / 2 / hz.max()))):
        tone += rng.uniform() * number**-slope * np.sin(number * phase)
    call = voice * tone / tone.std() + breath * rng.standard_normal(length)
    call *= x**attack * (1 - x) ** decay
    second = np.zeros(RATE)
    for start in rng.integers(RATE - length + 1, size=rng.integers(1, 5)):
        second[start : start + length] += call * rng.uniform(0.3, 1)
    return second * 10 ** ((rng.uniform(-40, -12) - level_db(second)) / 20)
