"""YAMNet against its published LiteRT file, whose int8 kernels give float weights.

yamnet_float.npz holds what LiteRT gives for the same numbers in float32, made by
tools/make_yamnet_golden.py: our network's scores are these. yamnet_tflite.npz has what
the file itself gives. There the runtime also rounds the *activations* to int8, the
magnitudes of the spectrogram among them (a frame's quiet bins vanish: its log mel is up
to 5.8 off), and the network is steep: the file's own scores move by up to 0.4 between
two of LiteRT's kernels. So its scores are matched layer by layer, with the rounding.
"""

import h5py
import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.models import yamnet
from kerasaudio.weights.convert.keras2_hdf5 import read_named
from support.yamnet_replay import CONVOLUTIONS, convolved, replay
from support.yamnet_tflite import (
    EPSILON,
    mel_matrix,
    recover,
    run_layers,
    write_official,
)
from support.yamnet_windows import CLIPS, clip, windows

pytest.importorskip("ai_edge_litert", reason="its schema reads the LiteRT file")
pytestmark = pytest.mark.shared
OURS = {name.replace("_", "/", 1): name for name in CONVOLUTIONS}


@pytest.fixture(scope="module")
def tflite(shared):
    return shared / "reference" / "yamnet.tflite"


@pytest.fixture(scope="module")
def golden():
    return load("yamnet_tflite")


def load(name):
    from pathlib import Path

    return np.load(Path(__file__).parents[1] / "golden" / f"{name}.npz")


@pytest.fixture(scope="module")
def recovered(tflite):
    return recover(tflite)


@pytest.fixture(scope="module")
def model(recovered, tmp_path_factory):
    path = tmp_path_factory.mktemp("yamnet") / "recovered.h5"
    write_official(path, recovered)
    return kerasaudio.YAMNet(weights=path)


@pytest.fixture(scope="module")
def heard(shared, golden):
    return windows(shared, golden)


@pytest.mark.parametrize("name", ["signal", *CLIPS])
def test_scores_are_those_of_the_file_in_float(model, heard, name):
    want = load("yamnet_float")[name]

    got = model.predict(heard[name], verbose=0)

    assert want.std() > 1e-3
    # 0.0147 at most, of the file's mel matrix, which is int8, too.
    np.testing.assert_allclose(got, want, atol=0.02)


@pytest.mark.parametrize(("name", "number"), [("signal", 0), ("rain", 4)])
def test_each_layer_gives_what_the_file_gives(model, heard, tflite, name, number):
    steps = run_layers(tflite, heard[name][number])

    assert [OURS[official] for official, *_ in steps] == list(CONVOLUTIONS)
    for official, images, want in steps:
        got = convolved(model, OURS[official], images)
        far = np.abs(got - want) > 1e-4
        assert want.std() > 1e-3
        # A value on the edge between two levels may fall to either side.
        assert far.mean() < 1e-3, official
        assert np.abs(got - want).max() < 0.05 * np.abs(want).max(), official


@pytest.mark.slow
def test_with_activations_rounded_scores_are_those_of_the_file(
    model, heard, tflite, golden
):
    mel = mel_matrix(tflite)
    far = []
    for name, cut in heard.items():
        want = golden["scores"][None] if name == "signal" else golden[f"{name}_scores"]
        got = replay(model, cut, mel)
        far += np.abs(got - want).max(axis=1).tolist()
        # One value that falls to the other side moves all that follow it.
        limit = 0.1 if name == "rain" else 0.02
        np.testing.assert_allclose(got.mean(axis=0), want.mean(axis=0), atol=limit)
    assert len(far) == 28
    assert np.median(far) < 0.02


def test_a_long_clip_is_the_mean_of_its_windows_the_last_filled_with_silence(
    shared, model
):
    waveform = clip(shared, "dog")
    silence = np.zeros(15_600, "float32")
    padded = np.concatenate([waveform, silence])
    cut = np.stack([padded[i * 7_680 : i * 7_680 + 15_600] for i in range(10)])
    names = {"scores": "patch_scores", "embeddings": "patch_embeddings"}
    names |= {"whole": "predictions", "embedding": "embedding"}
    probe = keras.Model(
        model.input, {key: model.get_layer(name).output for key, name in names.items()}
    )

    got = probe.predict(waveform[None], verbose=0)

    assert got["scores"].shape == (1, 10, 521)
    assert got["embeddings"].shape == (1, 10, 1024)
    want = model.predict(cut, verbose=0)
    np.testing.assert_allclose(got["scores"][0], want, atol=1e-4)
    whole = got["whole"][0]
    np.testing.assert_allclose(whole, want.mean(axis=0), atol=1e-5)
    tags = dict(model.tag(waveform, 16_000, top=521))
    np.testing.assert_allclose(
        [tags[label] for label in model.spec.labels], whole, atol=1e-5
    )
    np.testing.assert_allclose(
        got["embedding"], got["embeddings"].mean(axis=1), rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(
        model.embed(waveform, 16_000), got["embedding"][0], rtol=1e-3, atol=1e-4
    )


@pytest.fixture(scope="module")
def first_six(shared):
    return read_named(shared / "reference" / "yamnet_256_f32.h5")


def test_the_published_float_layers_fold_into_the_recovered_ones(first_six, recovered):
    kernels = [name for name in first_six if "kernel" in name]
    assert len(kernels) == 11
    for name in kernels:
        norm = f"{name.rpartition('/')[0]}/bn"
        scale = 1 / np.sqrt(first_six[f"{norm}/moving_variance"] + EPSILON)
        bias = first_six[f"{norm}/beta"] - first_six[f"{norm}/moving_mean"] * scale
        depthwise = name.endswith("depthwise_kernel")
        kernel = first_six[name] * (scale[:, None] if depthwise else scale)
        np.testing.assert_allclose(recovered[f"{norm}/beta"], bias, atol=1e-4)
        largest = np.abs(kernel).max(
            axis=(0, 1, 3) if depthwise else (0, 1, 2), keepdims=True
        )
        # Half a step of 127; float32 kernels are equal but for rounding.
        assert (np.abs(recovered[name] - kernel) <= largest * 0.00401).all(), name


def test_the_published_float_layers_give_what_keras_own_layers_give(
    shared, first_six, recovered, tmp_path, rng
):
    path = tmp_path / "six.h5"
    write_official(path, recovered | first_six)
    model = kerasaudio.YAMNet(weights=path, classes=521)
    for name, array in first_six.items():
        scope, _, leaf = name.rpartition("/")
        layer = model.get_layer(scope.replace("/", "_"))
        stored = layer.kernel if leaf.endswith("kernel") else getattr(layer, leaf)
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(stored), array)
    images = rng.normal(-3, 2, (2, 96, 64, 1)).astype("float32")

    got = images
    for name in CONVOLUTIONS[:11]:
        for suffix in ("", "_bn", "_relu"):
            got = model.get_layer(f"{name}{suffix}")(got)

    want = plain(shared / "reference" / "yamnet_256_f32.h5", first_six)(images)
    want = keras.ops.convert_to_numpy(want)
    assert want.std() > 0.1
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(got), want, atol=1e-5 * np.abs(want).max()
    )


def plain(path, weights):
    """Build the network that the file describes, of Keras' own layers."""
    import json

    with h5py.File(path) as file:
        described = json.loads(file.attrs["model_config"])["config"]["layers"]
    known = ("name", "filters", "kernel_size", "strides", "padding", "use_bias")
    known += ("epsilon", "scale")
    model = keras.Sequential([keras.Input((96, 64, 1))])
    for layer in described[1:-1]:
        settings = {k: v for k, v in layer["config"].items() if k in known}
        model.add(getattr(keras.layers, layer["class_name"])(**settings))
    for layer in model.layers:
        leaves = [v.path.rpartition("/")[2] for v in layer.weights]
        scope = layer.name.replace("_", "/", 1).replace("conv_bn", "conv/bn")
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            leaves = ["depthwise_kernel"]
        layer.set_weights([weights[f"{scope}/{leaf}"] for leaf in leaves])
    return model


def test_the_file_of_six_layers_is_no_whole_network(shared):
    with pytest.raises(ValueError, match="no weights of the layer 'patch_scores'"):
        kerasaudio.YAMNet(weights=shared / "reference" / "yamnet_256_f32.h5")


def test_the_log_mel_matrix_is_that_of_the_file(tflite):
    from kerasaudio.layers import MelSpectrogram
    from kerasaudio.models.audioset_frontend import MEL

    stored = mel_matrix(tflite)
    ours = MelSpectrogram(**MEL).filterbank

    assert yamnet.LOG_OFFSET == 1e-3
    np.testing.assert_allclose(stored, ours, atol=0.5 * 0.00784402 + 1e-6)
