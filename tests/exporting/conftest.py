"""Models that are exported, and whether this environment can."""

import keras
import numpy as np
import pytest

from kerasaudio.exporting.formats import FORMATS
from kerasaudio.exporting.openvino.unobserved import import_openvino
from support.runtimes import require
from support.tiny import tiny_model


@pytest.fixture(scope="session")
def runtimes():
    """Skip where the extras are not installed."""
    needed = {"tensorflow"}
    for form in FORMATS.values():
        needed.update(form.modules, *form.quantize.values())
    require(*needed)
    import_openvino()  # before a test does: its makers would be told


@pytest.fixture(scope="session")
def in_process(runtimes):
    """Skip where each export starts a process, which takes seconds."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("converts in this process only on the TensorFlow backend")


@pytest.fixture(scope="session")
def model():
    return tiny_model()


@pytest.fixture(scope="session")
def sounds():
    """Clips for calibration: noise, louder and louder."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.2, (6, 4_000)) * np.linspace(0.1, 1, 6)[:, None]
    return noise.astype("float32")
