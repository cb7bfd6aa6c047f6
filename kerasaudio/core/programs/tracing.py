"""Networks about which TensorFlow does not warn that they are compiled repeatedly."""

import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any

import keras

_SAYS = "triggered tf.function retracing"
_runs = ContextVar("kerasaudio_runs", default=False)


@contextlib.contextmanager
def one_program_each() -> Iterator[None]:
    """Hold back the warning that a function is traced again and again.

    TensorFlow counts the programs of all Keras models together. So it warns when the
    fifth network of a process is used, although each was compiled only once or twice.
    Warnings about the user's own functions are shown.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    _add_filter()
    before = _runs.set(True)
    try:
        yield
    finally:
        _runs.reset(before)


@keras.saving.register_keras_serializable("kerasaudio")
class QuietModel(keras.Model):
    """A functional model that trains and predicts in `one_program_each`."""

    # Keras recognizes a functional class by the names of its positional arguments.
    def __init__(
        self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(inputs, outputs, name=name, **kwargs)

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """Train as `keras.Model.fit` does."""
        with one_program_each():
            return super().fit(*args, **kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate as `keras.Model.evaluate` does."""
        with one_program_each():
            return super().evaluate(*args, **kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs as `keras.Model.predict` does."""
        with one_program_each():
            return super().predict(*args, **kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Train as `keras.Model.train_on_batch` does."""
        with one_program_each():
            return super().train_on_batch(*args, **kwargs)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate as `keras.Model.test_on_batch` does."""
        with one_program_each():
            return super().test_on_batch(*args, **kwargs)

    def predict_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs as `keras.Model.predict_on_batch` does."""
        with one_program_each():
            return super().predict_on_batch(*args, **kwargs)


@cache
def _add_filter() -> None:
    logging.getLogger("tensorflow").addFilter(_is_shown)


def _is_shown(record: logging.LogRecord) -> bool:
    return not (_runs.get() and _SAYS in record.getMessage())
