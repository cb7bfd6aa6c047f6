"""Predictions with batch normalization moved into the convolutions before it."""

import keras
import numpy as np
import pytest
from keras import layers

import kerasaudio
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs.folded import ROWS, fold

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="only programs on jax are folded"
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
    assert changed(model)

    alone = [model.predict(row[None], verbose=0)[0] for row in waveforms]

    np.testing.assert_allclose(
        model.predict(waveforms, verbose=0), alone, atol=1e-5 * np.max(alone)
    )
