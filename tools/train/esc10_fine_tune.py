"""Fine-tune EfficientAT on ESC-10 with Keras' `fit`: first the head, then all layers.

    python tools/train/esc10_fine_tune.py ESC-50-master/ --out build/esc10-fine-tune

Frozen: the network's vectors are computed once, and a linear head is fitted to them
until it has converged. Unfrozen: that head on the network, and all weights learn at a
low rate; batch normalization keeps the statistics it was published with.

Each of the five official folds is tested once. How fast and how long it learns is
chosen for each from RATES and 1 to --epochs epochs on the folds that it learns from:
trainings without a pair of neighboring folds (1 and 2, 2 and 3 ...) are scored on
both, and the choice for the test of a fold is the least cross-entropy of its two
neighbors, scored by networks that heard neither of the pair. Each pair and fold is
saved at once; after an interruption the same command resumes.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import recipe

from kerasaudio.core import AudioModel
from kerasaudio.datasets import ESC50, LabeledClips
from kerasaudio.evaluation import predict_clips
from kerasaudio.files.whole_file import write_text
from kerasaudio.models.efficient_at import EfficientAT
from kerasaudio.transfer import attach
from kerasaudio.transfer.training import Trainer

RATES = (1e-4, 3e-5)
BATCH_SIZE = 16
HEAD_RATE = 0.01
HEAD_EPOCHS, HEAD_STEPS = 6, 50  # each step sees all vectors at once
C = 0.1  # as of the linear probe: the penalty is |kernel|**2 / (2 * C * clips)

Facts = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Choose, train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    data = ESC50(options.folder, esc10=True)
    folds = np.unique(data.require_folds()).tolist()
    if len(folds) < 3:
        raise ValueError(f"It takes three folds. Received: {folds}.")
    options.out.mkdir(parents=True, exist_ok=True)
    settings = {
        "rates": list(RATES),
        "epochs": options.epochs,
        "batch_size": BATCH_SIZE,
        "seed": options.seed,
        "weights": str(options.weights),
        "clips": len(data),
    }
    kept = Kept(options.out, settings, options.overwrite)
    tuning = Tuning(options.weights, data, options.seed)

    following = dict(zip(folds, folds[1:] + folds[:1], strict=True))
    pairs: dict[tuple[int, int], Facts] = {}
    for pair in following.items():
        name = f"pair-{pair[0]}-{pair[1]}"
        pairs[pair] = kept(name, partial(explore, tuning, pair, options.epochs))
    results = []
    for fold in folds:
        measured = partial(test, tuning, fold, choose(pairs, fold))
        results.append(kept(f"fold-{fold}", measured))
    recipe.write_result(
        options.out / "result.json",
        {
            "data": "ESC-10, five official folds",
            "script": "tools/train/esc10_fine_tune.py",
            "model": tuning.model.spec.architecture,
            "settings": settings,
            **{
                name: summary([result[name] for result in results])
                for name in ("frozen", "unfrozen")
            },
            "choices": {f"fold {r['fold']}": r["choice"] for r in results},
            "wrong": [path for result in results for path in result["wrong"]],
            "seconds": round(
                sum(found["seconds"] for found in [*pairs.values(), *results]), 1
            ),
        },
    )


class Kept:
    """Results in a folder; what is there already is not computed again."""

    def __init__(self, folder: Path, settings: Facts, overwrite: bool) -> None:
        self._folder, self._settings, self._overwrite = folder, settings, overwrite

    def __call__(self, name: str, compute: Callable[[], Facts]) -> Facts:
        """Read a result, or compute and write it.

        Raises:
            ValueError: It was computed with other settings.
        """
        path = self._folder / f"{name}.json"
        if path.exists() and not self._overwrite:
            there: Facts = json.loads(path.read_text())
            if there["settings"] != self._settings:
                raise ValueError(
                    f"{path} was made with other settings: {there['settings']}, now "
                    f"{self._settings}. Choose another --out, or pass --overwrite."
                )
            return there
        began = time.perf_counter()
        facts = compute()
        facts["seconds"] = round(time.perf_counter() - began, 1)
        facts["settings"] = self._settings
        write_text(path, json.dumps(facts, indent=2) + "\n")
        print(f"{name}: {facts['seconds']:.0f} s", flush=True)
        return facts


class Tuning:
    """One network, compiled once, that is set back to its published weights.

    Args:
        weights: Tag or file of EfficientAT.
        data: All clips.
        seed: Of the order of clips and their augmentation.

    Attributes:
        model: Body and a linear head.
        seed: As above.
    """

    def __init__(self, weights: str, data: LabeledClips, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        body = EfficientAT(weights=weights, include_top=False)
        self._data, self.seed = data, seed
        self._vectors = predict_clips(body, data)
        width, names = self._vectors.shape[1], data.class_names
        head = keras.layers.Dense(len(names), "softmax", name="scores")
        vector = keras.Input((width,), name="features")
        self.model = attach(body, keras.Model(vector, head(vector)), names)
        self._head = self.model.get_layer("predictions")
        for layer in body.layers:
            layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
        self._trainer = Trainer(self.model, RATES[0])

    def clips(self, folds: Sequence[int]) -> LabeledClips:
        """Give the clips of some folds."""
        return self._data.take(np.isin(self._data.require_folds(), folds))

    def frozen(self, folds: Sequence[int]) -> AudioModel:
        """Fit the head alone to all clips but those of some folds."""
        self._trainer.reset()
        heard = ~np.isin(self._data.require_folds(), folds)
        vectors, labels = self._vectors[heard], self._data.targets[heard]
        self._head.set_weights(fit_head(vectors, labels, len(self._data.class_names)))
        return self.model

    def unfrozen(
        self,
        folds: Sequence[int],
        rate: float,
        epochs: int,
        after: Callable[[AudioModel], None] | None = None,
    ) -> AudioModel:
        """Fit the head, then everything; see `frozen`.

        Args:
            folds: That are not heard.
            rate: Learning rate.
            epochs: Of everything.
            after: Told of the model after each epoch.
        """
        model = self.frozen(folds)
        model.optimizer.learning_rate = rate
        heard = np.setdiff1d(self._data.require_folds(), folds).tolist()
        batches = self.clips(heard).batches(
            model, BATCH_SIZE, augment=recipe.turned, seed=self.seed
        )
        callbacks = [
            keras.callbacks.LambdaCallback(
                on_epoch_begin=lambda n, logs: setattr(batches, "epoch", n),
                on_epoch_end=lambda n, logs: after(model) if after else None,
            )
        ]
        model.fit(batches, epochs=epochs, shuffle=False, callbacks=callbacks, verbose=0)
        return model


def fit_head(
    vectors: np.ndarray, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a linear softmax classifier; gives its kernel and bias on raw vectors."""
    mean = vectors.mean(axis=0)
    scale = np.maximum(vectors.std(axis=0), 1e-6)
    head = keras.layers.Dense(
        classes,
        "softmax",
        kernel_initializer="zeros",
        kernel_regularizer=keras.regularizers.L2(1 / (2 * C * len(vectors))),
    )
    model = keras.Sequential([keras.Input(vectors.shape[1:]), head])
    model.compile(keras.optimizers.Adam(HEAD_RATE), "sparse_categorical_crossentropy")
    model.fit(
        np.tile((vectors - mean) / scale, (HEAD_STEPS, 1)),
        np.tile(labels, HEAD_STEPS),
        epochs=HEAD_EPOCHS,
        batch_size=len(vectors),
        shuffle=False,
        verbose=0,
    )
    kernel, bias = head.get_weights()
    kernel = kernel / scale[:, None]
    return kernel, bias - mean @ kernel


def explore(tuning: Tuning, pair: tuple[int, int], epochs: int) -> Facts:
    """Train without two folds at each rate; score both after each epoch."""
    tried: list[Facts] = []

    def score(model: AudioModel) -> None:
        for fold in pair:
            clips = tuning.clips([fold])
            tried[-1]["losses"][str(fold)].append(cross_entropy(model, clips))

    for rate in RATES:
        tried.append({"rate": rate, "losses": {str(fold): [] for fold in pair}})
        tuning.unfrozen(pair, rate, epochs, after=score)
    return {"pair": list(pair), "tried": tried}


def choose(pairs: dict[tuple[int, int], Facts], fold: int) -> Facts:
    """Give the rate and epochs of least loss on the neighbors of a test fold."""
    candidates = []
    for number, rate in enumerate(RATES):
        losses = [
            facts["tried"][number]["losses"][str(other)]
            for pair, facts in pairs.items()
            if fold in pair
            for other in pair
            if other != fold
        ]
        mean = np.mean(losses, axis=0)
        candidates += [(float(loss), rate, n) for n, loss in enumerate(mean, start=1)]
    loss, rate, epochs = min(candidates)
    return {"rate": rate, "epochs": epochs, "validation_loss": loss}


def test(tuning: Tuning, fold: int, choice: Facts) -> Facts:
    """Train on all folds but one, and measure on that one, frozen and unfrozen."""
    clips = tuning.clips([fold])
    frozen = predict_clips(tuning.frozen([fold]), clips)
    unfrozen = predict_clips(
        tuning.unfrozen([fold], choice["rate"], choice["epochs"]), clips
    )
    wrong = np.flatnonzero(unfrozen.argmax(axis=1) != clips.targets)
    return {
        "fold": fold,
        "choice": choice,
        "frozen": float((frozen.argmax(axis=1) == clips.targets).mean()),
        "unfrozen": float((unfrozen.argmax(axis=1) == clips.targets).mean()),
        "wrong": [
            f"{clips.paths[i].name}: {clips.categories[i]}, taken for "
            f"{clips.class_names[unfrozen[i].argmax()]}"
            for i in wrong
        ],
    }


def cross_entropy(model: AudioModel, clips: LabeledClips) -> float:
    """Give the mean loss of clips."""
    scores = predict_clips(model, clips)[np.arange(len(clips)), clips.targets]
    return float(-np.log(np.maximum(scores, keras.config.epsilon())).mean())


def summary(accuracies: Sequence[float]) -> Facts:
    """Give the figures of some folds."""
    return {
        "accuracy": float(np.mean(accuracies)),
        "std": float(np.std(accuracies)),
        "folds": list(accuracies),
    }


def _parser() -> argparse.ArgumentParser:
    parser = recipe.parser(__doc__ or "", out="build/esc10-fine-tune", epochs=4)
    parser.add_argument("--weights", default="audioset", help="EfficientAT's tag, file")
    return parser


if __name__ == "__main__":
    main()
