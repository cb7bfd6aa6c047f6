"""Small classifiers on vectors from a pretrained network.

    linear: vector (b, n) -> standardize -> dense, softmax (b, classes)
    mlp:    vector (b, n) -> standardize -> dense, ReLU, dropout -> dense, softmax
    gru:    vectors of windows (b, windows, n) -> standardize -> GRU -> dropout
            -> dense, softmax; windows of zeros only are padding and are skipped

`linear` is the optimum of a convex loss (see `logistic`); the others are trained.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasaudio.core.initializers import numpy_initializers
from kerasaudio.core.programs.tracing import QuietModel
from kerasaudio.layers import Standardize
from kerasaudio.moved import renamed
from kerasaudio.transfer.arrays import (
    Vectors,
    as_array,
    check_targets,
    moments,
    standardize,
)
from kerasaudio.transfer.logistic import Linear, Problem, fit_logistic, softmax
from kerasaudio.transfer.settings import ON_FEATURES, Probe, check_seed, settle
from kerasaudio.transfer.training import Trainer

WEIGHT_DECAY = 1e-2


@renamed(labels="targets")
def fit_probe(
    features: Vectors,
    targets: Sequence[int] | np.ndarray,
    *,
    probe: Probe = "linear",
    seed: int = 0,
    **settings: Any,
) -> keras.Model:
    """Fit a small classifier on vectors.

    Args:
        features: Vectors (clips, n); for "gru" the windows of each clip, (clips,
            windows, n), where rows of zeros are padding, or a list of (windows, n).
        targets: Class numbers from 0, (clips,).
        probe: "linear", "mlp" or "gru".
        seed: Random seed of initial weights, shuffling and dropout; it has no effect
            on "linear".
        **settings: Settings of the probe. For "linear": C, the inverse strength of the
            L2 penalty as in scikit-learn (default: 0.1). For "mlp" and "gru", with
            their defaults: units (256, 64), dropout (0.3), epochs (40), batch_size
            (32) and learning_rate (0.001, 0.002).

    Returns:
        A model from raw features to class probabilities, (b, n) or (b, windows, n) ->
        (b, classes). It includes the standardization.

    Raises:
        ValueError: Shapes do not fit, features have NaN, a class has no clip, or the
            probe or a setting is unknown.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.load("LeNetMFCC/fsdd")
        >>> features = kerasaudio.FeatureExtractor(model).extract(clips.paths)
        >>> probe = kerasaudio.transfer.fit_probe(features.vectors, clips.targets)
        >>> probe.predict(features.vectors, verbose=0).argmax(axis=1).tolist()
        [0, 0, 0, 0, 1, 1, 1, 1]
    """
    settled = settle(probe, settings, ON_FEATURES)
    seed = check_seed(seed)
    array = as_array(features, probe)
    numbers = check_targets(targets, len(array))
    fitter = Fitter(probe, int(numbers.max()) + 1, settled, seed)
    (fitted,) = fitter.fit_each([Problem(array, numbers)])
    return fitted.to_model()


def linear_head(
    features: np.ndarray,
    targets: np.ndarray,
    classes: int,
    weights: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Fit the linear probe, and return its kernel and bias for raw features.

    Args:
        features: Vectors, (rows, n).
        targets: Class numbers, (rows,).
        classes: Number of classes.
        weights: Number of clips that each row stands for, (rows,); None for 1.
    """
    fitter = Fitter("linear", classes, settle("linear", {}, ON_FEATURES), seed=0)
    problem = Problem(as_array(features, "linear"), targets, weights)
    (fitted,) = fitter.fit_each([problem])
    assert isinstance(fitted.core, Linear)
    kernel = fitted.core.kernel / fitted.std[:, None]
    return [kernel, fitted.core.bias - fitted.mean @ kernel]


def one_against_all(bias: np.ndarray) -> np.ndarray:
    """Return the bias for sigmoid scores instead of softmax.

    Without information, all classes then have the same probability, as with softmax.
    """
    return bias - np.log(max(1, len(bias) - 1))


@dataclass(frozen=True)
class Fitted:
    """A classifier of standardized vectors, with the standardization.

    Attributes:
        core: Classifier of standardized features: kernel and bias, or a network that is
            trained again for the next set of clips.
        mean: Mean of each feature, float64 (n,).
        std: Standard deviation of each feature, float64 (n,).
    """

    core: Linear | Trainer
    mean: np.ndarray
    std: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return probabilities for raw features."""
        x = standardize(features, self.mean, self.std)
        if isinstance(self.core, Linear):
            return softmax(x @ self.core.kernel + self.core.bias)
        return self.core.predict(x)

    def to_model(self) -> keras.Model:
        """Return a separate model from raw features to probabilities."""
        return _whole(self)


class Fitter:
    """Fit one kind of classifier on several sets of clips, compiled once."""

    def __init__(
        self, probe: str, classes: int, settings: dict[str, Any], seed: int
    ) -> None:
        self._probe, self._classes = probe, classes
        self._settings, self._seed = settings, seed

    def fit_each(self, problems: Iterable[Problem]) -> Iterator[Fitted]:
        """Yield a classifier per problem; use each before asking for the next."""
        if self._probe == "linear":
            yield from self._linear(list(problems))
            return
        trainer: Trainer | None = None
        for features, targets, _ in problems:
            mean, std = moments(features)
            trainer = trainer or self._build(features.shape[-1])
            trainer.fit(
                standardize(features, mean, std),
                targets,
                epochs=self._settings["epochs"],
                batch_size=self._settings["batch_size"],
                seed=self._seed,
            )
            yield Fitted(trainer, mean, std)

    def _linear(self, problems: Sequence[Problem]) -> Iterator[Fitted]:
        scales = [moments(problem.features) for problem in problems]
        standardized = [
            problem._replace(features=standardize(problem.features, *scale))
            for problem, scale in zip(problems, scales, strict=True)
        ]
        fits = fit_logistic(standardized, self._classes, self._settings["C"])
        for linear, scale in zip(fits, scales, strict=True):
            yield Fitted(linear, *scale)

    def _build(self, width: int) -> Trainer:
        keras.utils.set_random_seed(self._seed)
        build = _mlp if self._probe == "mlp" else _gru
        units, dropout = self._settings["units"], self._settings["dropout"]
        with numpy_initializers():
            core = build(width, self._classes, units, dropout)
        return Trainer(core, self._settings["learning_rate"], WEIGHT_DECAY)


def _mlp(width: int, classes: int, units: int, dropout: float) -> keras.Model:
    vector = keras.Input((width,), name="standardized")
    x = layers.Dense(units, "relu", name="hidden")(vector)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(vector, _scores(classes)(x), name="mlp")


def _gru(width: int, classes: int, units: int, dropout: float) -> keras.Model:
    sequence = keras.Input((None, width), name="standardized")
    x = layers.GRU(units, name="recurrent")(sequence, mask=_is_sound(sequence))
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(sequence, _scores(classes)(x), name="gru")


def _scores(classes: int) -> keras.layers.Layer:
    return layers.Dense(classes, "softmax", name="scores", dtype="float32")


def _is_sound(sequence: Any) -> Any:
    """Return which windows are not padding, bool (b, windows)."""
    return ops.any(ops.not_equal(sequence, 0.0), axis=-1)


def _whole(fitted: Fitted) -> keras.Model:
    width = len(fitted.mean)
    scale = Standardize(
        fitted.mean.tolist(), fitted.std.tolist(), name="standardization"
    )
    if isinstance(fitted.core, Linear):
        vector = keras.Input((width,), name="features")
        head = _scores(fitted.core.kernel.shape[1])
        model = QuietModel(vector, head(scale(vector)), name="predictions")
        head.set_weights([fitted.core.kernel, fitted.core.bias])
        return model
    trained = fitted.core.model
    core = QuietModel.from_config(trained.get_config())
    core.set_weights(trained.get_weights())
    if len(trained.input_shape) == 2:
        vector = keras.Input((width,), name="features")
        return keras.Model(vector, core(scale(vector)), name="predictions")
    sequence = keras.Input((None, width), name="features")
    is_sound = ops.cast(_is_sound(sequence), "float32")
    x = scale(sequence) * ops.expand_dims(is_sound, -1)
    return keras.Model(sequence, core(x), name="predictions")
