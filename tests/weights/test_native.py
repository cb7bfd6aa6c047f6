"""Our own format: what a file may hold, and what is filled from it."""

import numpy as np
import pytest

import kerasaudio
from kerasaudio.weights.convert.native import model_state, native_bytes


@pytest.fixture
def model():
    return kerasaudio.BarkNet(classes=3, filters=2, clip_samples=512)


def test_half_precision_halves_the_file_and_fills_float32_weights(model, tmp_path):
    state = model_state(model)
    halves = {key: value.astype("float16") for key, value in state.items()}
    path = tmp_path / "half.safetensors"
    path.write_bytes(native_bytes(halves))

    again = kerasaudio.BarkNet(weights=path, classes=3, filters=2, clip_samples=512)

    assert path.stat().st_size < 0.6 * len(native_bytes(state))
    for key, value in model_state(again).items():
        np.testing.assert_array_equal(value, halves[key].astype("float32"))
    assert {weight.dtype for weight in again.weights} == {"float32"}


def test_the_same_weights_give_the_same_bytes(model):
    state = model_state(model)
    backwards = dict(reversed(state.items()))
    assert native_bytes(backwards) == native_bytes(state)


def test_a_half_that_overflowed_is_refused(model, tmp_path):
    state = model_state(model)
    state["predictions/bias"] = np.full(3, np.inf, "float16")
    path = tmp_path / "inf.safetensors"
    path.write_bytes(native_bytes(state))
    with pytest.raises(ValueError, match="predictions/bias holds NaN or infinity"):
        kerasaudio.BarkNet(weights=path, classes=3, filters=2, clip_samples=512)
