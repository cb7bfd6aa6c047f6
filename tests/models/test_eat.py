"""EAT: files of fairseq and of the Hub, and what is neither."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import kerasaudio
from kerasaudio.checkpoints.native import model_state, named_variables, native_bytes
from kerasaudio.layers.class_token import ClassToken
from kerasaudio.layers.sine_positions import SinePositions
from kerasaudio.models.eat import convert
from kerasaudio.weights.label_lists import label_list
from support.eat import POSITIONS, positions, small_state, with_hub_keys
from support.goldens import GOLDEN, Golden
from support.seeding import read_shapes
from support.torch_files import write_state
from support.unallocated import without_allocating

ARGUMENTS = {
    "hidden_size": 128,
    "num_layers": 3,
    "num_heads": 2,
    "intermediate_size": 512,
    "max_length": 1024,
}
CONFIG = {"model_type": "eat", "embed_dim": 128, "num_heads": 4, "norm_eps": 1e-6}
HEAD = ("head.weight", "head.bias")
KERNEL = "model.modality_encoders.IMAGE.local_encoder.proj.weight"


@pytest.fixture
def tensors():
    return small_state()


@pytest.fixture
def save(tmp_path):
    def write(tensors, config=None):
        if any("modality_encoders" in key for key in tensors):
            path = tmp_path / "checkpoint_best.pt"
            write_state(path, tensors)
        else:
            path = tmp_path / "model.safetensors"
            save_file(tensors, path)
        if config is not None:
            (tmp_path / "config.json").write_text(json.dumps(config))
        return path

    return write


def weights(model):
    return [keras.ops.convert_to_numpy(weight) for weight in model.weights]


def test_the_published_file_has_exactly_our_weights(tmp_path):
    # Nothing of this size is allocated: neither the file's arrays nor the weights.
    shapes = read_shapes((GOLDEN / "eat_base_keys.txt").read_text())
    found = {key: np.broadcast_to(np.float32(0), s) for key, s in shapes.items()}
    found[POSITIONS] = positions(768)
    state, arguments, labels = convert(found, tmp_path / "checkpoint_best.pt")

    def built():
        model = kerasaudio.EAT(**arguments)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        trained = sum(np.prod(v.shape) for v in model.trainable_variables)
        return model, named, trained

    model, named, trained = without_allocating(built)

    assert {key: tensor.shape for key, tensor in state.items()} == named
    assert trained == 85_660_943
    # So many does the file of SSLAM on the Hub hold.
    assert sum(tensor.size for tensor in found.values()) == 90_379_535
    assert model.spec.arguments == kerasaudio.EAT(num_layers=1).spec.arguments | {
        "num_layers": 12
    }
    assert labels == label_list("audioset")


def test_shapes_tell_the_size_of_the_network(tensors, save):
    model = kerasaudio.EAT(weights=save(tensors))

    assert model.spec.arguments == ARGUMENTS
    assert model.output_shape == (None, 20)


def test_the_config_beside_a_file_of_the_hub_tells_heads(tensors, save):
    model = kerasaudio.EAT(weights=save(with_hub_keys(tensors), CONFIG))

    assert model.spec.arguments == ARGUMENTS | {"num_heads": 4}


@pytest.mark.parametrize("change", [{"model_type": "bert"}, {"embed_dim": 768}])
def test_the_config_of_another_network_is_not_used(tensors, save, change):
    path = save(with_hub_keys(tensors), CONFIG | change)

    assert kerasaudio.EAT(weights=path).spec.arguments == ARGUMENTS


@pytest.mark.parametrize("change", [{"layer_norm_first": True}, {"stride": 10}])
def test_a_config_of_another_kind_of_eat_is_refused(tensors, save, change):
    (key,) = change
    with pytest.raises(ValueError, match=f"eat supports only {key}="):
        kerasaudio.EAT(weights=save(with_hub_keys(tensors), CONFIG | change))


def test_heads_that_do_not_divide_the_features_need_the_config(tensors, save):
    path = save(with_hub_keys(tensors), CONFIG | {"num_heads": 3})

    with pytest.raises(ValueError, match=r"Put the config\.json"):
        kerasaudio.EAT(weights=path)


def test_a_file_of_all_classes_gets_their_names(tensors, save):
    for key in HEAD:
        tensors[key] = np.resize(tensors[key], (527, *tensors[key].shape[1:]))

    model = kerasaudio.EAT(weights=save(tensors), max_length=64)
    mine = kerasaudio.EAT(weights=save(tensors), labels=["a", "b"], max_length=64)

    assert model.spec.labels == label_list("audioset")
    assert mine.spec.labels == ("a", "b")


def test_a_pretrained_file_embeds_and_has_no_classes(tensors, save):
    whole = with_hub_keys(tensors)
    body = {
        key: tensor
        for key, tensor in whole.items()
        if not key.startswith(("model.head", "model.fc_norm"))
    }

    expected = weights(kerasaudio.EAT(weights=save(tensors), include_top=False))
    got = kerasaudio.EAT(weights=save(body), include_top=False)

    assert got.output_shape == (None, 128)
    for ours, theirs in zip(weights(got), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match="include_top=False"):
        kerasaudio.EAT(weights=save(body))


def test_our_own_file_loads_too(tensors, save, tmp_path):
    model = kerasaudio.EAT(weights=save(tensors))
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(model_state(model)))

    again = kerasaudio.EAT(weights=path, **model.spec.arguments)

    for ours, theirs in zip(weights(again), weights(model), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_rounded_positions_are_used_as_they_are(tensors, save):
    stored = positions(128).astype("float16").astype("float32")
    tensors[POSITIONS] = stored

    layer = kerasaudio.EAT(weights=save(tensors)).get_layer("positions")
    added = layer(np.zeros((1, 64, 8, 128), "float32"))

    got = keras.ops.convert_to_numpy(added)
    np.testing.assert_array_equal(got[0], stored[0, : 64 * 8])
    assert np.abs(got[0] - positions(128)[0, : 64 * 8]).max() > 1e-5


def test_positions_of_an_early_file_go_on(tensors, save):
    early = kerasaudio.EAT(weights=save(small_state(steps=64)))
    late = kerasaudio.EAT(weights=save(tensors))

    for ours, theirs in zip(weights(early), weights(late), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def other_networks():
    """Give state dicts that are not of this network, and what is said of them."""
    whole = small_state()
    stored = whole[POSITIONS]
    kind = "of another kind"
    return {
        "ast": (Golden.read("ast_seeded").state(), "does not hold an EAT"),
        "ced": (Golden.read("ced_tiny").state(), "does not hold an EAT"),
        "beats": (Golden.read("beats_small").state(), "does not hold an EAT"),
        "patches of another size": (
            whole | {KERNEL: whole[KERNEL][..., :8]},
            "patches of 16 x 16",
        ),
        "trained positions": (whole | {POSITIONS: stored + np.float32(0.02)}, kind),
        "no finite positions": (whole | {POSITIONS: stored * np.float32(np.nan)}, kind),
        "positions of other bands": (whole | {POSITIONS: stored[:, :-1]}, kind),
        "no positions at all": (whole | {POSITIONS: stored[:, :0]}, kind),
        "a layer less": (
            {key: t for key, t in whole.items() if "blocks.1.mlp.fc2" not in key},
            "missing blocks_1_mlp_fc2",
        ),
        "biases for places": (
            whole
            | {"model.modality_encoders.IMAGE.alibi_scale": np.ones(3, "float32")},
            "left over",
        ),
    }


@pytest.mark.parametrize("kind", other_networks())
def test_a_file_of_another_network_is_refused(tmp_path, kind):
    tensors, message = other_networks()[kind]
    path = tmp_path / "other.pt"
    write_state(path, tensors)

    with pytest.raises(ValueError, match=message):
        kerasaudio.EAT(weights=path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide"),
        ({"hidden_size": 42, "num_heads": 6}, "multiple of 4"),
        ({"max_length": 15}, "16 to 12288 frames"),
        ({"max_length": 12_289}, "16 to 12288 frames"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.EAT(**{"num_layers": 1} | arguments)


def test_a_shorter_length_keeps_the_weights(tensors, save):
    whole = kerasaudio.EAT(weights=save(tensors))
    short = kerasaudio.EAT(weights=save(tensors), max_length=100)

    assert short.spec.max_samples == 400 + 99 * 160
    assert short.get_layer("pre_norm").output.shape == (None, 1 + 6 * 8, 128)
    for ours, theirs in zip(weights(short), weights(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_positions_are_sines_of_band_and_step():
    layer = SinePositions(5)
    grid = np.ones((2, 3, 2, 8), "float32")

    listed = keras.ops.convert_to_numpy(layer(grid))

    assert listed.shape == layer.compute_output_shape(grid.shape) == (2, 6, 8)
    step, band = 2, 1
    want = [
        *(np.sin(band), np.sin(band / 100), np.cos(band), np.cos(band / 100)),
        *(np.sin(step), np.sin(step / 100), np.cos(step), np.cos(step / 100)),
    ]
    np.testing.assert_allclose(listed[1, 2 * step + band] - 1, want, atol=1e-6)
    assert not layer.trainable_variables
    again = SinePositions.from_config(layer.get_config())
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again(grid)), listed)


def test_a_class_token_comes_first(rng):
    tokens = rng.normal(size=(2, 3, 4)).astype("float32")
    layer = ClassToken()

    got = keras.ops.convert_to_numpy(layer(tokens))

    assert got.shape == layer.compute_output_shape(tokens.shape) == (2, 4, 4)
    np.testing.assert_array_equal(got[:, 1:], tokens)
    token = keras.ops.convert_to_numpy(layer.token)[0, 0]
    np.testing.assert_array_equal(got[:, 0], [token, token])
    assert layer.compute_output_shape((None, None, 4)) == (None, None, 4)
