"""Train one network repeatedly from the same initial weights, compiled only once."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


def compile_built(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Any,
    metrics: Sequence[Any] | None = None,
) -> keras.optimizers.Optimizer:
    """Compile a model, and return its optimizer with all variables built.

    In float16 this is the optimizer that Keras wraps around `optimizer` to scale the
    loss.

    Args:
        model: Model to compile.
        optimizer: Keras optimizer.
        loss: Loss, as for `keras.Model.compile`.
        metrics: Metrics, as for `keras.Model.compile`; None for no metrics.
    """
    model.compile(optimizer, loss, metrics=metrics)
    model.optimizer.build(model.trainable_variables)
    return model.optimizer


class Trainer:
    """Fit a classifier, each time from the weights that it had at first.

    Args:
        model: Model that returns class probabilities.
        learning_rate: Learning rate of Adam, or of AdamW with weight decay.
        weight_decay: Weight decay of AdamW; 0 for plain Adam.
        loss: Name of the Keras loss to minimize, of probabilities and class numbers, or
            of probabilities and targets (clips, classes).
    """

    def __init__(
        self,
        model: keras.Model,
        learning_rate: float,
        weight_decay: float = 0.0,
        loss: str = "sparse_categorical_crossentropy",
    ) -> None:
        self.model = model
        optimizer = (
            keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay)
            if weight_decay
            else keras.optimizers.Adam(learning_rate)
        )
        built = compile_built(model, optimizer, loss)
        self._state = [*model.variables, *built.variables]
        self._start = [np.array(keras.ops.convert_to_numpy(v)) for v in self._state]

    def reset(self) -> None:
        """Restore the initial weights and the initial state of the optimizer."""
        for variable, value in zip(self._state, self._start, strict=True):
            variable.assign(value)

    def fit(self, x: np.ndarray, labels: np.ndarray, **settings: Any) -> None:
        """Fit from the initial weights; see `go_on` for the arguments."""
        self.reset()
        self.go_on(x, labels, **settings)

    def go_on(
        self,
        x: np.ndarray,
        labels: np.ndarray,
        *,
        epochs: int,
        batch_size: int,
        seed: int,
        weights: np.ndarray | None = None,
        callbacks: Any = None,
    ) -> None:
        """Fit from the current weights; the same seed results in the same weights.

        Args:
            x: Inputs, (rows, ...).
            labels: Class numbers, (rows,), or targets, (rows, classes).
            epochs: Number of epochs.
            batch_size: Number of rows in a batch.
            seed: Seed of everything random.
            weights: Weight of each row, (rows,); None for equal weights.
            callbacks: Keras callbacks; None for no callbacks.
        """
        keras.utils.set_random_seed(seed)
        # Seed again, because the first fit draws rows before it begins, to build the
        # model.
        again = keras.callbacks.LambdaCallback(
            on_train_begin=lambda logs: keras.utils.set_random_seed(seed)
        )
        self.model.fit(
            x,
            labels,
            sample_weight=weights,
            epochs=epochs,
            batch_size=batch_size,
            callbacks=[again, *(callbacks or ())],
            verbose=0,
        )

    def predict(self, x: np.ndarray, batch_size: int = 32) -> np.ndarray:
        """Return probabilities, (rows, classes)."""
        return np.asarray(self.model.predict(x, batch_size=batch_size, verbose=0))
