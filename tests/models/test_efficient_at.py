"""EfficientAT: its sizes, its depthwise layer, and files that are not its own."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.layers import depthwise
from kerasaudio.layers.depthwise import DepthwiseConv2D
from kerasaudio.models import efficient_at

# Published: mn04, mn05, mn10, mn20 of EfficientAT.
PARAMETERS = {0.4: 983_599, 0.5: 1_431_239, 1.0: 4_876_831, 2.0: 17_909_287}


@pytest.fixture(scope="module")
def mn04():
    keras.utils.set_random_seed(0)
    return kerasaudio.EfficientAT(width=0.4)


def check_size(model, width):
    trained = sum(np.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == PARAMETERS[width]
    assert model.output_shape == (None, 527)
    assert model.get_layer("embedding").output.shape == (None, int(960 * width))


def test_mn04_has_the_published_number_of_parameters(mn04):
    check_size(mn04, 0.4)


@pytest.mark.slow
@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
def test_other_widths_have_the_published_number_of_parameters(width):
    check_size(kerasaudio.EfficientAT(width=width), width)


def test_a_fixed_length_gives_the_same(mn04):
    fixed = kerasaudio.EfficientAT(width=0.4, clip_samples=12_345)
    fixed.set_weights(mn04.get_weights())
    waveform = np.random.default_rng(0).normal(0, 0.1, (1, 12_345)).astype("float32")

    got = fixed.predict(waveform, verbose=0)

    assert fixed.input_shape == (None, 12_345)
    np.testing.assert_allclose(got, mn04.predict(waveform, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"width": 0}, "width must be positive"), ({"clip_samples": 9}, "at least 10240")],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.EfficientAT(**arguments)


def test_a_file_of_another_network_is_refused(monkeypatch, tmp_path):
    (tmp_path / "other.pt").touch()
    monkeypatch.setattr(efficient_at, "read_torch", lambda path: {"conv.weight": None})

    with pytest.raises(ValueError, match=r"other\.pt does not hold an EfficientAT"):
        kerasaudio.EfficientAT(weights=tmp_path / "other.pt")


def convolved(x, kernel, step):
    """Convolve each channel, in NumPy, padded like torch."""
    side = len(kernel)
    padded = np.pad(x, ((0, 0), (side // 2,) * 2, (side // 2,) * 2, (0, 0)))
    frames, bins = (-(-size // step) for size in x.shape[1:3])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (1, 2))
    picked = windows[:, ::step, ::step][:, :frames, :bins]
    return np.einsum("btfcij,ijc->btfc", picked, kernel[..., 0])


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("side", [1, 3, 5])
@pytest.mark.parametrize("size", [(7, 6), (8, 9)])
def test_depthwise_convolution_in_both_forms(
    rng, monkeypatch, shifted, step, side, size
):
    monkeypatch.setattr(depthwise, "xla_on_cpu", lambda: shifted)
    x = rng.normal(size=(2, *size, 3)).astype("float32")
    layer = DepthwiseConv2D(side, step, activation="relu")
    layer.build(x.shape)
    layer.bias.assign([0.1, 0.2, 0.3])
    kernel, bias = (np.array(keras.ops.convert_to_numpy(v)) for v in layer.weights)

    got = keras.ops.convert_to_numpy(layer(x))

    assert got.shape == layer.compute_output_shape(x.shape)
    want = np.maximum(convolved(x, kernel, step) + bias, 0)
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_depthwise_convolution_comes_back_from_its_config():
    layer = DepthwiseConv2D((3, 5), 2, use_bias=False, name="deep")

    again = DepthwiseConv2D.from_config(layer.get_config())

    assert again.get_config() == layer.get_config()
    with pytest.raises(ValueError, match="odd"):
        DepthwiseConv2D(4)


@pytest.mark.parametrize("step", [1, 2])
def test_both_forms_of_depthwise_convolution_learn_the_same(rng, monkeypatch, step):
    x = rng.normal(size=(2, 7, 6, 3)).astype("float32")
    target = rng.normal(size=(2, -(-7 // step), -(-6 // step), 3)).astype("float32")
    start = rng.normal(size=(3, 3, 3, 1)).astype("float32")
    learned = []
    for shifted in (False, True):
        monkeypatch.setattr(depthwise, "xla_on_cpu", lambda form=shifted: form)
        model = keras.Sequential([DepthwiseConv2D(3, step, use_bias=False)])
        model.build(x.shape)
        model.set_weights([start])
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.train_on_batch(x, target)
        learned.append(model.get_weights()[0])

    assert np.abs(learned[0] - start).max() > 1e-2
    np.testing.assert_allclose(learned[1], learned[0], atol=1e-5)
