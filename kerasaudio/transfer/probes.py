"""Small classifiers on vectors that a pretrained network made.

    linear: vector (b, n) -> standardise -> dense, softmax (b, classes)
    mlp:    vector (b, n) -> standardise -> dense, ReLU, dropout -> dense, softmax
    gru:    vectors of windows (b, windows, n) -> standardise -> GRU -> dropout
            -> dense, softmax; windows of zeros only are padding and are skipped

`linear` is the optimum of a convex loss (see `logistic`); the others are trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasaudio.layers import Standardize
from kerasaudio.models.initializers import numpy_initializers
from kerasaudio.transfer.arrays import (
    Vectors,
    as_array,
    check_labels,
    moments,
    standardise,
)
from kerasaudio.transfer.logistic import fit_logistic, softmax
from kerasaudio.transfer.settings import ON_FEATURES, Probe, check_seed, settle
from kerasaudio.transfer.training import Trainer

WEIGHT_DECAY = 1e-2


def fit_probe(
    features: Vectors,
    labels: Sequence[int] | np.ndarray,
    *,
    probe: Probe = "linear",
    seed: int = 0,
    **settings: Any,
) -> keras.Model:
    """Fit a small classifier on vectors.

        extractor = kerasaudio.FeatureExtractor(model)
        vectors = extractor.extract(paths).vectors
        probe = kerasaudio.transfer.fit_probe(vectors, labels)
        tagger = kerasaudio.transfer.attach(model, probe, ["bark", "knock"])

    Args:
        features: (clips, n); for "gru" the windows of each clip, (clips, windows, n),
            where rows of zeros are padding, or a list of (windows, n).
        labels: Class numbers from 0, (clips,).
        probe: "linear", "mlp" or "gru".
        seed: Of initial weights, shuffling and dropout; "linear" has nothing random.
        **settings: linear: C, inverse strength of the L2 penalty as in scikit-learn,
            0.1. mlp, gru: units (256, 64), dropout (0.3), epochs (40), batch_size
            (32), learning_rate (0.001, 0.002).

    Returns:
        A model from raw features to class probabilities, (b, n) or (b, windows, n) ->
        (b, classes). The standardisation is inside.

    Raises:
        ValueError: Shapes that do not fit, NaN, a class without a clip, an unknown
            probe or setting.
    """
    settled = settle(probe, settings, ON_FEATURES)
    fitter = Fitter(probe, settled, check_seed(seed))
    array = as_array(features, probe)
    return fitter.fit(array, check_labels(labels, len(array))).to_model()


@dataclass(frozen=True)
class Fitted:
    """A classifier of standardised vectors, and how to standardise.

    Attributes:
        core: Network from standardised features to probabilities, or the linear one.
        mean: float64 (n,).
        std: float64 (n,).
    """

    trainer: Trainer | None
    linear: Any
    mean: np.ndarray
    std: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Give probabilities for raw features."""
        x = standardise(features, self.mean, self.std)
        if self.trainer is None:
            return softmax(x @ self.linear.kernel + self.linear.bias)
        return self.trainer.predict(x)

    def to_model(self) -> keras.Model:
        """Give a model of its own from raw features to probabilities."""
        return _whole(self)


class Fitter:
    """Fits one kind of classifier on several sets of clips, compiled once."""

    def __init__(self, probe: str, settings: dict[str, Any], seed: int) -> None:
        self._probe, self._settings, self._seed = probe, settings, seed
        self._trainer: Trainer | None = None

    def fit(self, features: np.ndarray, labels: np.ndarray) -> Fitted:
        """Fit on checked features and labels."""
        mean, std = moments(features)
        x = standardise(features, mean, std)
        classes = int(labels.max()) + 1
        if self._probe == "linear":
            linear = fit_logistic(x, labels, classes, self._settings["C"])
            return Fitted(None, linear, mean, std)
        if self._trainer is None:
            self._trainer = self._build(x.shape[-1], classes)
        self._trainer.fit(
            x,
            labels,
            epochs=self._settings["epochs"],
            batch_size=self._settings["batch_size"],
            seed=self._seed,
        )
        return Fitted(self._trainer, None, mean, std)

    def _build(self, width: int, classes: int) -> Trainer:
        keras.utils.set_random_seed(self._seed)
        build = _mlp if self._probe == "mlp" else _gru
        units, dropout = self._settings["units"], self._settings["dropout"]
        with numpy_initializers():
            core = build(width, classes, units, dropout)
        return Trainer(core, self._settings["learning_rate"], WEIGHT_DECAY)


def _mlp(width: int, classes: int, units: int, dropout: float) -> keras.Model:
    vector = keras.Input((width,), name="standardised")
    x = layers.Dense(units, "relu", name="hidden")(vector)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(vector, _scores(classes)(x), name="mlp")


def _gru(width: int, classes: int, units: int, dropout: float) -> keras.Model:
    sequence = keras.Input((None, width), name="standardised")
    x = layers.GRU(units, name="recurrent")(sequence, mask=_is_sound(sequence))
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(sequence, _scores(classes)(x), name="gru")


def _scores(classes: int) -> keras.layers.Layer:
    return layers.Dense(classes, "softmax", name="scores", dtype="float32")


def _is_sound(sequence: Any) -> Any:
    """Tell windows, (b, windows), from padding."""
    return ops.any(ops.not_equal(sequence, 0.0), axis=-1)


def _whole(fitted: Fitted) -> keras.Model:
    width = len(fitted.mean)
    scale = Standardize(
        fitted.mean.tolist(), fitted.std.tolist(), name="standardisation"
    )
    if fitted.trainer is None:
        vector = keras.Input((width,), name="features")
        head = _scores(fitted.linear.kernel.shape[1])
        model = keras.Model(vector, head(scale(vector)), name="predictions")
        head.set_weights([fitted.linear.kernel, fitted.linear.bias])
        return model
    trained = fitted.trainer.model
    core = keras.Model.from_config(trained.get_config())
    core.set_weights(trained.get_weights())
    if len(trained.input_shape) == 2:
        vector = keras.Input((width,), name="features")
        return keras.Model(vector, core(scale(vector)), name="predictions")
    sequence = keras.Input((None, width), name="features")
    is_sound = ops.cast(_is_sound(sequence), "float32")
    x = scale(sequence) * ops.expand_dims(is_sound, -1)
    return keras.Model(sequence, core(x), name="predictions")
