"""WhisperEncoder: files of the Hub, of OpenAI and of ours, and clips of any length."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state, named_variables, native_bytes
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.layers.fixed_length import FixedPositions, StepsOfClip, sinusoids
from kerasaudio.models.whisper_files import convert
from support.ced import small_state
from support.goldens import Golden
from support.originals import probe
from support.small import small
from support.torch_files import write_state
from support.unallocated import without_allocating
from support.whisper import (
    CONFIG,
    POSITIONS,
    PREFIX,
    openai_key,
    published_shapes,
    whisper_state,
    with_openai_keys,
    write,
)

PARAMETERS = {"tiny": 7_633_920, "base": 19_825_664}  # without the positions
GOLDEN = Golden.read("whisper_encoder_small")
ARGUMENTS = {
    "hidden_size": 48,
    "num_layers": 2,
    "num_heads": 4,
    "intermediate_size": 96,
    "n_mels": 80,
    "max_length": 3000,
}


@pytest.fixture
def tensors():
    return whisper_state(GOLDEN)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return kerasaudio.WhisperEncoder(**small("WhisperEncoder") | {"num_layers": 1})


@pytest.mark.parametrize("rename", [lambda key: key, openai_key], ids=["hub", "openai"])
@pytest.mark.parametrize("size", PARAMETERS)
def test_the_published_files_have_exactly_our_weights(size, rename, tmp_path):
    # Nothing of these sizes is allocated: neither the file's arrays nor the weights.
    found = {
        rename(key): np.broadcast_to(np.float32(0), shape)
        for key, shape in published_shapes(size).items()
    }
    state, arguments, _ = convert(found, tmp_path / "model.safetensors")

    def built():
        model = kerasaudio.WhisperEncoder(**arguments)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        trained = sum(np.prod(v.shape) for v in model.trainable_variables)
        return model, named, trained

    model, named, trained = without_allocating(built)

    assert {key: tensor.shape for key, tensor in state.items()} == named
    assert trained == PARAMETERS[size]
    assert model.spec.window_seconds == 30
    assert model.output_shape == (None, {"tiny": 384, "base": 512}[size])


def test_the_file_and_its_config_tell_the_size_of_the_network(tensors, tmp_path):
    path = write(tmp_path, tensors, CONFIG)

    model = kerasaudio.WhisperEncoder(path)

    assert model.spec.arguments == ARGUMENTS
    assert model.spec.labels is None


@pytest.mark.parametrize(
    "config", [None, CONFIG | {"model_type": "bert"}, CONFIG | {"d_model": 384}]
)
def test_without_its_config_heads_cannot_be_guessed(tensors, tmp_path, config):
    with pytest.raises(ValueError, match=r"Put the config\.json"):
        kerasaudio.WhisperEncoder(write(tmp_path, tensors, config))


def test_a_config_of_another_kind_of_whisper_is_refused(tensors, tmp_path):
    path = write(tmp_path, tensors, CONFIG | {"activation_function": "relu"})

    with pytest.raises(ValueError, match="supports only activation_function='gelu'"):
        kerasaudio.WhisperEncoder(path)


@pytest.mark.parametrize("prefix", ["model.encoder.", "encoder.", ""])
def test_a_file_of_the_encoder_alone_gives_the_same(tensors, tmp_path, prefix):
    alone = {
        key.replace(PREFIX, prefix): tensor
        for key, tensor in tensors.items()
        if key.startswith(PREFIX)
    }
    path = write(tmp_path, alone, CONFIG)

    state, arguments, _ = convert(alone, path)

    assert arguments == ARGUMENTS
    whole, _, _ = convert(tensors, path)
    assert whole.keys() == state.keys()
    for key, tensor in whole.items():
        np.testing.assert_array_equal(state[key], tensor)


def test_a_file_of_openai_gives_the_same_up_to_half_precision(tensors, tmp_path):
    path = tmp_path / "tiny.pt"
    write_state(path, with_openai_keys(tensors))
    want, _, _ = convert(tensors, write(tmp_path, tensors, CONFIG))

    state, arguments, _ = convert(read_torch(path), path)
    model = kerasaudio.WhisperEncoder(path)

    assert arguments == model.spec.arguments == ARGUMENTS
    assert state.keys() == want.keys() == named_variables(model).keys()
    for key, tensor in want.items():
        assert state[key].dtype == np.float32
        np.testing.assert_allclose(state[key], tensor, rtol=1e-3, atol=1e-6)


def test_a_file_of_openai_tells_its_number_of_heads(tensors, tmp_path):
    path = tmp_path / "small.pt"
    write_state(path, with_openai_keys(tensors), ("dims", {"n_audio_head": 4}))

    model = kerasaudio.WhisperEncoder(path)

    assert model.spec.arguments == ARGUMENTS


@pytest.mark.parametrize(
    ("heads", "message"),
    [(0, "n_audio_head must be"), (-2, "n_audio_head must be"), (5, "cannot be div")],
)
def test_an_impossible_number_of_heads_is_refused(tensors, tmp_path, heads, message):
    path = tmp_path / "small.pt"
    write_state(path, with_openai_keys(tensors), ("dims", {"n_audio_head": heads}))

    with pytest.raises(ValueError, match=message):
        kerasaudio.WhisperEncoder(path)


def test_positions_that_were_trained_are_read(tensors, tmp_path, rng):
    trained = rng.normal(size=(1500, 48)).astype("float32")
    path = write(tmp_path, tensors | {POSITIONS: trained}, CONFIG)

    layer = kerasaudio.WhisperEncoder(path).get_layer("positions")

    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(layer.embeddings.value), trained
    )


def test_our_own_file_loads_too(model, tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(model_state(model)))

    again = kerasaudio.WhisperEncoder(path, **model.spec.arguments)

    for key, tensor in model_state(model).items():
        np.testing.assert_array_equal(model_state(again)[key], tensor)


def test_a_key_of_no_encoder_is_an_error(tensors, tmp_path):
    tensors["classifier.weight"] = np.ones((3, 48), "float32")

    with pytest.raises(ValueError, match="left over classifier/kernel"):
        kerasaudio.WhisperEncoder(write(tmp_path, tensors, CONFIG))


@pytest.mark.parametrize(
    "key", ["layer_norm.bias", "layers.1.self_attn.k_proj.weight", "conv2.weight"]
)
def test_a_missing_key_is_an_error(tensors, tmp_path, key):
    del tensors[PREFIX + key]

    with pytest.raises(ValueError, match="missing"):
        kerasaudio.WhisperEncoder(write(tmp_path, tensors, CONFIG))


def test_other_networks_are_refused(tensors, tmp_path):
    decoder = {key: v for key, v in tensors.items() if not key.startswith(PREFIX)}
    says = "does not hold a Whisper with its encoder"
    with pytest.raises(ValueError, match=says):
        kerasaudio.WhisperEncoder(write(tmp_path, decoder, CONFIG))
    path = tmp_path / "audiotransformer_tiny.pt"
    write_state(path, small_state())
    with pytest.raises(ValueError, match=says):
        kerasaudio.WhisperEncoder(path)
    with pytest.raises(ValueError, match="does not hold a CED"):
        kerasaudio.CED(write(tmp_path, tensors, CONFIG))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide"),
        ({"max_length": 51}, "must be even"),
        ({"max_length": 2}, "at least 4 frames"),
        ({"hidden_size": 9, "num_heads": 3}, "even number of features"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.WhisperEncoder(**small("WhisperEncoder") | arguments)


def test_the_embedding_is_the_mean_of_the_clip_without_what_fills_it(model, rng):
    clip = rng.normal(0, 0.1, (1, 3_210)).astype("float32")
    filled = np.pad(clip, ((0, 0), (0, 8_000 - 3_210)))
    taps = probe(model, {name: name for name in ("layer_norm", "states", "embedding")})

    short, whole = (
        keras.tree.map_structure(keras.ops.convert_to_numpy, taps(x, training=False))
        for x in (clip, filled)
    )

    # 3210 samples are ten steps of 320 and the beginning of another.
    assert short["states"].shape == (1, 11, 24)
    assert whole["states"].shape == short["layer_norm"].shape == (1, 25, 24)
    np.testing.assert_allclose(short["layer_norm"], whole["layer_norm"], atol=1e-6)
    np.testing.assert_array_equal(short["states"], short["layer_norm"][:, :11])
    np.testing.assert_allclose(
        short["embedding"], short["states"].mean(axis=1), atol=1e-6
    )
    assert np.abs(short["embedding"] - whole["embedding"]).max() > 1e-3


def test_what_comes_after_the_window_is_ignored_by_a_direct_call(model, rng):
    clips = rng.normal(0, 0.1, (2, 9_001)).astype("float32")

    got, want = (
        keras.ops.convert_to_numpy(model(x, training=False))
        for x in (clips, clips[:, :8_000])
    )

    np.testing.assert_allclose(got, want, atol=1e-6)


def test_positions_are_sines_and_cosines_that_training_does_not_change():
    layer = FixedPositions()
    steps = np.zeros((2, 5, 8), "float32")

    added = keras.ops.convert_to_numpy(layer(steps))

    np.testing.assert_array_equal(added[0], sinusoids(5, 8))
    np.testing.assert_allclose(added[1, 0], [0, 0, 0, 0, 1, 1, 1, 1])
    np.testing.assert_allclose(added[0, 3, 0], np.sin(3), atol=1e-6)
    np.testing.assert_allclose(added[0, 3, 7], np.cos(3 / 10_000), atol=1e-6)
    assert not layer.trainable_weights
    with pytest.raises(ValueError, match="known number of steps"):
        FixedPositions()(keras.Input((None, 8)))


@pytest.mark.parametrize(
    ("samples", "steps"), [(1, 1), (4, 1), (5, 2), (19, 5), (40, 6)]
)
def test_steps_of_a_clip_are_those_that_begin_inside_it(samples, steps):
    layer = StepsOfClip(4)
    features = np.arange(12, dtype="float32").reshape(1, 6, 2)

    kept = layer([features, np.zeros((1, samples), "float32")])

    np.testing.assert_array_equal(keras.ops.convert_to_numpy(kept), features[:, :steps])
    shapes = [(1, 6, 2), (1, samples)]
    assert layer.compute_output_shape(shapes) == (1, steps, 2)
    with pytest.raises(ValueError, match="step_samples"):
        StepsOfClip(0)
