"""A batch that is too large for the memory of the device is halved, not lost."""

import keras
import numpy as np
import pytest
import soundfile

from kerasaudio import FeatureExtractor
from kerasaudio.core import AudioModel
from kerasaudio.core.memory import is_out_of_memory
from kerasaudio.core.programs.shapes import Lengths, Shape, Shapes
from support.tiny import RATE, tiny_model

BACKEND = keras.backend.backend()
ROWS = 4  # that fit into the memory of this device


def error_of_backend():
    """Give the error that the backend raises on a device that is full."""
    if BACKEND == "torch":
        import torch

        return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    if BACKEND == "jax":
        import jax

        return jax.errors.JaxRuntimeError(
            "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 2147483648."
        )
    return MemoryError()  # which TensorFlow's function turns into its own


class Small(keras.layers.Layer):
    """A layer with little memory."""

    def call(self, x):
        if BACKEND != "tensorflow":
            self.check(x.shape[0])
            return x
        import tensorflow as tf

        def check(array):
            self.check(len(array))
            return array

        found = tf.numpy_function(check, [x], tf.float32)
        return keras.ops.reshape(found, keras.ops.shape(x))

    def check(self, rows):
        if rows is not None and rows > ROWS:
            raise error_of_backend()

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


def with_small_memory(clip_samples=4_000):
    model = tiny_model(clip_samples)
    x = Small()(model.get_layer("level1").output)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dense(6, name="vector", kernel_initializer="ones")(x)
    scores = keras.layers.Dense(3, "softmax", name="scores")(x)
    return AudioModel(model.input, scores, spec=model.spec, name="full")


@pytest.fixture(scope="module")
def sound():
    return np.random.default_rng(0).normal(0, 0.1, 13 * 4_000).astype("float32")


def test_windows_of_a_sound_are_halved(sound):
    model = with_small_memory()
    one_by_one = FeatureExtractor(model, "vector", pool=None, batch_size=1)
    want = one_by_one(sound, RATE)

    several = FeatureExtractor(model, "vector", pool=None, batch_size=16)
    with pytest.warns(UserWarning, match="does not fit into the memory") as told:
        found = several(sound, RATE)

    np.testing.assert_allclose(found, want, rtol=1e-5)
    said = [str(w.message) for w in told if "A batch" in str(w.message)]
    assert len(said) == 2  # 13, 8, and from then on 4
    assert said[0].startswith("A batch of 13 windows of 4000 samples does not fit")
    assert said[0].endswith("going on with 8 at once.")


def test_the_limit_is_remembered(sound, recwarn):
    extractor = FeatureExtractor(with_small_memory(), "vector", batch_size=8)
    with pytest.warns(UserWarning, match="A batch of 8 windows"):
        once = extractor(sound, RATE)
    recwarn.clear()
    np.testing.assert_array_equal(extractor(sound, RATE), once)
    assert not [w for w in recwarn if "does not fit" in str(w.message)]


def test_tags_of_a_sound(sound):
    model = with_small_memory()
    with pytest.warns(UserWarning, match="A batch of 8 windows"):
        tags = model.tag(sound, RATE)
    for label, score in model.tag(sound, RATE):
        assert dict(tags)[label] == pytest.approx(score, abs=1e-6)


def test_files(tmp_path, sound):
    for number in range(3):
        soundfile.write(tmp_path / f"{number}.wav", sound * 0.3 * (number + 1), RATE)
    model = with_small_memory()
    cache = tmp_path / "cache"
    with pytest.warns(UserWarning, match="does not fit into the memory"):
        found = FeatureExtractor(model, "vector", batch_size=32, cache=cache).extract(
            sorted(tmp_path.glob("*.wav"))
        )
    again = FeatureExtractor(with_small_memory(), "vector", batch_size=1)
    assert not found.failed
    want = [again(path) for path in found.paths]
    np.testing.assert_allclose(found.vectors, want, rtol=1e-5)


def test_a_single_window_that_does_not_fit(sound, monkeypatch):
    monkeypatch.setitem(globals(), "ROWS", 0)
    extractor = FeatureExtractor(with_small_memory(), "vector", batch_size=1)
    with pytest.raises(MemoryError, match="single window of 4000 samples does not"):
        extractor(sound, RATE)


def test_other_errors_are_raised(sound, monkeypatch):
    monkeypatch.setitem(globals(), "error_of_backend", lambda: ValueError("a bug"))
    with pytest.raises(Exception, match="a bug"):
        FeatureExtractor(with_small_memory(), "vector", batch_size=8)(sound, RATE)


def test_errors_that_tell_of_memory():
    assert is_out_of_memory(error_of_backend())
    assert is_out_of_memory(np.exceptions.ComplexWarning("x")) is False
    assert is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate"))
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))
    assert not is_out_of_memory(ValueError("RESOURCE_EXHAUSTED is a word"))


def test_programs_of_jax_stay_below_the_limit():
    shapes = Shapes(Lengths(100, 4_000, 4_000))
    for rows, samples in ((8, 4_000), (8, 3_000), (8, 2_000)):
        shapes.choose(rows, samples)
    padded = shapes.choose(4, 3_500)
    assert padded == Shape(8, 4_000)
    shapes.limit(4 * 4_000)
    assert padded not in shapes
    for rows, samples in ((4, 4_000), (4, 3_500), (2, 3_000), (1, 3_900)):
        chosen = shapes.choose(rows, samples)
        assert chosen.rows * chosen.samples <= 4 * 4_000
        assert chosen.samples >= samples
