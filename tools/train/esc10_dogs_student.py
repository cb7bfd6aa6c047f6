"""BarkNet, taught for `esc10_dogs.py` by YAMNet: by its scores and its embeddings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import recipe
from esc10_dogs_pool import Pool

from kerasaudio.core import AudioModel
from kerasaudio.files.whole_file import writing_whole
from kerasaudio.models.bark_net import BarkNet
from kerasaudio.transfer import fit_probe

DIRECTIONS = 16
DIRECTIONS_WEIGHT = 4.0
C = 0.003  # of the teacher's scores
SOFT = 0.5  # share of the teacher's scores in the targets
LOUD_DB = 10.0  # below the loudest part of a second: from where parts are cut

Targets = dict[str, np.ndarray]


class Plan(NamedTuple):
    """How long something is learnt, and how fast.

    Attributes:
        samples: Length of the parts that are heard.
        epochs: Passes over the seconds.
        batch_size: Parts in a step.
        rate: First learning rate.
    """

    samples: int
    epochs: int
    batch_size: int
    rate: float


class Directions(NamedTuple):
    """In which embeddings differ most: the first principal components.

    Attributes:
        mean: Of the embeddings, (1024,).
        matrix: To components, of which the first has variance 1, (1024, components).
    """

    mean: np.ndarray
    matrix: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> "Directions":
        """Find the components of some embeddings."""
        mean = vectors.mean(axis=0)
        values, axes = np.linalg.eigh(np.cov(vectors - mean, rowvar=False))
        matrix = axes[:, : -DIRECTIONS - 1 : -1] / np.sqrt(values[-1])
        return cls(mean, matrix.astype(np.float32))

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Return the components, (clips, components)."""
        return (vectors - self.mean) @ self.matrix


def new_learner(
    labels: Sequence[str], network: dict[str, Any], samples: int
) -> keras.Model:
    """Build BarkNet with a second head, which tells the teacher's components."""
    model = BarkNet(labels=labels, dropout=0.0, clip_samples=samples, **network)
    embedding = model.get_layer("embedding").output
    second = keras.layers.Dense(DIRECTIONS, name="directions")(embedding)
    return keras.Model(model.input, {"predictions": model.output, "directions": second})


def targets(pool: Pool) -> Targets:
    """Return components, and scores: half the labels, half a probe's on embeddings."""
    probe = fit_probe(pool.vectors, pool.targets, C=C)
    soft = probe.predict(pool.vectors, batch_size=256, verbose=0)
    hard = np.eye(2, dtype=np.float32)[pool.targets]
    return {
        "predictions": SOFT * soft + (1 - SOFT) * hard,
        "directions": Directions.of(pool.vectors)(pool.vectors),
    }


def teach(
    learner: keras.Model,
    sounds: np.ndarray,
    goals: Targets,
    path: Path,
    plan: Plan,
    seed: int,
) -> keras.Model:
    """Train at a rate that falls to 0; continue where an interrupted training was.

    Args:
        learner: To begin with, for parts of `plan.samples`.
        sounds: Seconds, (seconds, 16000).
        goals: Of both heads.
        path: The `.keras` file to write after each epoch.
        plan: How long, how fast.
        seed: Of the order, places and levels.
    """
    steps = max(1, len(sounds) // plan.batch_size)
    if path.exists():
        learner = keras.saving.load_model(path)
    else:
        rate = keras.optimizers.schedules.CosineDecay(plan.rate, steps * plan.epochs)
        learner.compile(
            keras.optimizers.Adam(rate),
            {"predictions": "categorical_crossentropy", "directions": "mse"},
            loss_weights={"predictions": 1.0, "directions": DIRECTIONS_WEIGHT},
            jit_compile=False,
        )
    for epoch in range(int(learner.optimizer.iterations) // steps, plan.epochs):
        rng = np.random.default_rng((seed, plan.samples, epoch))
        order = rng.permutation(len(sounds))
        losses = []
        for step in range(steps):
            chosen = order[step * plan.batch_size : (step + 1) * plan.batch_size]
            batch = np.stack([changed(sounds[i], plan.samples, rng) for i in chosen])
            wanted = {name: goal[chosen] for name, goal in goals.items()}
            losses.append(float(learner.train_on_batch(batch, wanted)[0]))
        with writing_whole(path) as temporary:
            learner.save(temporary)
        text = f"{path.stem}, epoch {epoch + 1} of {plan.epochs}"
        print(f"{text}: loss {np.mean(losses):.3f}", flush=True)
    return learner


def changed(sound: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a part that is among the loud ones; turn it, and make it louder or softer."""
    sound = sound.astype(np.float32)
    if samples < len(sound):
        power = np.append(0, np.cumsum(np.square(sound, dtype=np.float64)))
        starts = np.arange(0, len(sound) - samples + 1, samples // 4)
        inside = power[starts + samples] - power[starts]
        start = rng.choice(starts[inside >= inside.max() * 10 ** (-LOUD_DB / 10)])
        sound = sound[start : start + samples]
    turned = recipe.turned(sound, rng)
    return np.clip(turned * rng.choice((-1, 1)), -1, 1).astype(np.float32)


def student_of(
    learner: keras.Model, labels: Sequence[str], network: dict[str, Any]
) -> AudioModel:
    """Return BarkNet without the second head."""
    model = BarkNet(labels=labels, **network)
    for layer in model.layers:
        layer.set_weights(learner.get_layer(layer.name).get_weights())
    return model
