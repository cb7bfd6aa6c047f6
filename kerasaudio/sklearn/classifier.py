"""AudioClassifier: sounds to classes, by a probe on the vectors of a network."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

import keras
import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    assert_all_finite,
    check_is_fitted,
    column_or_1d,
)

from kerasaudio.arguments import whole_number
from kerasaudio.sklearn.estimator import Model, SoundEstimator
from kerasaudio.sklearn.sounds import read_sounds
from kerasaudio.transfer import fit_probe

PROBES = ("linear", "mlp")
_SETTINGS = ("C", "units", "dropout", "epochs", "batch_size", "learning_rate")


class AudioClassifier(ClassifierMixin, SoundEstimator):
    """Classify sounds by a small classifier on the vectors of a pretrained network.

    The classifier is `kerasaudio.transfer.fit_probe`, with the standardization before
    it. The network is not trained, and uses the whole of each clip, as in
    `kerasaudio.cross_validate`. Vectors of files are kept on disk, so that searches
    over the settings of the probe compute them once.

    X is the same as for `AudioEmbedder`. Labels are texts or numbers; predictions are
    the same texts or numbers.

    Args:
        model: As for `AudioEmbedder`. A pickle of a fitted classifier contains the name
            or path of the model, and the weights of the probe.
        layer: As for `AudioEmbedder`.
        pool: "mean" or "max" over the windows of a clip.
        window_seconds: As for `AudioEmbedder`.
        hop_seconds: As for `AudioEmbedder`.
        sampling_rate: As for `AudioEmbedder`.
        cache: As for `AudioEmbedder`.
        probe: "linear" (logistic regression) or "mlp" (one hidden layer).
        C: For "linear": inverse strength of the penalty. None, here and below, for the
            default of `fit_probe`.
        units: For "mlp": size of the hidden layer.
        dropout: For "mlp": fraction of hidden units that are dropped in training.
        epochs: For "mlp": number of epochs.
        batch_size: For "mlp": number of clips in a batch.
        learning_rate: For "mlp": learning rate.
        random_state: Random seed, a whole number; it has no effect on "linear".

    Attributes:
        classes_: Labels in sorted order.
        probe_: Keras model from vectors (b, features) to probabilities (b, classes),
            which `kerasaudio.transfer.attach` takes.
        n_features_in_: Number of samples, if X has two axes.

    Raises:
        ValueError: By `fit` and `predict`: X is unusable, see `AudioEmbedder`; y does
            not have a label for each clip, or has only one class; a parameter is wrong.
        OSError: A file is missing. The weights are unavailable.
        sklearn.exceptions.NotFittedError: `predict` was called before `fit`.

    Examples:
        >>> paths = kerasaudio.find_audio("labeled")
        >>> labels = [path.parent.name for path in paths]
        >>> classifier = kerasaudio.sklearn.AudioClassifier("LeNetMFCC/fsdd")
        >>> classifier.fit(paths, labels).predict(["labeled/hum/0.wav"]).tolist()
        ['hum']
        >>> classifier.classes_.tolist()
        ['hiss', 'hum']
        >>> classifier.score(paths, labels)
        1.0
    """

    _hears_all = True

    def __init__(
        self,
        model: Model = "YAMNet/audioset",
        *,
        layer: str | Sequence[str] = "embedding",
        pool: str = "mean",
        window_seconds: float | None = None,
        hop_seconds: float | None = None,
        sampling_rate: int | None = None,
        cache: str | PathLike[str] | None = None,
        probe: str = "linear",
        C: float | None = None,
        units: int | None = None,
        dropout: float | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        random_state: int = 0,
    ) -> None:
        self.model = model
        self.layer = layer
        self.pool = pool
        self.window_seconds = window_seconds
        self.hop_seconds = hop_seconds
        self.sampling_rate = sampling_rate
        self.cache = cache
        self.probe = probe
        self.C = C
        self.units = units
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Compute the vectors of sounds, and fit the probe.

        Args:
            X: Sounds.
            y: Label of each clip, (clips,).
        """
        if self.probe not in PROBES:
            raise ValueError(
                f"probe must be one of {PROBES}. Received: {self.probe!r}."
            )
        seed = whole_number(self.random_state, "random_state", 0, 2**32 - 1)
        classes, targets = _classes(y)
        clips = read_sounds(self, X, self.sampling_rate, reset=True)
        if len(targets) != len(clips):
            raise ValueError(
                "y must have a label for each clip. Received: "
                f"{len(targets)} labels for {len(clips)} clips."
            )
        given = {name: getattr(self, name) for name in _SETTINGS}
        settings: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        probe: Any = self.probe
        self.probe_ = fit_probe(
            self._vectors(clips), targets, probe=probe, seed=seed, **settings
        )
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, float32 (clips, classes).

        Args:
            X: Sounds.
        """
        check_is_fitted(self)
        clips = read_sounds(self, X, self.sampling_rate, reset=False)
        scores = self.probe_(self._vectors(clips), training=False)
        return np.asarray(keras.ops.convert_to_numpy(scores))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most likely label of each clip, (clips,).

        Args:
            X: Sounds.
        """
        scores = self.predict_proba(X)
        labels: np.ndarray = self.classes_[scores.argmax(axis=1)]
        return labels

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle stores: the probe as its description and weights."""
        state = super().__getstate__()
        if "probe_" in state:
            probe = state["probe_"]
            state = state | {"probe_": (probe.to_json(), probe.get_weights())}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what a pickle stored."""
        if "probe_" in state:
            description, weights = state["probe_"]
            probe = keras.models.model_from_json(description)
            probe.set_weights(weights)
            state = state | {"probe_": probe}
        super().__setstate__(state)


def _classes(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the different labels in order, and the number of each clip's label."""
    if y is None:
        raise ValueError(
            "AudioClassifier requires y to be passed, but the target y is None."
        )
    labels = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    try:
        check_classification_targets(labels)
        classes, targets = np.unique(labels, return_inverse=True)
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in labels})
        raise ValueError(
            "y must have labels of one kind, all texts or all numbers. Received: "
            f"{', '.join(kinds)}."
        ) from error
    if len(classes) < 2:
        told = f"one class, {classes[0]!r}" if len(classes) else "no labels"
        raise ValueError(f"y must have at least two classes. Received: {told}.")
    return classes, targets
