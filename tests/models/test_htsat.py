"""HTS-AT: files of the original, and the steps of time at its end."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import named_variables
from kerasaudio.layers.time_image import NeighborMeans, UnfoldTime
from kerasaudio.models.htsat import convert
from support.goldens import GOLDEN, Golden
from support.seeding import read_shapes
from support.torch_files import write_state
from support.torchlibrosa import BANK, torchlibrosa_tables

# Those of the original, 30,241,687, less its head, which it does not use.
PARAMETERS = 30_241_687 - 527 * 527 - 527
MASK = "layers.0.blocks.1.attn_mask"


@pytest.fixture(scope="module")
def tensors():
    return Golden.read("htsat_small").state(torchlibrosa_tables(n_mels=16))


@pytest.fixture
def save(tmp_path):
    def write(tensors, name="htsat.pt"):
        write_state(tmp_path / name, tensors)
        return tmp_path / name

    return write


def test_the_published_file_has_exactly_our_weights(tmp_path):
    # Nothing of this size is allocated: neither the file's arrays nor the weights.
    listed = read_shapes((GOLDEN / "htsat_audioset_keys.txt").read_text())
    found = {k: np.broadcast_to(np.float32(0), v) for k, v in listed.items()}
    found |= torchlibrosa_tables() | {MASK: np.zeros((64, 64, 64), "float32")}
    prefixed = {f"sed_model.{key}": tensor for key, tensor in found.items()}
    state, arguments, labels = convert(prefixed, tmp_path / "htsat.ckpt")

    with keras.StatelessScope(initialize_variables=False):
        model = kerasaudio.HTSAT(**arguments)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        trained = sum(np.prod(v.shape) for v in model.trainable_variables)

    assert {key: tensor.shape for key, tensor in state.items()} == named
    assert trained == PARAMETERS
    assert model.input_shape == (None, 320_000)
    assert labels is not None
    assert (len(labels), labels[0]) == (527, "Speech")


def test_shapes_tell_the_size_of_the_network(tensors, save):
    model = kerasaudio.HTSAT(weights=save(tensors, "htsat.ckpt"))

    assert model.spec.arguments == {
        "n_mels": 16,
        "image_size": 64,
        "patch_features": 16,
        "num_heads": 2,
        "window_size": 4,
        "stages": 2,
        "depth": 2,
        "clip_samples": None,
    }
    assert model.output_shape == (None, 10)


def test_the_mask_tells_the_side_of_the_image(tensors, save):
    mask = np.zeros((64, 16, 16), "float32")  # 8 x 8 windows of 4 x 4 patches

    model = kerasaudio.HTSAT(weights=save(tensors | {MASK: mask}))

    assert model.spec.arguments["image_size"] == 128


def other_networks():
    """Give state dicts that are not HTS-AT's, and what is said of them."""
    whole = Golden.read("htsat_small").state(torchlibrosa_tables(n_mels=16))
    table = "layers.0.blocks.0.attn.relative_position_bias_table"
    return {
        "cnn6": (Golden.read("panns_cnn6").state(), "does not hold an HTS-AT"),
        "clap": (Golden.read("clap_small").state(), "does not hold an HTS-AT"),
        "without attention in windows": (
            {key: v for key, v in whole.items() if key != table},
            "attention in windows",
        ),
        "another front-end": (
            whole | {BANK: torchlibrosa_tables(n_mels=16, fmax=8_000)[BANK]},
            "melW in the file",
        ),
        "unknown": (
            whole | {"extra.weight": np.zeros((3, 3), "float32")},
            "left over extra/kernel",
        ),
    }


@pytest.mark.parametrize("kind", other_networks())
def test_a_file_of_another_network_is_refused(save, kind):
    tensors, message = other_networks()[kind]

    with pytest.raises(ValueError, match=message):
        kerasaudio.HTSAT(weights=save(tensors))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide"),
        ({"n_mels": 16}, "n_mels must be a multiple of 32"),
        ({"clip_samples": 327_680}, "clip_samples must be from 1024 to 327679"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.HTSAT(**arguments)


def test_steps_of_time_lie_in_order(rng):
    x = rng.normal(size=(2, 6, 4, 5)).astype("float32")  # 3 pieces of 4 steps, 2 bands

    got = np.array(keras.ops.convert_to_numpy(UnfoldTime(3)(x)))

    assert got.shape == (2, 12, 10)
    for step in range(12):
        piece, column = divmod(step, 4)
        rows = x[:, 2 * piece : 2 * piece + 2, column]
        np.testing.assert_array_equal(got[:, step], rows.reshape(2, 10))


def test_a_dense_layer_on_means_is_a_convolution_over_neighbors(rng):
    x = rng.normal(size=(2, 7, 4)).astype("float32")
    kernel = rng.normal(size=(3, 4, 5)).astype("float32")

    means = NeighborMeans()([x, x[:, 0]])
    got = np.array(keras.ops.convert_to_numpy(means)) @ kernel.reshape(12, 5)

    padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    steps = [padded[:, n : n + 7] @ kernel[n] for n in range(3)]
    np.testing.assert_allclose(got, sum(steps).mean(axis=1), atol=1e-5)
