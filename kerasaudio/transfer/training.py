"""Train one network again and again from the same start, compiled only once."""

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
    """Compile a model, and give the optimizer that it has then, all variables made.

    In float16 that is one which Keras puts around the given one; it scales the loss.
    """
    model.compile(optimizer, loss, metrics=metrics)
    model.optimizer.build(model.trainable_variables)
    return model.optimizer


class Trainer:
    """Fits a classifier; every fit starts from the weights it was given with.

    Args:
        model: Ends in class probabilities.
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
        loss: That is made small, of probabilities and class numbers; or of
            probabilities and targets (clips, classes).
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
        """Go back to the start."""
        for variable, value in zip(self._state, self._start, strict=True):
            variable.assign(value)

    def fit(self, x: np.ndarray, labels: np.ndarray, **settings: Any) -> None:
        """Fit from the start; see `go_on`."""
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
        """Fit from where it is: the same seed gives the same weights."""
        keras.utils.set_random_seed(seed)
        # A first fit builds the model, for which Keras has drawn rows by then.
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
        """Give probabilities, (rows, classes)."""
        return np.asarray(self.model.predict(x, batch_size=batch_size, verbose=0))
