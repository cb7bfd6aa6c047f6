"""CED: files of the Hub, of the original and of ours, and chunks of clips."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import kerasaudio
from kerasaudio.checkpoints.native import model_state, named_variables, native_bytes
from kerasaudio.layers.chunks import Chunks
from kerasaudio.models.ced import convert
from support.ced import BANK, hub_shapes, small_state, tables, with_original_keys
from support.goldens import Golden
from support.seeding import wave
from support.small import small
from support.torch_files import write_state

PARAMETERS = {
    "tiny": 5_503_183,
    "mini": 9_696_655,
    "small": 21_622_543,
    "base": 85_711_759,
}
ARGUMENTS = {
    "hidden_size": 64,
    "num_layers": 2,
    "num_heads": 1,
    "max_length": 48,
    "clip_samples": None,
}
CONFIG = {"model_type": "ced", "embed_dim": 64, "num_heads": 4, "target_length": 50}
SCORER = "outputlayer.1.weight"


@pytest.fixture
def tensors():
    return small_state()


@pytest.fixture
def save(tmp_path):
    def write(tensors, config=None):
        save_file(tensors, tmp_path / "model.safetensors")
        if config is not None:
            (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path / "model.safetensors"

    return write


@pytest.mark.parametrize("size", PARAMETERS)
def test_the_published_files_have_exactly_our_weights(size, tmp_path):
    # Nothing of these sizes is allocated: neither the file's arrays nor the weights.
    found = {
        key: np.broadcast_to(np.float32(0), shape)
        for key, shape in hub_shapes(size).items()
    }
    state, arguments, _ = convert(found, tmp_path / "model.safetensors")

    with keras.StatelessScope(initialize_variables=False):
        model = kerasaudio.CED(**arguments)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        trained = sum(np.prod(v.shape) for v in model.trainable_variables)

    assert {key: tensor.shape for key, tensor in state.items()} == named
    assert trained == PARAMETERS[size]
    assert arguments["max_length"] == 1012
    assert model.output_shape == (None, 527)


def test_shapes_tell_the_size_of_the_network(tensors, save):
    model = kerasaudio.CED(weights=save(tensors))

    assert model.spec.arguments == ARGUMENTS
    assert model.output_shape == (None, 5)


def test_the_config_beside_the_file_tells_heads_and_chunks(tensors, save):
    model = kerasaudio.CED(weights=save(tensors, CONFIG))

    assert model.spec.arguments["num_heads"] == 4
    assert model.spec.arguments["max_length"] == 50


@pytest.mark.parametrize(
    "change",
    [{"model_type": "bert"}, {"embed_dim": 768}, {"target_length": 10**15}],
)
def test_the_config_of_another_network_is_not_used(tensors, save, change):
    model = kerasaudio.CED(weights=save(tensors, CONFIG | change))

    assert model.spec.arguments == ARGUMENTS


def test_a_config_of_another_kind_of_ced_is_refused(tensors, save):
    with pytest.raises(ValueError, match="ced supports only pooling='mean'"):
        kerasaudio.CED(weights=save(tensors, CONFIG | {"pooling": "token"}))
    with pytest.raises(ValueError, match="num_heads must be a whole number"):
        kerasaudio.CED(weights=save(tensors, CONFIG | {"num_heads": "four"}))


@pytest.mark.parametrize("text", ["no json", "[" * 200_000])
def test_a_config_that_is_no_json(tensors, save, tmp_path, text):
    path = save(tensors)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config\.json is not a JSON file"):
        kerasaudio.CED(weights=path)


def test_heads_that_cannot_be_guessed_need_the_config(save):
    path = save(small_state(hidden_size=48))

    with pytest.raises(ValueError, match=r"Put the config\.json"):
        kerasaudio.CED(weights=path)


def test_our_own_file_loads_too(tensors, save, tmp_path):
    model = kerasaudio.CED(weights=save(tensors))
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(model_state(model)))

    again = kerasaudio.CED(weights=path, **model.spec.arguments)

    for weight, other in zip(again.weights, model.weights, strict=True):
        np.testing.assert_array_equal(weight, other)


def other_networks():
    """Give state dicts that are not CED's, and what is said of them."""
    whole = small_state()
    kernel = "encoder.patch_embed.proj.weight"
    bank = tables(fmax=7_000)[BANK]
    return {
        "dasheng": (
            {key: v for key, v in whole.items() if "outputlayer" not in key},
            "does not hold a CED",
        ),
        "patches of another size": (
            whole | {kernel: np.zeros((64, 1, 64, 4), "float32")},
            "patches of 16 x 16",
        ),
        "ast": (Golden.read("ast_seeded").state(), "does not hold a CED"),
        "cnn6": (Golden.read("panns_cnn6").state(), "does not hold a CED"),
        "class token": (
            whole | {"encoder.cls_token": np.zeros((1, 1, 64), "float32")},
            "left over /cls_token",
        ),
        "layer without a bias": (
            {key: v for key, v in whole.items() if key != "outputlayer.1.bias"},
            "contains no weights for the layer 'patch_scores'",
        ),
        "no positions of bands": (
            {key: v for key, v in whole.items() if "freq_pos" not in key},
            "missing positions/frequency_embeddings",
        ),
        "another front-end": (whole | {BANK: bank}, "mel_scale.fb in the file"),
    }


@pytest.mark.parametrize("kind", other_networks())
def test_a_file_of_another_network_is_refused(save, kind):
    tensors, message = other_networks()[kind]

    with pytest.raises(ValueError, match=message):
        kerasaudio.CED(weights=save(tensors))


def test_a_file_of_another_network_of_torch_is_refused(tmp_path):
    path = tmp_path / "mn04_as.pt"
    write_state(path, Golden.read("efficient_at_mn04_seeded").state())

    with pytest.raises(ValueError, match=r"mn04_as\.pt does not hold a CED"):
        kerasaudio.CED(weights=path)


def test_the_originals_keys_differ_only_in_their_names(tmp_path):
    tensors = Golden.read("ced_tiny").state()

    ours, arguments, _ = convert(tensors, tmp_path / "model.safetensors")
    theirs, same, _ = convert(with_original_keys(tensors), tmp_path / "tiny.pt")

    assert arguments == same
    assert ours.keys() == theirs.keys()
    for key, tensor in ours.items():
        np.testing.assert_array_equal(tensor, theirs[key])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide"),
        ({"max_length": 15}, "at least 16 frames"),
        ({"clip_samples": 2_399}, "clip_samples must be at least 2400"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.CED(**arguments)


def test_clips_are_heard_whole_up_to_half_a_minute():
    rule = kerasaudio.CED(**small("CED") | {"max_length": 1012}).spec.rule

    def pieces(samples):
        return [span.length for span in rule.spans(samples)]

    assert pieces(12 * 16_000) == [12 * 16_000]
    assert pieces(30 * 16_000) == [30 * 16_000]
    assert pieces(31 * 16_000) == [161_760] * 3 + [31 * 16_000 - 3 * 161_760]
    assert rule.spans(1_000)[0].size == 2_400


@pytest.mark.parametrize(
    ("frames", "chunks", "used"),
    [(16, 1, 16), (31, 1, 16), (36, 1, 32), (37, 2, 32), (72, 1, 32), (73, 3, 32)],
)
def test_chunks_are_full_but_for_zeros_at_the_end(rng, frames, chunks, used):
    features = rng.normal(size=(2, frames, 4)).astype("float32")
    layer = Chunks(36, 16)

    cut = keras.ops.convert_to_numpy(layer(features))

    assert cut.shape == layer.compute_output_shape(features.shape)
    assert cut.shape == (2, chunks, used, 4)
    filled = np.zeros((2, 36 * 3, 4), "float32")
    filled[:, :frames] = features
    for number in range(chunks):
        start = 36 * number
        np.testing.assert_array_equal(cut[:, number], filled[:, start : start + used])


def test_a_faint_clip_beside_a_loud_one_is_heard_as_it_is_alone():
    model = kerasaudio.CED(**small("CED"), include_top=False)
    loud = wave(16_000, 8_000, 3) / np.float32(32_768)
    both = np.stack([loud, loud * np.float32(1e-7)])
    decibels = keras.Model(model.input, model.get_layer("frontend").output)

    alone, beside = decibels.predict(both[1:], verbose=0)[0], decibels.predict(both)[1]

    assert beside.max() < decibels.predict(both[:1], verbose=0).max() - 120
    np.testing.assert_allclose(beside, alone, atol=1e-3)
