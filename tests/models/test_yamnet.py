"""YAMNet: what it hears of clips of any length; its weights file, strictly."""

import h5py
import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state
from kerasaudio.layers.depthwise import DepthwiseConv2D
from support.keras2 import write_named, yamnet_names
from support.manifests import use_manifest


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return kerasaudio.YAMNet()


@pytest.fixture(scope="module")
def weights(model):
    """The model's weights under the official names."""
    return yamnet_names(model_state(model))


def output(model, waveforms):
    """Run the model without compiling it."""
    return keras.ops.convert_to_numpy(model(waveforms, training=False))


def noise(samples):
    return np.random.default_rng(samples).normal(0, 0.1, (1, samples)).astype("float32")


@pytest.mark.parametrize(
    ("samples", "patches"), [(15_600, 1), (15_601, 2), (23_281, 3)]
)
def test_silence_fills_the_last_patch(model, samples, patches):
    probe = keras.Model(model.input, model.get_layer("patch_scores").output)
    waveform = noise(samples)
    whole = 15_600 + (patches - 1) * 7_680

    got = output(probe, waveform)

    assert got.shape == (1, patches, 521)
    filled = np.pad(waveform, ((0, 0), (0, whole - samples)))
    np.testing.assert_allclose(got, output(probe, filled), atol=1e-6)
    np.testing.assert_allclose(output(model, waveform), got.mean(axis=1), atol=1e-6)


def test_the_spec_says_how_long_clips_are_cut(model):
    spec = model.spec

    assert (spec.window_samples, spec.hop_samples) == (15_600, 7_680)
    assert (spec.clip_samples, spec.min_samples) == (None, 15_600)
    assert model.output_shape == (None, 521)
    fixed = kerasaudio.YAMNet(clip_samples=20_000, include_top=False)
    assert fixed.input_shape == (None, 20_000)
    assert fixed.output_shape == (None, 1024)


@pytest.mark.parametrize("name", ["dense_3", "logits"])
def test_the_official_file_is_read_whatever_its_classifier_is_called(
    model, weights, tmp_path, name
):
    path = tmp_path / "yamnet.h5"
    renamed = {key.replace("dense", name): array for key, array in weights.items()}
    write_named(path, renamed)

    again = kerasaudio.YAMNet(weights=path)

    loaded = model_state(again)
    for key, array in model_state(model).items():
        np.testing.assert_array_equal(loaded[key], array)


def test_the_tag_reads_the_pinned_file(model, weights, tmp_path, monkeypatch):
    path = tmp_path / "yamnet.h5"
    write_named(path, weights)
    use_manifest(monkeypatch, tmp_path, "YAMNet", path)

    tagged = kerasaudio.YAMNet(weights="audioset")

    assert tagged.spec.preset == "YAMNet/audioset"
    assert tagged.spec.license == "Apache-2.0"
    assert len(tagged.spec.labels) == 521
    np.testing.assert_array_equal(
        output(tagged, noise(15_600)), output(model, noise(15_600))
    )


def test_a_file_must_fit(weights, tmp_path):
    path = tmp_path / "bad.h5"
    lacking = {k: v for k, v in weights.items() if "layer7/pointwise_conv/k" not in k}
    more = weights | {"layer15/conv/kernel": np.zeros((1, 1, 2, 2), "float32")}
    two = weights | {"dense_1/kernel": weights["dense/kernel"]}
    for wrong, message in (
        (lacking, "missing layer7_pointwise_conv/kernel"),
        (more, "left over layer15_conv/kernel"),
        (two, "'dense_1/kernel' and another"),
    ):
        write_named(path, wrong)
        with pytest.raises(ValueError, match=message):
            kerasaudio.YAMNet(weights=path)
    with h5py.File(path, "w") as file:
        file["something"] = 1.0
    with pytest.raises(ValueError, match="not a weights file of Keras 2"):
        kerasaudio.YAMNet(weights=path)


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("size", [(8, 6), (7, 9)])
def test_depthwise_convolution_pads_as_keras_own_if_asked(
    rng, monkeypatch, shifted, size
):
    monkeypatch.setattr("kerasaudio.layers.depthwise.xla_on_cpu", lambda: shifted)
    x = rng.normal(size=(2, *size, 3)).astype("float32")
    for stride in (1, 2):
        ours = DepthwiseConv2D(3, stride, pad_like="tensorflow")
        plain = keras.layers.DepthwiseConv2D(3, stride, padding="same")
        ours.build(x.shape)
        plain.build(x.shape)
        plain.set_weights(ours.get_weights())
        want = keras.ops.convert_to_numpy(plain(x))
        np.testing.assert_allclose(keras.ops.convert_to_numpy(ours(x)), want, atol=1e-5)
    again = DepthwiseConv2D.from_config(ours.get_config())
    assert again.pad_like == "tensorflow"
    with pytest.raises(ValueError, match=r"pad_like must be.*'caffe'"):
        DepthwiseConv2D(3, pad_like="caffe")
    with pytest.raises(ValueError, match="requires a known size"):
        ours(keras.Input((None, 6, 3)))
