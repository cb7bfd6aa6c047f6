"""One switch for full float32 in networks; it is the backend's."""

import os
import subprocess
import sys

import keras
import pytest

import kerasaudio
from kerasaudio.core import exactness

BACKEND = keras.backend.backend()


def setting():
    """Give what the backend says about its products."""
    if BACKEND == "jax":
        import jax

        return jax.config.jax_default_matmul_precision
    if BACKEND == "torch":
        import torch

        return torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()
    from tensorflow import config

    return config.experimental.tensor_float_32_execution_enabled()


EXACT = {"jax": "highest", "torch": (False, "highest"), "tensorflow": False}[BACKEND]


@pytest.fixture(autouse=True)
def fast():
    """Begin with a backend that rounds, and leave what was there."""
    before = "exact" if exactness._restore else "backend"
    kerasaudio.precision("backend")
    yield setting()
    kerasaudio.precision(before)


def test_exact_and_back(fast):
    assert fast != EXACT
    kerasaudio.precision("exact")
    assert setting() == EXACT
    kerasaudio.precision("exact")
    kerasaudio.precision("backend")
    assert setting() == fast


def test_a_context_goes_back_to_what_was(fast):
    with kerasaudio.precision("exact"):
        with kerasaudio.precision("backend"):
            assert setting() == fast
        assert setting() == EXACT
        with kerasaudio.precision("exact"):
            pass
        assert setting() == EXACT
    assert setting() == fast


def test_a_context_goes_back_after_an_error(fast):
    with pytest.raises(OSError, match="gone"), kerasaudio.precision("exact"):
        raise OSError("gone")
    assert setting() == fast


@pytest.mark.skipif(BACKEND != "jax", reason="programs of jax are compiled")
def test_a_compiled_program_follows():
    import jax

    seen = []

    class Seeing(keras.layers.Layer):
        def call(self, x):
            seen.append(jax.config.jax_default_matmul_precision)
            return keras.ops.matmul(x, x)

    inputs = keras.Input((3, 3))
    model = keras.Model(inputs, Seeing()(inputs))
    model.compile(jit_compile=True)
    x = keras.random.normal((2, 3, 3))
    seen.clear()
    for mode in ("backend", "exact", "backend", "exact"):
        with kerasaudio.precision(mode):
            model.predict_on_batch(x)
    assert seen == [None, "highest"]


@pytest.mark.skipif(BACKEND != "torch", reason="torch has two kinds of switches")
def test_newer_switches_of_torch_are_kept():
    import torch

    switches = [torch.backends.cudnn.conv, torch.backends.cuda.matmul]
    if not hasattr(switches[0], "fp32_precision"):
        pytest.skip("this torch has one kind")
    try:
        switches[0].fp32_precision = "ieee"
        switches[1].fp32_precision = "tf32"
        with kerasaudio.precision("exact"):
            assert setting() == EXACT
        assert [switch.fp32_precision for switch in switches] == ["ieee", "tf32"]
    finally:
        torch.backends.cudnn.allow_tf32 = True
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize("mode", ["EXACT", "", None, 1, "high"])
def test_other_modes_are_refused(mode):
    with pytest.raises(ValueError, match=r"must be exact or backend\. Received: "):
        kerasaudio.precision(mode)


def start(mode, *words):
    return subprocess.run(
        [sys.executable, *words],
        env=os.environ | {"KERASAUDIO_PRECISION": mode},
        capture_output=True,
        text=True,
    )


def test_the_environment_chooses():
    code = "import kerasaudio; print(len(kerasaudio.core.exactness._restore))"
    assert start("exact", "-c", code).stdout == "1\n"


def test_the_command_says_what_is_wrong_in_a_line():
    words = ["-m", "kerasaudio.cli", "tag", "x.wav", "--model", "LeNetMFCC/fsdd"]
    done = start("fast", *words)
    assert done.returncode == 1
    assert "KERASAUDIO_PRECISION must be exact or backend" in done.stderr
    assert len(done.stderr.splitlines()) == 1
