"""A device that is asked for is there, or an error says which are."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.core import devices
from support.tiny import RATE, tiny_model

SOUND = np.random.default_rng(0).normal(0, 0.1, 5_000).astype("float32")


def test_the_cpu_is_always_there():
    want = tiny_model().embed(SOUND, RATE)
    for name in ("cpu", "cpu:0"):
        with kerasaudio.device(name):
            model = tiny_model()
            np.testing.assert_allclose(model.embed(SOUND, RATE), want, atol=1e-5)
            kerasaudio.LeNetMFCC(classes=2)  # with integers, the state of dropout


def test_an_absent_device_is_named_with_those_that_are_there(monkeypatch):
    monkeypatch.setattr(devices, "devices", lambda: ["cpu:0", "gpu:0"])
    backend = keras.backend.backend()
    said = rf"There is no device 'gpu:7': {backend} sees cpu:0, gpu:0\. "
    with pytest.raises(ValueError, match=said):
        kerasaudio.device("gpu:7")
    with pytest.raises(ValueError, match="There is no device 'tpu'"):
        kerasaudio.device("tpu")


def test_what_the_backend_sees_is_named_as_keras_does():
    there = devices.devices()
    assert "cpu:0" in there
    absent = f"gpu:{sum(name.startswith('gpu') for name in there)}"
    with pytest.raises(ValueError, match=f"no device '{absent}'"):
        kerasaudio.device(absent)


@pytest.mark.parametrize("name", ["cuda:0", "", "gpu:", "GPU:0", None, 0])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match=r'"cpu", "gpu" or "gpu:1"\. Received: '):
        kerasaudio.device(name)
