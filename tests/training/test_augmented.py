"""Augmentation built into a network that shares its weights with the original."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio import layers
from kerasaudio.training import augmented
from support.small import small
from support.tiny import tiny_model


def waveforms(rng, clips=3, samples=4_000):
    return rng.normal(0, 0.1, (clips, samples)).astype("float32")


def learner_of(model, seed=1):
    return augmented(
        model,
        [layers.Volume((20, 30), seed=seed), layers.TimeShift(500, seed=seed)],
        [layers.SpecAugment(time_width=9, frequency_width=20, seed=seed)],
    )


def as_array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_inference_is_the_models(rng):
    model, x = tiny_model(), waveforms(rng)
    learner = learner_of(model)
    want = model.predict(x, verbose=0)
    np.testing.assert_array_equal(as_array(learner(x)), as_array(model(x)))
    np.testing.assert_allclose(learner.predict(x, verbose=0), want, atol=1e-6)
    assert not np.allclose(as_array(learner(x, training=True)), want, atol=1e-4)


def test_both_sides_of_the_front_end_are_augmented(rng):
    model, x = tiny_model(), waveforms(rng)
    louder = augmented(model, waveform=[layers.Volume(20)])
    wanted = as_array(model(10 * x))
    np.testing.assert_allclose(as_array(louder(x, training=True)), wanted, rtol=1e-4)
    blank = layers.SpecAugment(time_masks=0, frequency_width=65, fill=0.0, seed=3)
    twin = type(blank).from_config(blank.get_config())
    middle = keras.Model(model.input, model.get_layer("frontend").output)
    behind = keras.Model(middle.output, model.output)
    wanted = as_array(behind(twin(middle(x), training=True)))
    masked = augmented(model, features=[blank])
    np.testing.assert_allclose(as_array(masked(x, training=True)), wanted, rtol=1e-4)


def test_training_one_trains_the_other(rng, tmp_path):
    model = tiny_model()
    x, y = waveforms(rng, 8), np.arange(8) % 3
    before = model.predict(x, verbose=0)
    learner = learner_of(model)
    learner.compile("sgd", "sparse_categorical_crossentropy")
    learner.fit(x, y, verbose=0)
    after = model.predict(x, verbose=0)
    assert np.abs(after - before).max() > 1e-5
    np.testing.assert_allclose(learner.predict(x, verbose=0), after, atol=1e-6)
    assert {id(v) for v in learner.trainable_variables} == {
        id(v) for v in model.trainable_variables
    }
    assert not any(isinstance(layer, layers.Volume) for layer in model.layers)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), after, atol=1e-6)
    assert [layer.name for layer in again.layers] == [
        layer.name for layer in model.layers
    ]
    assert model.embed(x[0], again.spec.sample_rate).shape == (6,)


@pytest.mark.parametrize("name", ["LogMelCNN", "SoundEventCRNN", "BarkNet", "MusiCNN"])
def test_networks_of_the_zoo(name, rng):
    model = getattr(kerasaudio, name)(**small(name))
    on_features = [] if name == "BarkNet" else [layers.FrequencyMask(9, seed=1)]
    learner = augmented(model, [layers.Volume((-6, 6), seed=1)], on_features)
    samples = model.spec.clip_samples or model.spec.window_samples
    x = waveforms(rng, 2, samples)
    np.testing.assert_allclose(as_array(learner(x)), as_array(model(x)), atol=1e-6)


def test_nothing_to_add_is_the_same_network(rng):
    model, x = tiny_model(clip_samples=None), waveforms(rng)
    plain = augmented(model)
    np.testing.assert_array_equal(as_array(plain(x, training=True)), as_array(model(x)))
    assert plain.input.shape == (None, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"waveform": layers.Volume()}, "`waveform` must be a list of layers"),
        ({"features": ["noise"]}, r"`features` must be a list.*\['noise'\]"),
        ({"waveform": [layers.RandomCrop(99)]}, r"keep the shape \(None, 4000\)"),
        ({"waveform": [layers.TimeMask(9)]}, "TimeMask takes"),
    ],
)
def test_bad_layers(arguments, message):
    with pytest.raises(ValueError, match=message):
        augmented(tiny_model(), **arguments)


def test_raw_samples_have_no_features():
    model = kerasaudio.BarkNet(**small("BarkNet"))
    with pytest.raises(ValueError, match=r"no features.*Augment the waveform"):
        augmented(model, features=[layers.SpecAugment()])
