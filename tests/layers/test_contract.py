"""What every front-end layer promises."""

import json

import keras
import numpy as np
import pytest

from kerasaudio import layers
from support.front_ends import gradient, relative_error, run
from support.numpy_numbers import as_numpy, numeric

SAMPLES = 1503
MEL = {"n_fft": 256, "hop_length": 100, "n_mels": 24}
LAYERS = {
    "stft": lambda **k: layers.STFT(256, 100, **k),
    "stft_left": lambda **k: layers.STFT(
        256, 100, 201, center=False, window_align="left", **k
    ),
    "inverse_stft": lambda **k: layers.InverseSTFT(18, 4, **k),
    "inverse_stft_left": lambda **k: layers.InverseSTFT(
        18, 4, 15, center=False, window_align="left", method="matmul", length=650, **k
    ),
    "spectrogram": lambda **k: layers.Spectrogram(255, 100, pad_mode="reflect", **k),
    "spectrogram_cube_root": lambda **k: layers.Spectrogram(
        256, 100, power=1 / 3, pad_mode="edge", **k
    ),
    "mel": lambda **k: layers.MelSpectrogram(16000, **MEL, **k),
    "mel_amplitude": lambda **k: layers.MelSpectrogram(16000, power=1, **MEL, **k),
    "mel_matmul": lambda **k: layers.MelSpectrogram(
        16000,
        window=("kaiser", 5.0),
        method="matmul",
        htk=True,
        triangles="mel",
        **MEL,
        **k,
    ),
    "mfcc": lambda **k: layers.MFCC(16000, 13, lifter=22, **MEL, **k),
    "mfcc_log": lambda **k: layers.MFCC(
        16000, 13, norm="htk", log_offset=1e-6, **MEL, **k
    ),
    "mfcc_tensorflow": lambda **k: layers.TensorFlowMFCC(16000, 400, 160, **k),
    "kaldi": lambda **k: layers.KaldiFbank(**k),
    "kaldi_matmul": lambda **k: layers.KaldiFbank(method="matmul", window="hann", **k),
    "preemphasis": lambda **k: layers.Preemphasis(**k),
    "preemphasis_valid": lambda **k: layers.Preemphasis(0.9, mode="valid", **k),
    "decibel": lambda **k: layers.Decibel(**k),
    "decibel_max": lambda **k: layers.Decibel("max", amplitude=True, **k),
    "decibel_open": lambda **k: layers.Decibel(top_db=None, **k),
    "log": lambda **k: layers.LogCompression(1e4, base=10, **k),
    "log_floor": lambda **k: layers.LogCompression(offset=0, floor=1e-7, **k),
    "standardize": lambda **k: layers.Standardize(-4.5, 5, **k),
    "standardize_bins": lambda **k: layers.Standardize(
        np.arange(10), 1 + np.arange(10), **k
    ),
    "standardize_clip": lambda **k: layers.Standardize(axis=(1, 2), **k),
    "whole_windows": lambda **k: layers.WholeWindows(1000, 700, **k),
    "harmonic": lambda **k: layers.HarmonicFilters(16000, 2, 1, **k),
    "patches": lambda **k: layers.Patches(20, 12, **k),
    "vggish_pca": lambda **k: layers.VGGishPostprocess(
        np.diag(np.arange(1, 11) / 9)[:7], np.arange(10) / 10, rounding=None, **k
    ),
    "pcen": lambda **k: layers.PCEN(16000, 100, **k),
    "pcen_root": lambda **k: layers.PCEN(16000, 100, bias=0, power=0.25, **k),
    "pcen_log": lambda **k: layers.PCEN(16000, 100, power=0, **k),
}
ON_FEATURES = ("decibel", "log", "standardize", "pcen")


@pytest.fixture(params=sorted(LAYERS))
def make(request):
    return LAYERS[request.param]


def example(layer, clips=3, length=SAMPLES, seed=0):
    """A batch of what the layer takes."""
    rng = np.random.default_rng(seed)
    if isinstance(layer, layers.STFT | layers.Preemphasis | layers.WholeWindows):
        return rng.normal(0, 0.1, (clips, length)).astype("float32")
    if isinstance(layer, layers.InverseSTFT):
        return rng.normal(0, 0.1, (clips, length // 10, 10, 2)).astype("float32")
    return rng.exponential(1.0, (clips, length // 10, 10)).astype("float32")


def test_every_public_layer_is_tested():
    tested = {type(make()).__name__ for make in LAYERS.values()}
    # What augmentation promises is tested in the room below.
    assert tested == set(layers.__all__) - set(layers.augment.__all__)


def test_a_clip_does_not_depend_on_its_neighbors(make):
    layer = make()
    batch = example(layer)
    louder = batch * np.array([1, 1000, 1e-3], "float32").reshape(
        (3,) + (1,) * (batch.ndim - 1)
    )
    before, after = run(layer, batch)[0], run(layer, louder)[0]
    assert relative_error(after, before) <= 1e-6


@pytest.mark.parametrize("jit_compile", [True, False])
def test_unknown_length_and_batch_under_predict(make, jit_compile):
    if jit_compile == {"jax": False, "torch": True}.get(keras.backend.backend()):
        pytest.skip("jax is always compiled, torch is not by default")
    layer = make()
    shape = (None, *example(layer).shape[2:])
    inputs = keras.Input(shape)
    outputs = layer(inputs)
    model = keras.Model(inputs, outputs)
    model.compile(jit_compile=jit_compile)
    assert outputs.dtype == "float32"
    for clips, length in ((3, SAMPLES), (1, SAMPLES + 777)):
        batch = example(layer, clips, length)
        eager = run(layer, batch)
        assert eager.shape == tuple(layer.compute_output_shape(batch.shape))
        assert len(outputs.shape) == eager.ndim
        for known, seen in zip(outputs.shape, eager.shape, strict=True):
            assert known in (None, seen)
        assert relative_error(model.predict_on_batch(batch), eager) <= 1e-5


def test_a_graph_of_unknown_shape_on_tensorflow(make):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("jax and torch always know the shape")
    import tensorflow as tf

    layer = make()
    batch = example(layer)
    shape = (None, None, *batch.shape[2:])
    graph = tf.function(layer, input_signature=[tf.TensorSpec(shape, "float32")])
    for length in (SAMPLES, SAMPLES + 777, 100_000):
        batch = example(layer, 2, length)
        assert relative_error(graph(batch).numpy(), run(layer, batch)) <= 1e-5


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_float32_under_every_policy(make, policy):
    layer = make()
    batch = example(layer).astype("float16")
    wanted = run(layer, batch.astype("float32"))
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
        for mixed in (make(), make(dtype=policy)):
            assert mixed.compute_dtype == "float32"
            assert mixed(keras.KerasTensor(batch.shape, "float16")).dtype == "float32"
        got = run(mixed, batch)
    finally:
        keras.config.set_dtype_policy(before)
    assert got.dtype == np.float32
    assert relative_error(got, wanted) <= 1e-6


def test_config_and_file_round_trip(make, tmp_path):
    layer = make(name="front")
    batch = example(layer)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert layer.name == again.name == "front"
    inputs = keras.Input(batch.shape[1:])
    keras.Model(inputs, layer(inputs)).save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert model.count_params() == layer.count_params()
    assert model.layers[1].get_config() == layer.get_config()
    assert relative_error(model.predict_on_batch(batch), run(layer, batch)) <= 1e-5


def test_numpys_numbers_are_numbers_and_truth_is_none(make):
    config = make().get_config()
    again = type(make()).from_config(as_numpy(config))
    assert json.dumps(again.get_config()) == json.dumps(config)
    for name in numeric(config):
        with pytest.raises(ValueError, match=f"{name}`? must be.*True"):
            type(again)(**config | {name: True})


def test_finite_gradients(make):
    layer = make()
    noise = example(layer, clips=2)
    impulse = np.zeros_like(noise)
    impulse[:, noise.shape[1] // 2] = 1
    slopes = [
        gradient(layer, x)
        for x in (noise, np.zeros_like(noise), impulse, noise * 1e-25)
    ]
    assert np.isfinite(slopes).all()
    assert np.abs(slopes[0]).max() > 0


def test_gradient_is_the_slope():
    model = keras.Sequential([LAYERS["mel_amplitude"](), layers.Decibel(top_db=None)])
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.1, (1, SAMPLES)).astype("float32")
    step = 1e-3 * rng.normal(0, 0.1, x.shape).astype("float32")
    y = run(model, x)
    weight = np.random.default_rng(7).normal(size=y.shape)
    slope = np.sum((run(model, x + step) - run(model, x - step)) * weight) / 2
    np.testing.assert_allclose(np.sum(gradient(model, x) * step), slope, rtol=1e-2)


@pytest.mark.parametrize("dtype", ["int16", "int32", "bool"])
def test_integers_are_refused(make, dtype):
    layer = make()
    batch = example(layer).astype(dtype)
    with pytest.raises(ValueError, match=f"divide by 32768.*{dtype}"):
        layer(batch)
    with pytest.raises(ValueError, match=f"divide by 32768.*{dtype}"):
        layer(keras.KerasTensor(batch.shape, dtype))
