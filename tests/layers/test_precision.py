"""Full float32 in the front-end, whatever the device's default is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
import pytest

from kerasaudio import layers
from kerasaudio.layers import dft, precision, windowed_transform
from support.front_ends import gradient, relative_error, run

MEL = {"n_fft": 256, "hop_length": 100, "n_mels": 24}
ON_FEATURES = layers.HarmonicFilters | layers.PCEN | layers.VGGishPostprocess
WITH_PRODUCTS = {
    "stft": lambda: layers.STFT(120, 50, method="matmul"),
    "inverse_stft": lambda: layers.InverseSTFT(18, 5, method="matmul"),
    "mel": lambda: layers.MelSpectrogram(16000, **MEL),
    "mel_by_matrices": lambda: layers.MelSpectrogram(16000, method="matmul", **MEL),
    "mfcc": lambda: layers.MFCC(16000, 13, **MEL),
    "kaldi": lambda: layers.KaldiFbank(),
    "kaldi_by_matrices": lambda: layers.KaldiFbank(method="matmul"),
    "pcen": lambda: layers.PCEN(16000, 100),
    "harmonic": lambda: layers.HarmonicFilters(16000, 2),
    "vggish_pca": lambda: layers.VGGishPostprocess(np.eye(7, 10), np.arange(10) / 10),
    "convolution": lambda: layers.Convolution([np.ones(5, "float32")]),
}


@pytest.fixture(params=sorted(WITH_PRODUCTS))
def layer(request):
    return WITH_PRODUCTS[request.param]()


def example(layer):
    rng = np.random.default_rng(0)
    if isinstance(layer, layers.InverseSTFT):
        return rng.normal(0, 0.1, (2, 150, 10, 2)).astype("float32")
    if isinstance(layer, ON_FEATURES):
        return rng.exponential(1.0, (2, 150, 10)).astype("float32")
    return rng.normal(0, 0.1, (2, 1503)).astype("float32")


def products(jaxpr) -> Iterator[object]:
    """Give the precision of each product in a traced function, to the bottom."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("dot_general", "conv_general_dilated"):
            yield equation.params["precision"]
        for value in equation.params.values():
            for part in value if isinstance(value, tuple | list) else [value]:
                inner = getattr(part, "jaxpr", part)
                if hasattr(inner, "eqns"):
                    yield from products(inner)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="jax traces to look at")
@pytest.mark.parametrize("default", ["bfloat16", "tensorfloat32", "default"])
@pytest.mark.parametrize("training", [False, True])
def test_products_on_jax_are_exact_forth_and_back(layer, default, training):
    import jax
    from jax import numpy as jnp

    settings = {"training": training} if isinstance(layer, layers.Convolution) else {}

    def loss(x):
        with keras.StatelessScope():  # traces must not stay in generators of chance
            return jnp.sum(jnp.asarray(layer(x, **settings)) ** 2)

    x = example(layer)
    with jax.default_matmul_precision(default):
        found = [
            *products(jax.make_jaxpr(loss)(x).jaxpr),
            *products(jax.make_jaxpr(jax.grad(loss))(x).jaxpr),
        ]

    highest = jax.lax.Precision.HIGHEST
    assert all(each == (highest, highest) for each in found)
    if not isinstance(layer, layers.Convolution):
        assert found


@contextmanager
def torch_rounds():
    torch = pytest.importorskip("torch")
    switches = precision._torch_switches()
    before = [precision._get(switch) for switch in switches]
    fast = "tf32" if hasattr(switches[0], "fp32_precision") else "high"
    for switch in switches:
        precision._set(switch, fast)
    try:
        yield torch, fast
    finally:
        for switch, value in zip(switches, before, strict=True):
            precision._set(switch, value)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="a switch of torch")
def test_products_on_torch_are_exact_and_the_user_keeps_the_setting(layer, monkeypatch):
    seen = []
    switches = precision._torch_switches()
    multiply = keras.ops.matmul

    def spying(x, y):
        seen.extend(precision._get(switch) for switch in switches)
        return multiply(x, y)

    monkeypatch.setattr(precision.ops, "matmul", spying)
    with torch_rounds() as (_, fast):
        run(layer, example(layer))
        threads = [
            threading.Thread(target=run, args=(layer, example(layer)))
            for _ in range(8)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after = [precision._get(switch) for switch in switches]

    assert set(seen) <= {"ieee", "highest"}
    assert seen or isinstance(layer, layers.Convolution)
    assert after == [fast] * len(switches)


def test_all_products_of_front_ends_are_these():
    from pathlib import Path

    folder = Path(layers.__file__).parent
    # Attention is a part of networks, which follow the policy and the device.
    others = {"precision.py", "relative_attention.py", "window_attention.py"}
    foreign = [
        path.name
        for path in folder.rglob("*.py")
        for word in (
            "ops.matmul",
            "ops.dot",
            "ops.einsum",
            "ops.tensordot",
            "ops.conv(",
        )
        if word in path.read_text(encoding="utf-8") and path.name not in others
    ]

    assert not foreign


@pytest.mark.parametrize("n_fft", [69, 202, 221, 1023])
def test_lengths_that_gpus_are_bad_at_are_done_by_matrices(n_fft, monkeypatch):
    x = np.random.default_rng(0).normal(0, 0.1, (2, 4 * n_fft)).astype("float32")
    by_fft = layers.Spectrogram(n_fft, 50)
    monkeypatch.setattr(windowed_transform, "has_gpu", lambda: True)

    on_gpu = layers.Spectrogram(n_fft, 50)

    assert by_fft._dft is None
    assert isinstance(on_gpu._dft, dft.MatrixDFT)
    assert on_gpu.get_config() == by_fft.get_config() | {"name": on_gpu.name}
    assert relative_error(run(on_gpu, x), run(by_fft, x)) <= 2e-6
    assert np.isfinite(gradient(on_gpu, x)).all()


@pytest.mark.parametrize("n_fft", [400, 441, 512, 2048, 4099])
def test_other_lengths_stay_with_the_fft(n_fft, monkeypatch):
    monkeypatch.setattr(windowed_transform, "has_gpu", lambda: True)

    assert layers.Spectrogram(n_fft, 50)._dft is None
