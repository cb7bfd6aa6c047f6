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

DIRECTIONS = 64
C = 0.003  # of the teacher's scores
SOFT = 0.5  # share of the teacher's scores in the targets
BATCH_SIZE = 8
LEARNING_RATE = 1.5e-3

Targets = dict[str, np.ndarray]


class Directions(NamedTuple):
    """In which embeddings differ most: the first principal components.

    Attributes:
        mean: Of the embeddings, (1024,).
        matrix: To components of variance 1, (1024, components).
    """

    mean: np.ndarray
    matrix: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> "Directions":
        """Find the components of some embeddings."""
        mean = vectors.mean(axis=0)
        values, axes = np.linalg.eigh(np.cov(vectors - mean, rowvar=False))
        axes, values = axes[:, ::-1], values[::-1]
        count = min(DIRECTIONS, int(np.sum(values > 1e-6 * values[0])))
        matrix = axes[:, :count] / np.sqrt(values[:count])
        return cls(mean, matrix.astype(np.float32))

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Return the components, (clips, components)."""
        return (vectors - self.mean) @ self.matrix


def new_learner(
    labels: Sequence[str], network: dict[str, Any], directions: int
) -> keras.Model:
    """Build BarkNet with a second head, which tells the teacher's components."""
    model = BarkNet(labels=labels, dropout=0.0, **network)
    embedding = model.get_layer("embedding").output
    second = keras.layers.Dense(directions, name="directions")(embedding)
    return keras.Model(model.input, {"predictions": model.output, "directions": second})


def first_targets(pool: Pool, directions: Directions) -> Targets:
    """Return what is learnt from sounds without labels: the components."""
    even = np.full((len(pool.targets), 2), 0.5, np.float32)  # has no weight
    return {"predictions": even, "directions": directions(pool.vectors)}


def targets(pool: Pool, directions: Directions) -> Targets:
    """Return components, and scores: half the labels, half a probe's on embeddings."""
    probe = fit_probe(pool.vectors, pool.targets, C=C)
    soft = probe.predict(pool.vectors, batch_size=256, verbose=0)
    hard = np.eye(2, dtype=np.float32)[pool.targets]
    return {
        "predictions": SOFT * soft + (1 - SOFT) * hard,
        "directions": directions(pool.vectors),
    }


def teach(
    learner: keras.Model,
    sounds: np.ndarray,
    goals: Targets,
    path: Path,
    *,
    epochs: int,
    seed: int,
    scored: bool = True,
) -> keras.Model:
    """Train at a rate that falls to 0; continue where an interrupted training was.

    Args:
        learner: To begin with.
        sounds: Seconds, (seconds, 16000).
        goals: Of both heads.
        path: The `.keras` file to write after each epoch.
        epochs: Passes over the seconds.
        seed: Of their order, turns and levels.
        scored: Whether scores are learnt, too.
    """
    steps = max(1, len(sounds) // BATCH_SIZE)
    if path.exists():
        learner = keras.saving.load_model(path)
    else:
        rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps * epochs)
        learner.compile(
            keras.optimizers.Adam(rate),
            {"predictions": "categorical_crossentropy", "directions": "mse"},
            loss_weights={"predictions": float(scored), "directions": 1.0},
            jit_compile=False,
        )
    for epoch in range(int(learner.optimizer.iterations) // steps, epochs):
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(sounds))
        learner.reset_metrics()
        losses: dict[str, Any] = {}
        for step in range(steps):
            chosen = order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
            batch = np.stack([_changed(sounds[i], rng) for i in chosen])
            wanted = {name: goal[chosen] for name, goal in goals.items()}
            losses = learner.train_on_batch(batch, wanted, return_dict=True)
        with writing_whole(path) as temporary:
            learner.save(temporary)
        said = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
        print(f"{path.stem}, epoch {epoch + 1} of {epochs}: {said}", flush=True)
    return learner


def _changed(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    turned = recipe.turned(sound.astype(np.float32), rng)
    return np.clip(turned * rng.choice((-1, 1)), -1, 1).astype(np.float32)


def student_of(
    learner: keras.Model, labels: Sequence[str], network: dict[str, Any]
) -> AudioModel:
    """Return BarkNet without the second head."""
    model = BarkNet(labels=labels, **network)
    for layer in model.layers:
        layer.set_weights(learner.get_layer(layer.name).get_weights())
    return model
