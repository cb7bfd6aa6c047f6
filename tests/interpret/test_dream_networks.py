"""Networks that dream: those of Keras, ours, and what values they take."""

import keras
import numpy as np
import pytest
from keras import ops

import kerasaudio
from kerasaudio import AudioModel, AudioSpec
from kerasaudio.interpret import Dreamer, dream
from kerasaudio.interpret.pictures import resized

RINGS = np.hypot(*np.indices((40, 30)) - 17) % 8 / 8


@pytest.mark.slow
def test_networks_of_applications_are_known():
    network = keras.applications.MobileNetV2(
        (64, 64, 3), alpha=0.35, weights=None, include_top=False
    )
    dreamer = Dreamer(network, "block_1_expand_relu")
    made = dream(dreamer, guide=RINGS, octaves=1, size=48, iterations=3, jitter=0)
    assert made.course[-1] > made.course[0]
    layer = network.get_layer("block_1_expand_relu")
    sizes = keras.Model(network.input, layer.output)
    whole = resized(made.picture, (64, 64))[None]
    scaled = keras.applications.mobilenet_v2.preprocess_input(255 * whole)
    np.testing.assert_allclose(
        ops.convert_to_numpy(dreamer.seen.network(whole)),
        ops.convert_to_numpy(sizes(scaled)),
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("name", "first"), [("resnet50", [-103.939, -116.779, -123.68]), ("vgg16", None)]
)
def test_values_of_the_family(name, first):
    given = keras.Input((None, None, 3))
    same = keras.layers.Conv2D(3, 1, use_bias=False, name="same")
    network = keras.Model(given, same(given), name=name)
    same.set_weights([np.eye(3)[None, None]])
    seen = Dreamer(network, "same").seen.network
    black = ops.convert_to_numpy(seen(np.zeros((1, 4, 4, 3), "float32")))
    expected = first or [-103.939, -116.779, -123.68]  # blue, green, red
    np.testing.assert_allclose(black[0, 0, 0], expected, rtol=1e-5)


def test_our_network_on_spectrogram_pictures():
    model = kerasaudio.MelResNet50(side=32, labels=["dog", "rain"])
    dreamer = Dreamer(model, "conv1_relu")
    made = dream(dreamer, guide=RINGS, size=(40, 30), octaves=1, iterations=2)
    assert made.course[1] > made.course[0]
    # Pixels go in where the model has its own picture of 0 to 255.
    part = keras.Model(
        model.get_layer("colors").output, model.get_layer("conv1_relu").output
    )
    gray = np.full((1, 32, 32, 3), 0.5, "float32")
    np.testing.assert_allclose(
        ops.convert_to_numpy(dreamer.seen.network(gray)),
        ops.convert_to_numpy(part(255 * gray)),
        rtol=1e-4,
        atol=1e-3,
    )
    with pytest.raises(ValueError, match=r"mel of .* from the picture alone"):
        Dreamer(model, "mel")


def test_a_label_of_a_network_on_gray_pictures():
    waveform = keras.Input((64,))
    x = keras.layers.Reshape((8, 8, 1), name="spectrogram")(waveform)
    x = keras.layers.Conv2D(4, 3, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(2, activation="softmax", name="predictions")(x)
    spec = AudioSpec(8_000, 64, 64, labels=("low", "high"))
    model = AudioModel(waveform, x, spec=spec, name="mine")
    with pytest.raises(ValueError, match=r"takes sound.*pass picture_layer="):
        dream(model, label="high")
    with pytest.raises(ValueError, match="values mine takes is unknown"):
        dream(model, label="high", picture_layer="spectrogram")
    made = dream(
        model,
        label="high",
        picture_layer="spectrogram",
        preprocess=lambda pixels: pixels / 255,
        octaves=1,
        size=12,
    )
    assert made.target == "high"
    assert 1 > made.course[-1] > made.course[0] > 0
    with pytest.raises(ValueError, match="A guide goes with layers, not with 'high'"):
        dream(
            model,
            guide=RINGS,
            label="high",
            picture_layer="spectrogram",
            preprocess=lambda pixels: pixels,
        )
