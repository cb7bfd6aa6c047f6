"""Tell whether a network still has the random weights that it was built with.

A checksum of one kernel of the last layer that has one is noted when the network is
built. Whatever changes the weights (a training, also as a part of another model, or the
loading of a file) changes it, so nothing needs to be told of such a change.
"""

import zlib
from typing import Any

import keras
import numpy as np

from kerasaudio.text import warn

_MOST_ROWS = 64  # of the kernel: enough to tell random weights apart


def kernel_checksum(model: keras.Model) -> int | None:
    """Return a checksum of the last layer's kernel; None if no layer has one."""
    for layer in reversed(model.layers):
        for variable in layer.weights:
            if len(variable.shape) >= 2:
                rows = keras.ops.convert_to_numpy(variable.value[:_MOST_ROWS])
                return zlib.crc32(np.asarray(rows, "float32").tobytes())
    return None


def warn_if_random(model: Any) -> None:
    """Warn, once, if a model has the random weights that it was built with.

    It is called by the function that the user calls.

    Warns:
        UserWarning: The weights are random; the message says what to do.
    """
    if model.has_told_random or not model.has_random_weights:
        return
    model.has_told_random = True
    known = model.spec.architecture or "the factory"
    warn(
        f"The weights of {model.name} are random, so its results mean nothing. Load "
        f"published weights (weights= of {known}; kerasaudio.list_weights()), or train "
        "it: model.fit, kerasaudio.training.train.",
        stacklevel=3,
    )
