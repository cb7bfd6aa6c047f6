"""Whatever `keras.config.image_data_format()` says, a network is the same network."""

import threading

import keras
import numpy as np
import pytest

from kerasaudio.models import FACTORIES
from kerasaudio.similarity import ConvolutionalEncoder
from support.chosen import KINDS
from support.fresh import noise, output
from support.small import small

NAMES = sorted(FACTORIES)


@pytest.fixture
def channels_first():
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_image_data_format(before)


def build(name):
    return FACTORIES[name](**small(name), classes=2)


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    """Networks built with Keras' default, their output, and files of them."""
    assert keras.config.image_data_format() == "channels_last"
    folder = tmp_path_factory.mktemp("saved")
    made = {}

    def make(name):
        if name not in made:
            model = build(name)
            path = folder / f"{name}.keras"
            model.save(path)
            made[name] = model, output(model, noise(model.spec, 2)), path
        return made[name]

    return make


@pytest.mark.parametrize("name", NAMES)
def test_every_network_gives_the_same_numbers(references, name, channels_first):
    reference, expected, _ = references(name)

    model = build(name)

    shapes = [weight.shape for weight in reference.weights]
    assert [weight.shape for weight in model.weights] == shapes
    model.set_weights(reference.get_weights())
    np.testing.assert_allclose(
        output(model, noise(model.spec, 2)), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", sorted(KINDS))
def test_files_mean_the_same_under_both_layouts(
    references, name, channels_first, tmp_path
):
    reference, expected, path = references(name)

    here = keras.saving.load_model(path)
    here.save(tmp_path / "again.keras")
    clone = keras.models.clone_model(here)
    clone.set_weights(here.get_weights())
    keras.config.set_image_data_format("channels_last")
    there = keras.saving.load_model(tmp_path / "again.keras")

    assert here.spec == there.spec == clone.spec == reference.spec
    for model in (here, clone, there):
        np.testing.assert_allclose(
            output(model, noise(model.spec, 2)), expected, rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("name", ["BarkNet", "LogMelCNN", "SampleCNN", "VGGish"])
def test_training_is_the_same(references, name, channels_first):
    reference, _, _ = references(name)
    weights = []
    for layout in ("channels_last", "channels_first"):
        keras.config.set_image_data_format(layout)
        keras.utils.set_random_seed(3)
        model = build(name)
        model.set_weights(reference.get_weights())
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(noise(model.spec, 4), np.array([0, 1, 1, 0]), verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)


def test_layers_of_embedding_networks_have_a_layout(channels_first):
    made = ConvolutionalEncoder(8_000)

    layouts = {
        layer.data_format for layer in made.layers if hasattr(layer, "data_format")
    }

    assert layouts == {"channels_last"}


def test_a_network_for_photographs_starts_one_for_sounds(channels_first, tmp_path):
    keras.config.set_image_data_format("channels_last")
    photographs = keras.applications.ResNet50(include_top=False, weights=None)
    photographs.save_weights(tmp_path / "photographs.weights.h5")
    keras.config.set_image_data_format("channels_first")

    model = FACTORIES["MelResNet50"](
        side=32, classes=2, backbone=tmp_path / "photographs.weights.h5"
    )

    for name in ("conv1_conv", "conv3_block2_2_bn", "conv5_block3_3_conv"):
        ours, theirs = model.get_layer(name), photographs.get_layer(name)
        for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_network_may_be_built_while_another_thread_changes_the_layout():
    before = keras.config.image_data_format()
    done = threading.Event()

    def flicker():
        while not done.is_set():
            for layout in ("channels_first", "channels_last"):
                keras.config.set_image_data_format(layout)

    thread = threading.Thread(target=flicker)
    thread.start()
    try:
        models = [build(name) for name in ("BarkNet", "EfficientAT", "MelResNet50")]
    finally:
        done.set()
        thread.join()
        keras.config.set_image_data_format(before)
    layouts = {
        layer.data_format
        for model in models
        for layer in model.layers
        if hasattr(layer, "data_format")
    }
    assert layouts == {"channels_last"}
