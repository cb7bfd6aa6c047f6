"""AST: files of transformers, files of ours, and what is neither."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import kerasaudio
from kerasaudio.checkpoints.native import model_state, native_bytes
from kerasaudio.layers.transformer import FitFrames
from support.goldens import Golden
from support.seeded_ast import CONFIG, MODEL_TYPE

GOLDEN = Golden.read("ast_seeded")
WAVEFORMS = GOLDEN.waveforms("short")
HEAD = "classifier.dense.weight"


@pytest.fixture
def tensors():
    return GOLDEN.state()


@pytest.fixture
def save(tmp_path):
    def write(tensors, config=CONFIG | MODEL_TYPE):
        save_file(tensors, tmp_path / "model.safetensors")
        if config is not None:
            (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path / "model.safetensors"

    return write


def test_config_beside_the_file_tells_heads_and_strides(tensors, save):
    model = kerasaudio.AST(weights=save(tensors))

    assert model.spec.arguments == {
        "hidden_size": 48,
        "num_layers": 2,
        "num_heads": 3,
        "intermediate_size": 80,
        "frequency_stride": 12,
        "time_stride": 8,
        "max_length": 96,
    }
    assert model.spec.window_samples == 400 + 95 * 160


@pytest.mark.parametrize("config", [None, CONFIG | {"model_type": "bert"}])
def test_without_its_config_heads_cannot_be_guessed(tensors, save, config):
    with pytest.raises(ValueError, match=r"Put the config\.json"):
        kerasaudio.AST(weights=save(tensors, config))


def test_our_own_file_loads_too(tensors, save, tmp_path):
    model = kerasaudio.AST(weights=save(tensors))
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(model_state(model)))

    again = kerasaudio.AST(weights=path, **model.spec.arguments)

    heard = WAVEFORMS
    np.testing.assert_array_equal(
        again.predict(heard, verbose=0), model.predict(heard, verbose=0)
    )


def test_a_key_of_neither_network_is_an_error(tensors, save):
    tensors["audio_spectrogram_transformer.layernorm.extra"] = np.ones(3, "float32")

    with pytest.raises(ValueError, match="left over layernorm"):
        kerasaudio.AST(weights=save(tensors))


@pytest.mark.parametrize(
    "key",
    [
        "audio_spectrogram_transformer.embeddings.position_embeddings",
        "audio_spectrogram_transformer.encoder.layer.1.output.dense.bias",
        "audio_spectrogram_transformer.encoder.layer.0.attention.attention.key.bias",
    ],
)
def test_a_missing_key_is_an_error(tensors, save, key):
    del tensors[key]

    with pytest.raises(ValueError, match="missing"):
        kerasaudio.AST(weights=save(tensors))


def test_a_network_without_classifier_is_an_error(tensors, save):
    del tensors[HEAD]

    with pytest.raises(ValueError, match="does not hold an ASTForAudioClassification"):
        kerasaudio.AST(weights=save(tensors))


def test_a_config_of_another_kind_of_ast_is_refused(tensors, save):
    path = save(tensors, CONFIG | MODEL_TYPE | {"hidden_act": "relu"})

    with pytest.raises(ValueError, match="supports only hidden_act='gelu'"):
        kerasaudio.AST(weights=path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide"),
        ({"max_length": 15}, "at least 16 frames"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.AST(**arguments)


def test_own_labels_get_a_new_head_on_the_body(tensors, save):
    path = save(tensors)
    heard = WAVEFORMS[0]

    mine = kerasaudio.AST(weights=path, labels=["knock", "bark"])

    assert mine.output_shape == (None, 2)
    np.testing.assert_allclose(
        mine.embed(heard, 16_000),
        kerasaudio.AST(weights=path).embed(heard, 16_000),
        atol=1e-5,
    )


@pytest.mark.parametrize("frames", [3, 5, 9])
def test_fit_frames_cuts_or_fills(rng, frames):
    features = rng.normal(size=(2, frames, 4)).astype("float32")
    layer = FitFrames(5, value=2.0)

    fitted = keras.ops.convert_to_numpy(layer(features))

    kept = min(frames, 5)
    assert fitted.shape == layer.compute_output_shape((2, frames, 4)) == (2, 5, 4)
    np.testing.assert_array_equal(fitted[:, :kept], features[:, :kept])
    assert (fitted[:, kept:] == 2).all()
    with pytest.raises(ValueError, match="frames"):
        FitFrames(0)
