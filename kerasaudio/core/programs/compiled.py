"""How prediction is compiled on a backend."""

from typing import TypeVar

import keras

Model = TypeVar("Model", bound=keras.Model)


def avoid_xla_on_cpu(model: Model) -> Model:
    """Let a model predict without XLA where that is slower; gives the model.

    On TensorFlow a model that was never compiled predicts through XLA, slower on CPUs;
    Keras' own compile() avoids it there, too.
    """
    if keras.backend.backend() == "tensorflow" and all(
        device.startswith("cpu") for device in keras.distribution.list_devices()
    ):
        model.jit_compile = False
    return model
