"""How a Keras model is run: compiled, and without gradients on PyTorch."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


def predicting(model: keras.Model, batch: np.ndarray) -> Callable[[], Any]:
    """Give the prediction of one batch, NumPy in and out, as work to be timed."""
    if keras.backend.backend() != "torch":
        return lambda: model.predict_on_batch(batch)
    import torch

    def predict() -> Any:
        with torch.inference_mode():
            return model.predict_on_batch(batch)

    return predict


def training(model: keras.Model, batch: np.ndarray, classes: int) -> Callable[[], Any]:
    """Give one step of stochastic gradient descent as work to be timed."""
    model.compile("sgd", "binary_crossentropy")
    targets = np.zeros((len(batch), classes), "float32")
    return lambda: model.train_on_batch(batch, targets)


def noise(*shape: int) -> np.ndarray:
    """Give waveforms (batch, samples) that are the same in every process."""
    return np.random.default_rng(0).normal(0, 0.1, shape).astype("float32")
