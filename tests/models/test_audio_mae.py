"""AudioMAE: files in timm's form, its classes, and what is neither."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import kerasaudio
from kerasaudio.checkpoints.native import model_state, named_variables, native_bytes
from kerasaudio.layers.transformer import TokensAndPositions
from kerasaudio.models.audio_mae import convert
from kerasaudio.weights.label_lists import label_list
from support.ced import small_state
from support.goldens import GOLDEN, Golden
from support.seeding import read_shapes
from support.small import small
from support.unallocated import without_allocating

CONFIG = {
    "architecture": "vit_base_patch16_224",
    "num_classes": 10,
    "model_args": {"embed_dim": 48, "num_heads": 4, "img_size": [128, 128]},
}
ARGUMENTS = {
    "hidden_size": 48,
    "num_layers": 2,
    "num_heads": 4,
    "intermediate_size": 192,
    "max_length": 128,
}
HEAD = ("head.weight", "head.bias")


@pytest.fixture
def tensors():
    return Golden.read("audiomae_small").state()


@pytest.fixture
def save(tmp_path):
    def write(tensors, config=CONFIG):
        save_file(tensors, tmp_path / "model.safetensors")
        if config is not None:
            (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path / "model.safetensors"

    return write


def test_the_published_file_has_exactly_our_weights(tmp_path):
    # Nothing of this size is allocated: neither the file's arrays nor the weights.
    shapes = read_shapes((GOLDEN / "audiomae_base_keys.txt").read_text())
    zeros = {key: np.broadcast_to(np.float32(0), s) for key, s in shapes.items()}
    state, arguments, labels = convert(zeros, tmp_path / "model.safetensors")

    def built():
        model = kerasaudio.AudioMAE(**arguments)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        return model, named

    model, named = without_allocating(built)

    assert {key: tensor.shape for key, tensor in state.items()} == named
    assert sum(np.prod(shape) for shape in named.values()) == 86_053_391
    assert arguments == {
        "hidden_size": 768,
        "num_layers": 12,
        "num_heads": 12,
        "intermediate_size": 3072,
        "max_length": 1024,
    }
    assert labels == label_list("audioset")
    assert model.output_shape == (None, 527)


def test_shapes_and_the_config_tell_the_size_of_the_network(tensors, save):
    model = kerasaudio.AudioMAE(weights=save(tensors))

    assert model.spec.arguments == ARGUMENTS
    assert model.output_shape == (None, 10)
    assert model.spec.window_samples == 20_720


@pytest.mark.parametrize(
    "config",
    [
        None,
        CONFIG | {"architecture": "vit_large_patch16_224"},
        CONFIG | {"model_args": {"embed_dim": 768, "num_heads": 12}},
    ],
)
def test_heads_that_cannot_be_guessed_need_the_config(tensors, save, config):
    with pytest.raises(ValueError, match=r"Put the config\.json"):
        kerasaudio.AudioMAE(weights=save(tensors, config))


def test_a_file_of_all_classes_gets_their_names(tensors, save):
    for key in HEAD:
        tensors[key] = np.resize(tensors[key], (527, *tensors[key].shape[1:]))

    model = kerasaudio.AudioMAE(weights=save(tensors))
    mine = kerasaudio.AudioMAE(weights=save(tensors), labels=["knock", "bark"])

    assert model.spec.labels == label_list("audioset")
    assert mine.spec.labels == ("knock", "bark")


def test_a_file_without_classes_embeds(tensors, save):
    body = {key: tensor for key, tensor in tensors.items() if key not in HEAD}

    assert kerasaudio.AudioMAE(save(body), include_top=False).output_shape == (None, 48)
    with pytest.raises(ValueError, match="contains no weights for the layer"):
        kerasaudio.AudioMAE(save(body))


def test_our_own_file_loads_too(tensors, save, tmp_path):
    model = kerasaudio.AudioMAE(weights=save(tensors))
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(model_state(model)))

    again = kerasaudio.AudioMAE(weights=path, **model.spec.arguments)

    for weight, other in zip(again.weights, model.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(weight), keras.ops.convert_to_numpy(other)
        )


def other_networks():
    """Give state dicts that are not AudioMAE's, and what is said of them."""
    whole = Golden.read("audiomae_small").state()
    kernel, positions = "patch_embed.proj.weight", "pos_embed"
    renamed = {key.replace("fc_norm", "norm"): t for key, t in whole.items()}
    return {
        "pretrained": (renamed, "only pretrained"),
        "of pictures": (
            whole | {kernel: np.repeat(whole[kernel], 3, axis=1)},
            "patches of 16 x 16",
        ),
        "other bands": (
            whole | {positions: whole[positions][:, :-3]},
            "does not hold an AudioMAE",
        ),
        "ast": (Golden.read("ast_seeded").state(), "does not hold an AudioMAE"),
        "ced": (small_state(), "does not hold an AudioMAE"),
        "decoder": (
            whole | {"decoder_embed.bias": np.zeros(3, "float32")},
            "left over decoder_embed",
        ),
        "a number for a bias": (
            whole | {"head.bias": np.zeros((), "float32")},
            "predictions/bias has shape",
        ),
        "a number for positions": (
            whole | {positions: np.zeros((), "float32")},
            "does not hold an AudioMAE",
        ),
        "a layer less": (
            {key: t for key, t in whole.items() if "blocks.1.attn" not in key},
            "missing blocks_1_attn",
        ),
    }


@pytest.mark.parametrize("kind", other_networks())
def test_a_file_of_another_network_is_refused(save, kind):
    tensors, message = other_networks()[kind]

    with pytest.raises(ValueError, match=message):
        kerasaudio.AudioMAE(weights=save(tensors))


def test_an_ast_refuses_an_audio_mae(tensors, save):
    with pytest.raises(ValueError, match="does not hold an ASTFor"):
        kerasaudio.AST(weights=save(tensors))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide"),
        ({"max_length": 1_000}, "a multiple of 16 frames"),
        ({"max_length": 0}, "max_length must be"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.AudioMAE(**{"num_layers": 1} | arguments)


def test_one_token_in_front_or_two(rng):
    patches = rng.normal(size=(2, 5, 3)).astype("float32")
    one, two = TokensAndPositions(distilled=False), TokensAndPositions()

    for layer, tokens in ((one, 1), (two, 2)):
        given = layer(patches)
        shape = (2, tokens + 5, 3)
        assert tuple(given.shape) == layer.compute_output_shape((2, 5, 3)) == shape
        again = TokensAndPositions.from_config(layer.get_config())
        assert again.compute_output_shape((2, 5, 3)) == shape
    assert len(one.weights) == 2


def test_a_constant_in_the_clip_is_not_heard(rng):
    model = kerasaudio.AudioMAE(**small("AudioMAE"), include_top=False)
    clip = rng.normal(0, 0.1, (1, 8_000)).astype("float32")

    alone, shifted = model.predict(np.concatenate([clip, clip + 0.25]), verbose=0)

    np.testing.assert_allclose(shifted, alone, atol=1e-3)
