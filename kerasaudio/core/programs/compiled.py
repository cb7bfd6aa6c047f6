"""Settings for the compilation of prediction on a backend."""

import logging
from typing import TypeVar

import keras

Model = TypeVar("Model", bound=keras.Model)


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
    """Return False for TensorFlow's warning that `predict` is traced too often.

    TensorFlow counts Keras' prediction as one function, whatever the model. So it warns
    as soon as five models have predicted once or twice, which is what a probe, an
    evaluation and an export do.
    """
    text = record.getMessage()
    return "make_predict_function" not in text or "retracing" not in text


logging.getLogger("tensorflow").addFilter(_is_no_false_alarm)


def avoid_xla_on_cpu(model: Model) -> Model:
    """Make a model predict without XLA where XLA is slower; returns the model.

    On TensorFlow, a model that was never compiled predicts with XLA, which is slower on
    CPUs. Keras' own compile() also avoids it there.
    """
    if keras.backend.backend() == "tensorflow" and all(
        device.startswith("cpu") for device in keras.distribution.list_devices()
    ):
        model.jit_compile = False
    return model
