"""The networks of the recipes: what is theirs alone."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.models.sound_event_crnn import LinearSoftmaxPooling
from support.small import small


def output(model, waveforms):
    """Run the model without compiling it."""
    return keras.ops.convert_to_numpy(model(waveforms, training=False))


def noise(batch, samples):
    return np.random.default_rng(0).normal(0, 0.1, (batch, samples)).astype("float32")


def test_log_mel_cnn_sees_128_frames_of_128_bands():
    model = kerasaudio.LogMelCNN(labels=["a", "b"])

    assert model.get_layer("frontend").output.shape == (None, 128, 128)
    assert model.count_params() < 500_000
    assert model.spec.window_seconds == pytest.approx(2.95, abs=0.01)


def test_log_mel_cnn_sees_the_published_picture():
    picture = {"sample_rate": 44_100, "hop_length": 1_024, "clip_samples": 127 * 1_024}
    model = kerasaudio.LogMelCNN(labels=["a", "b"], filters=2, **picture)

    assert model.get_layer("frontend").output.shape == (None, 128, 128)
    assert model.spec.sample_rate == 44_100
    assert model.spec.window_seconds == pytest.approx(2.95, abs=0.01)
    assert model.spec.frontend["hop_length"] == 1_024
    with pytest.raises(ValueError, match="hop_length"):
        kerasaudio.LogMelCNN(weights="esc10", hop_length=1_024)


def test_bark_net_halves_the_length_five_times():
    model = kerasaudio.BarkNet(labels=["bark", "rest"])

    lengths = [model.get_layer(f"block{n}_conv").output.shape[1] for n in range(1, 6)]

    assert model.input_shape == (None, 16_000)
    assert lengths == [8_000, 4_000, 2_000, 1_000, 500]
    assert model.count_params() * 4 < 8e6


@pytest.mark.parametrize("factory", [kerasaudio.LeNetMFCC, kerasaudio.SpeechGRU])
def test_speech_networks_take_any_length_and_rate(factory):
    model = factory(labels=["yes", "no"], sample_rate=8_000)

    for samples in (model.spec.min_samples, 3_001):
        assert np.isfinite(output(model, noise(1, samples))).all()
    fixed = factory(labels=["yes", "no"], clip_samples=8_000)
    assert fixed.input_shape == (None, 8_000)
    assert model.get_layer("frontend").hop_length == 80


def test_linear_softmax_weighs_frames_by_themselves():
    scores = np.array([[[0.9, 0.2], [0.0, 0.2], [0.1, 0.2]]], "float32")
    pooled = LinearSoftmaxPooling()([scores, np.zeros((1, 2), "float32")])

    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(pooled), [[(0.81 + 0.01) / 1.0, 0.2]], atol=1e-6
    )


def test_linear_softmax_of_silent_frames_is_zero():
    pooled = LinearSoftmaxPooling()([np.zeros((1, 4, 2)), np.zeros((1, 2))])
    assert keras.ops.convert_to_numpy(pooled).tolist() == [[0.0, 0.0]]


def test_sound_event_crnn_wants_probabilities():
    with pytest.raises(ValueError, match="pooling over frames"):
        kerasaudio.SoundEventCRNN(classifier_activation=None)


def test_the_picture_is_grey_whatever_the_loudness():
    model = kerasaudio.MelResNet50(labels=["a", "b"], side=32)
    picture = keras.Model(model.input, model.get_layer("picture").output)
    waveform = noise(1, model.spec.clip_samples)

    loud, quiet = (output(picture, waveform * gain) for gain in (1.0, 0.01))

    np.testing.assert_allclose(loud, quiet, atol=0.01)
    colors = loud + np.array([103.939, 116.779, 123.68], "float32")
    np.testing.assert_allclose(colors.max(), 255, atol=0.01)
    assert colors.min() >= -0.01
    np.testing.assert_allclose(np.ptp(colors, axis=-1), 0, atol=1e-3)
    assert colors.std() > 3


def test_mel_resnet50_makes_a_picture_of_224():
    from kerasaudio.models import mel_resnet50

    assert (mel_resnet50.SIDE - 1) * mel_resnet50.HOP == 110_162


@pytest.mark.slow
def test_mel_resnet50_starts_from_a_backbone_file(tmp_path):
    photographs = keras.applications.ResNet50(include_top=False, weights=None)
    path = tmp_path / "notop.weights.h5"
    photographs.save_weights(path)

    model = kerasaudio.MelResNet50(labels=["a", "b"], backbone=path)

    assert model.get_layer("frontend").output.shape == (None, 224, 224)
    assert model.get_layer("conv5_block3_out").output.shape == (None, 7, 7, 2048)
    for layer in photographs.layers:
        for mine, theirs in zip(
            model.get_layer(layer.name).get_weights() if layer.weights else [],
            layer.get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_mel_resnet50_starts_from_the_format_that_imagenets_weights_have(tmp_path):
    """Keras offers them in its old HDF5 format, a group for each layer."""
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    photographs = keras.applications.ResNet50(include_top=False, weights=None)
    path = tmp_path / "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, photographs)

    model = kerasaudio.MelResNet50(labels=["a", "b"], side=32, backbone=path)

    for layer in ("conv1_conv", "conv3_block2_2_bn", "conv5_block3_3_conv"):
        for mine, theirs in zip(
            model.get_layer(layer).get_weights(),
            photographs.get_layer(layer).get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(mine, theirs)


def test_imagenet_that_cannot_be_had_is_told_and_never_random(monkeypatch):
    real = keras.applications.ResNet50

    def no_network(*, weights, **settings):
        if weights == "imagenet":
            raise Exception("URL fetch failure")
        return real(weights=weights, **settings)

    monkeypatch.setattr(keras.applications, "ResNet50", no_network)
    with pytest.raises(OSError, match="pass backbone=its path"):
        kerasaudio.MelResNet50(labels=["a", "b"], side=32, backbone="imagenet")


def test_a_backbone_that_is_none_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"notop\.h5"):
        kerasaudio.MelResNet50(side=32, backbone=tmp_path / "notop.h5")
    (tmp_path / "bad.weights.h5").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="does not hold weights"):
        kerasaudio.MelResNet50(side=32, backbone=tmp_path / "bad.weights.h5")
    with pytest.raises(ValueError, match="Pass only one"):
        kerasaudio.MelResNet50(weights="esc10", backbone="imagenet")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("LogMelCNN", {"clip_samples": 7_000}, "7680"),
        ("LogMelCNN", {"hop_length": 1_024, "clip_samples": 15_000}, "15360"),
        ("LogMelCNN", {"hop_length": 0}, "hop_length"),
        ("LogMelCNN", {"sample_rate": 0}, "Hz|sample_rate"),
        ("LogMelCNN", {"dropout": 0.6}, r"0\.45"),
        ("LogMelCNN", {"filters": 0}, "filters"),
        ("BarkNet", {"clip_samples": 500}, "512"),
        ("BarkNet", {"sample_rate": 16_000.5}, "Hz"),
        ("BarkNet", {"dropout": "much"}, "dropout"),
        ("LeNetMFCC", {"n_mfcc": 65}, "n_mfcc"),
        ("LeNetMFCC", {"n_mfcc": 3}, "n_mfcc"),
        ("LeNetMFCC", {"clip_samples": 479}, "480"),
        ("LeNetMFCC", {"sample_rate": 0}, "Hz"),
        ("SpeechGRU", {"depth": 0}, "depth"),
        ("SpeechGRU", {"units": 1.5}, "units"),
        ("SpeechGRU", {"clip_samples": 399}, "400"),
        ("SoundEventCRNN", {"clip_samples": 639}, "640"),
        ("SoundEventCRNN", {"dropout": -0.1}, "dropout"),
        ("MelResNet50", {"side": 31}, "32"),
        ("MelResNet50", {"side": 31.5}, "side"),
    ],
)
def test_arguments_out_of_range_are_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.models.FACTORIES[name](**{**small(name), **arguments})
