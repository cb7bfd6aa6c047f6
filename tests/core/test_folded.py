"""Predictions with batch normalization moved into the convolutions before it."""

import keras
import numpy as np
import pytest
from keras import layers

import kerasaudio
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs import folded
from kerasaudio.core.programs.folded import ROWS, fold, run_folded
from kerasaudio.layers.depthwise import DepthwiseConv2D
from support.policies import under

pytestmark = pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="torch has steps of its own"
)
jax_only = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="only jax scales after the convolution"
)
RNG = np.random.default_rng(0)


def filled(model):
    """Give every weight a value of its own; variances are positive."""
    for variable in model.weights:
        variable.assign(RNG.uniform(0.5, 1.5, variable.shape))
    return model


def network(**normalization):
    waveform = keras.Input((64,))
    x = layers.Reshape((64, 1))(waveform)
    x = layers.Conv1D(4, 3, name="with_bias")(x)
    x = layers.BatchNormalization(name="folded", **normalization)(x)
    shared = layers.Conv1D(4, 1, name="shared")
    x = layers.BatchNormalization(name="kept")(shared(shared(x)))
    y = layers.Conv1D(4, 1, name="used_twice")(x)
    x = layers.Add()([y, layers.BatchNormalization(name="beside")(y)])
    x = layers.Conv1D(3, 1, activation="relu", name="rectified")(x)
    return filled(InferenceModel(waveform, layers.BatchNormalization(name="last")(x)))


def changed(model):
    values = {id(v): v.value for v in model.variables}
    found = fold(model, values)
    assert found.keys() == values.keys()
    return {v.path for v in model.variables if found[id(v)] is not values[id(v)]}


@jax_only
def test_only_what_a_normalization_alone_uses_is_changed():
    assert {path.partition("/")[0] for path in changed(network())} == {
        "with_bias",
        "folded",
    }
    assert not changed(network(center=False))
    with_policy = keras.Input((64, 1))
    x = layers.Conv1D(4, 3, dtype="mixed_bfloat16")(with_policy)
    assert not changed(keras.Model(with_policy, layers.BatchNormalization()(x)))


@pytest.mark.parametrize("scale", [True, False])
def test_large_batches_are_predicted_as_single_clips(scale):
    model = network(scale=scale)
    waveforms = RNG.normal(size=(ROWS, 64)).astype("float32")
    before = [np.array(v) for v in model.variables]

    at_once = model.predict_on_batch(waveforms)

    one_by_one = np.concatenate([model.predict_on_batch(w[None]) for w in waveforms])
    assert at_once.std() > 1
    atol = 1e-6 * np.abs(one_by_one).max()
    np.testing.assert_allclose(at_once, one_by_one, rtol=1e-5, atol=atol)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_new_weights_are_used_at_once():
    model = network()
    waveforms = RNG.normal(size=(ROWS, 64)).astype("float32")
    first = model.predict_on_batch(waveforms)
    model.get_layer("folded").moving_variance.assign([4.0, 5.0, 6.0, 7.0])

    second = model.predict_on_batch(waveforms)

    np.testing.assert_allclose(second, model(waveforms, training=False), rtol=1e-5)
    assert np.abs(second - first).max() > 1e-2


@pytest.mark.parametrize("name", ["YAMNet/audioset", "ReSE2Multi/fsdd"])
def test_trained_networks_score_a_batch_as_single_clips(name):
    model = kerasaudio.load(name)
    samples = model.spec.clip_samples or model.spec.sample_rate
    loudness = np.array([[1.0], [0.1], [0.01], [1e-3], [0]])
    waveforms = (0.2 * loudness * RNG.normal(size=(5, samples))).astype("float32")
    waveforms = waveforms.clip(-1, 1)
    assert keras.backend.backend() == "tensorflow" or changed(model)

    alone = [model.predict(row[None], verbose=0)[0] for row in waveforms]

    np.testing.assert_allclose(
        model.predict(waveforms, verbose=0), alone, atol=1e-5 * np.max(alone)
    )


def test_layers_in_float32_of_a_network_in_half_precision():
    with under("mixed_float16"):
        waveform = keras.Input((64,))
        x = layers.Reshape((64, 1), dtype="float32")(waveform)
        x = layers.Conv1D(4, 3, dtype="float32")(x)
        x = layers.BatchNormalization(dtype="float32")(x)
        model = filled(InferenceModel(waveform, layers.Conv1D(2, 3)(x)))
    sounds = RNG.uniform(0, 0.1, (ROWS, 64)).astype("float32")
    expected = keras.ops.convert_to_numpy(model(sounds, training=False))
    np.testing.assert_allclose(model.predict_on_batch(sounds), expected, rtol=0.01)


def flat(own, bias):
    """Give a network of convolutions that are normalized, of every kind."""
    image = keras.Input((12, 10, 3))
    x = layers.Conv2D(4, 3, padding="same", use_bias=bias)(image)
    x = layers.ReLU()(layers.BatchNormalization(name="first")(x))
    kind = DepthwiseConv2D if own else layers.DepthwiseConv2D
    x = kind(3, strides=2, use_bias=bias, name="depthwise")(x)
    x = layers.BatchNormalization(name="second")(x)
    x = layers.Dropout(0.5)(layers.Activation("sigmoid")(x))
    return filled(InferenceModel(image, [x, layers.GlobalAveragePooling2D()(x)]))


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_kernels_are_scaled_as_their_outputs_would_be(own, bias):
    model = flat(own, bias)
    images = RNG.normal(size=(3, 12, 10, 3)).astype("float32")
    called = []
    for name in ("first", "second"):
        model.get_layer(name).call = lambda *_, **__: called.append("normalization")
    found = run_folded(model, [keras.ops.convert_to_tensor(images)])
    assert not called
    for name in ("first", "second"):
        del model.get_layer(name).call
    assert isinstance(found, list)
    for one, other in zip(model(images, training=False), found, strict=True):
        one, other = map(keras.ops.convert_to_numpy, (one, other))
        assert one.std() > 1e-3
        np.testing.assert_allclose(other, one, atol=1e-5 * np.abs(one).max())


def before_maxima(bias):
    """Give a network whose normalizations stand between activations and maxima."""
    image = keras.Input((12, 10, 3))
    x = layers.Conv2D(4, 3, activation="relu", padding="same", use_bias=bias)(image)
    x = layers.BatchNormalization(name="moved")(x)
    x = layers.MaxPooling2D((2, 3), name="pooled", padding="same")(x)
    x = layers.Reshape((24, 4))(x)
    x = layers.Conv1D(5, 3, activation="relu", strides=2, use_bias=bias)(x)
    x = layers.BatchNormalization(name="moved_too", scale=False)(x)
    x = layers.MaxPooling1D(2)(x)
    y = layers.Conv1D(5, 1, activation="sigmoid")(x)
    y = layers.MaxPooling1D(1)(layers.BatchNormalization(name="stays")(y))
    model = filled(InferenceModel(image, [x, y]))
    moved = model.get_layer("moved")
    moved.beta.assign([0.1, -0.2, 0.3, -0.4])
    moved.gamma.assign([1.0, -2.0, 0.0, -0.5])
    for layer in model.layers:
        if isinstance(layer, layers.Conv1D | layers.Conv2D):
            layer.kernel.assign(RNG.normal(size=layer.kernel.shape))
    return model


@pytest.mark.parametrize("bias", [True, False])
def test_normalization_of_either_sign_follows_a_maximum(bias):
    model = before_maxima(bias)
    images = RNG.normal(size=(3, 12, 10, 3)).astype("float32")
    called = []
    for name in ("moved", "moved_too"):
        layer = model.get_layer(name)

        def call(x, plain=layer.call, **named):
            called.append(x.shape[1])
            return plain(x, **named)

        layer.call = call

    found = run_folded(model, [keras.ops.convert_to_tensor(images)])

    assert called == [6, 5]  # after the maxima
    for name in ("moved", "moved_too"):
        del model.get_layer(name).call
    for one, other in zip(model(images, training=False), found, strict=True):
        one, other = map(keras.ops.convert_to_numpy, (one, other))
        assert one.std() > 1e-2
        np.testing.assert_allclose(other, one, atol=1e-5 * np.abs(one).max())


def test_large_kernels_of_small_outputs_stay(monkeypatch):
    clip = keras.Input((64, 8))
    x = layers.Conv1D(8, 64)(clip)  # 4,096 values in the kernel, 8 a row in the output
    model = filled(keras.Model(clip, layers.BatchNormalization()(x)))
    scaled = []
    scale = folded.scale_and_shift
    monkeypatch.setattr(folded, "SMALL", 10)
    monkeypatch.setattr(
        folded, "scale_and_shift", lambda *given: scaled.append(0) or scale(*given)
    )
    for rows, count in ((511, 0), (512, 1)):
        scaled.clear()
        clips = keras.ops.ones((rows, 64, 8))
        found = keras.ops.convert_to_numpy(run_folded(model, [clips]))
        assert len(scaled) == count
        expected = keras.ops.convert_to_numpy(model(clips, training=False))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="its loop")
def test_tensorflow_predicts_without_normalization_and_notices_training():
    model = flat(True, True)
    images = RNG.normal(size=(4, 12, 10, 3)).astype("float32")
    model.compile("sgd", "mse")
    targets = [np.zeros((4, *y.shape[1:]), "float32") for y in model.outputs]
    before = model.predict_on_batch(images)
    assert model.evaluate(images, targets, verbose=0)
    model.fit(images, targets, verbose=0)
    after = model.predict_on_batch(images)
    assert np.abs(after[0] - before[0]).max() > 1e-3
    for one, other in zip(model(images, training=False), after, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5 * np.abs(one).max())
