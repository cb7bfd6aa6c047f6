"""Settings for the compilation of prediction on a backend."""

from typing import TypeVar

import keras

Model = TypeVar("Model", bound=keras.Model)


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
