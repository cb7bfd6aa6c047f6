"""A tiny network, and sound for it."""

import numpy as np
import pytest

from support.tiny import RATE, tiny_model


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def sound():
    time = np.arange(18_000) / RATE
    rising = np.sin(2 * np.pi * (100 + 400 * time) * time) * np.abs(np.sin(3 * time))
    noise = np.random.default_rng(0).normal(0, 0.02, len(time))
    return (0.5 * rising + noise).astype("float32")
