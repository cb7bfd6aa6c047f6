"""VGGish: an embedding first, a head when asked for; its checkpoint, strictly."""

import importlib

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state, native_bytes
from kerasaudio.models.vggish import PCA, vggish_postprocess
from kerasaudio.weights import WeightsError
from support.manifests import use_manifest
from support.small import small
from support.tf1_checkpoint import write_tf1_checkpoint

SMALL = small("VGGish")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return kerasaudio.VGGish(**SMALL)


@pytest.fixture(scope="module")
def tensors(model):
    """The model's weights under the official names."""
    scopes = {"conv3_1": "conv3/conv3_1", "conv3_2": "conv3/conv3_2"}
    scopes |= {"conv4_1": "conv4/conv4_1", "conv4_2": "conv4/conv4_2"}
    scopes |= {"fc1_1": "fc1/fc1_1", "fc1_2": "fc1/fc1_2"}
    leaves = {"kernel": "weights", "bias": "biases"}
    named = {}
    for key, array in model_state(model).items():
        layer, leaf = key.split("/")
        named[f"vggish/{scopes.get(layer, layer)}/{leaves[leaf]}"] = array
    return named


@pytest.fixture
def checkpoint(tensors, tmp_path):
    path = tmp_path / "small.ckpt"
    write_tf1_checkpoint(path, tensors)
    return path


def output(model, waveforms):
    """Run the model without compiling it."""
    return keras.ops.convert_to_numpy(model(waveforms, training=False))


def noise(seconds=2.0):
    samples = int(seconds * 16_000)
    return np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype("float32")


def test_the_embedding_is_what_comes_out(model):
    assert model.output_shape == (None, 128)
    assert model.spec.labels is None
    assert (model.spec.window_samples, model.spec.hop_samples) == (15_600, 15_360)
    with pytest.raises(ValueError, match="no labels"):
        model.tag(noise()[0], 16_000)


def test_it_averages_whole_patches_side_by_side(model):
    waveforms = noise(3.0)
    pieces = [waveforms[:, i * 15_360 : i * 15_360 + 15_600] for i in range(3)]
    want = np.stack([output(model, piece) for piece in pieces], axis=1)

    probe = keras.Model(model.input, model.get_layer("patch_embeddings").output)

    np.testing.assert_allclose(output(probe, waveforms), want, atol=1e-5)
    got = output(model, waveforms)
    np.testing.assert_allclose(got, want.mean(axis=1), atol=1e-5)
    rest = np.pad(waveforms, ((0, 0), (0, 9000)))  # fills no patch
    np.testing.assert_allclose(output(model, rest), got, atol=1e-5)


def test_its_checkpoint_tells_its_sizes(model, checkpoint):
    again = kerasaudio.VGGish(weights=checkpoint)

    assert again.spec.arguments["filters"] == SMALL["filters"]
    assert again.spec.arguments["dense_units"] == SMALL["dense_units"]
    loaded = model_state(again)
    for key, array in model_state(model).items():
        np.testing.assert_array_equal(loaded[key], array)


def test_the_tag_reads_the_pinned_file(model, checkpoint, tmp_path, monkeypatch):
    use_manifest(monkeypatch, tmp_path, "VGGish", checkpoint, arguments=SMALL)

    for _ in range(2):  # converted, and then from the cache
        tagged = kerasaudio.VGGish(weights="audioset")
        assert tagged.spec.preset == "VGGish/audioset"
        assert tagged.spec.labels is None
        np.testing.assert_array_equal(output(tagged, noise()), output(model, noise()))
    mine = kerasaudio.VGGish(weights="audioset", classes=3)
    assert mine.output_shape == (None, 3)
    with pytest.raises(ValueError, match="published without classes"):
        kerasaudio.VGGish(weights="audioset", include_top=True)


def test_own_labels_get_a_head_on_the_published_body(model, checkpoint):
    mine = kerasaudio.VGGish(weights=checkpoint, labels=["knock", "bark"])

    assert mine.output_shape == (None, 2)
    patch = noise()[0, : mine.spec.window_samples]  # without a rest, which would count
    np.testing.assert_allclose(
        mine.embed(patch, 16_000), model.embed(patch, 16_000), atol=1e-5
    )
    assert len(mine.tag(noise()[0], 16_000, top=2)) == 2
    assert mine.get_layer("patch_scores").output.shape == (None, None, 2)


def test_a_head_of_ones_own_is_saved_and_found_again(checkpoint, tmp_path):
    mine = kerasaudio.VGGish(weights=checkpoint, labels=["a", "b", "c"])
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(model_state(mine)))

    again = kerasaudio.VGGish(
        weights=path, labels=["a", "b", "c"], classifier_activation="softmax", **SMALL
    )
    body = kerasaudio.VGGish(weights=path, include_top=False, **SMALL)

    want = output(mine, noise())
    np.testing.assert_allclose(output(again, noise()), want, atol=1e-6)
    assert body.output_shape == (None, 128)


def test_a_top_without_classes_is_refused(checkpoint):
    for weights in (None, checkpoint):
        with pytest.raises(ValueError, match="published without classes"):
            kerasaudio.VGGish(weights=weights, include_top=True)
    with pytest.raises(ValueError, match="has no classifier_activation"):
        kerasaudio.VGGish(classifier_activation="softmax", **SMALL)


def test_bad_arguments_are_refused(checkpoint):
    with pytest.raises(ValueError, match=r"activation must be.*'tanh'"):
        kerasaudio.VGGish(embedding_activation="tanh", **SMALL)
    for factory in (kerasaudio.VGGish, kerasaudio.YAMNet):
        with pytest.raises(ValueError, match=r"at least 15600.*15599"):
            factory(clip_samples=15_599)
    with pytest.raises(ValueError, match="filters=8 contradicts"):
        kerasaudio.VGGish(weights=checkpoint, filters=8)


def test_a_checkpoint_must_fit(tensors, tmp_path):
    path = tmp_path / "bad.ckpt"
    lacking = {k: v for k, v in tensors.items() if k != "vggish/fc2/weights"}
    odd = {**tensors, "vggish/fc2/gamma": np.zeros(3, "float32")}
    reshaped = {**tensors, "vggish/fc2/weights": np.zeros((2, 2), "float32")}
    other = {"resnet/conv1/weights": np.zeros(3, "float32")}
    for wrong, message in (
        (lacking, "missing fc2/kernel"),
        (odd, "left over fc2/gamma"),
        (reshaped, "fc2/kernel has shape"),
        (other, "does not hold a VGGish"),
    ):
        write_tf1_checkpoint(path, wrong)
        with pytest.raises(ValueError, match=message):
            kerasaudio.VGGish(weights=path)


def test_what_training_kept_beside_the_network_is_left_out(tensors, tmp_path):
    path = tmp_path / "trained.ckpt"
    more = {"global_step": np.array(7), "vggish/logits/biases": np.ones(3, "float32")}
    write_tf1_checkpoint(path, tensors | more)

    assert kerasaudio.VGGish(weights=path).output_shape == (None, 128)


def test_a_fixed_length_is_to_be_had(model, checkpoint):
    fixed = kerasaudio.VGGish(weights=checkpoint, clip_samples=32_000)

    assert fixed.input_shape == (None, 32_000)
    np.testing.assert_allclose(
        output(fixed, noise()), output(model, noise()), atol=1e-5
    )
    with pytest.raises(ValueError, match="exactly 32000"):
        fixed.predict(noise(1.0), verbose=0)


def test_the_published_pca_is_pinned_and_taken_from_the_users_folder(
    tmp_path, monkeypatch
):
    (source,) = PCA.sources
    assert source.file_name == "vggish_pca_params.npz"
    (tmp_path / source.file_name).write_bytes(bytes(source.size))
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(tmp_path))
    module = importlib.import_module("kerasaudio.weights.fetch")
    monkeypatch.setattr(module, "unreachable", refuse)

    with (
        pytest.warns(UserWarning, match="its sha256 is"),
        pytest.raises(WeightsError, match=r"vggish_pca_params\.npz.*no network here"),
    ):
        vggish_postprocess()


def refuse(urls):
    return dict.fromkeys(urls, "no network here")
