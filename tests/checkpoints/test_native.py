"""Our own format: what a file may hold, and what is filled from it."""

import json

import keras
import numpy as np
import pytest
from safetensors import SafetensorError

import kerasaudio
from kerasaudio.checkpoints.native import assign, model_state, native_bytes


@pytest.fixture
def model():
    return kerasaudio.BarkNet(classes=3, filters=2, clip_samples=512)


def test_half_precision_halves_the_file_and_fills_float32_weights(model, tmp_path):
    state = model_state(model)
    halves = {key: value.astype("float16") for key, value in state.items()}
    path = tmp_path / "half.safetensors"
    path.write_bytes(native_bytes(halves))

    again = kerasaudio.BarkNet(weights=path, classes=3, filters=2, clip_samples=512)

    assert path.stat().st_size < 0.6 * len(native_bytes(state))
    for key, value in model_state(again).items():
        np.testing.assert_array_equal(value, halves[key].astype("float32"))
    assert {weight.dtype for weight in again.weights} == {"float32"}


def test_the_same_weights_give_the_same_bytes(model):
    state = model_state(model)
    backwards = dict(reversed(state.items()))
    assert native_bytes(backwards) == native_bytes(state)


def test_a_half_that_overflowed_is_refused(model, tmp_path):
    state = model_state(model)
    state["predictions/bias"] = np.full(3, np.inf, "float16")
    path = tmp_path / "inf.safetensors"
    path.write_bytes(native_bytes(state))
    with pytest.raises(ValueError, match="predictions/bias contains NaN or infinity"):
        kerasaudio.BarkNet(weights=path, classes=3, filters=2, clip_samples=512)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def write_raw(path, state, dtype, pack):
    """Write a file whose every tensor has a type that NumPy may not have."""
    header, data = {}, b""
    for key, value in state.items():
        packed = pack(value)
        offsets = [len(data), len(data) + len(packed)]
        header[key] = {"dtype": dtype, "shape": value.shape, "data_offsets": offsets}
        data += packed
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def build(path):
    return kerasaudio.BarkNet(weights=path, classes=3, filters=2, clip_samples=512)


def test_bfloat16_fills_float32_weights(model, path):
    state = model_state(model)

    def pack(value):
        return (value.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()

    write_raw(path, state, "BF16", pack)
    for key, value in model_state(build(path)).items():
        np.testing.assert_allclose(value, state[key], rtol=2**-7)
        assert not (value.view("<u4") & 0xFFFF).any()


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2"])
def test_numbers_of_8_bits_are_named(model, path, dtype):
    write_raw(path, model_state(model), dtype, lambda value: bytes(value.size))
    with pytest.raises(
        ValueError, match=rf"model\.safetensors.* type {dtype}.*float32"
    ):
        build(path)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "bool", "complex64"])
def test_numbers_that_are_no_weights_are_refused(model, path, dtype):
    state = model_state(model)
    state["predictions/bias"] = np.ones(3, dtype)
    try:
        path.write_bytes(native_bytes(state))
    except SafetensorError:
        pytest.skip("this version of safetensors writes no such numbers")
    with pytest.raises(ValueError, match=f"predictions/bias is {dtype}, not floating"):
        build(path)


def recurrent(inner):
    x = keras.Input((None, 3))
    gru = keras.layers.GRU(4, name=inner)
    return keras.Model(x, keras.layers.Bidirectional(gru, name="gru")(x))


def test_both_directions_of_a_recurrent_layer_are_kept():
    model = kerasaudio.SoundEventCRNN(labels=["a", "b"], filters=4, units=4)

    state = model_state(model)

    assert len(state) == len(model.weights) == 30
    assert {key for key in state if key.startswith("gru/")} == {
        f"gru/{side}_layer/gru_cell/{variable}"
        for side in ("forward", "backward")
        for variable in ("kernel", "recurrent_kernel", "bias")
    }


def test_keys_do_not_depend_on_what_was_built_before():
    """Keras counts layers without a name: gru, gru_1."""
    keys = {tuple(model_state(recurrent(inner))) for inner in (None, None, "other")}
    assert len(keys) == 1


def test_a_file_that_lacks_a_direction_is_refused(tmp_path):
    """An early version wrote one of the two, under the key of both."""
    model = kerasaudio.SoundEventCRNN(labels=["a", "b"], filters=4, units=4)
    state = {
        key.replace("forward_layer/", "").replace("backward_layer/", ""): value
        for key, value in model_state(model).items()
    }
    assert len(state) == 27
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(state))
    with pytest.raises(ValueError, match=r"missing gru/backward_layer/gru_cell/bias"):
        kerasaudio.SoundEventCRNN(weights=path, labels=["a", "b"], filters=4, units=4)


class Twins(keras.layers.Layer):
    """Two weights of one name."""

    def build(self, shape):
        self.one, self.other = (self.add_weight((2,), name="twin") for _ in range(2))

    def call(self, inputs):
        return inputs


def test_two_weights_of_one_key_are_refused():
    x = keras.Input((2,))
    model = keras.Model(x, Twins(name="both")(x))
    with pytest.raises(ValueError, match=r"Two weights of .* have the key 'both/twin'"):
        model_state(model)
    with pytest.raises(ValueError, match="Two weights of"):
        assign(model, {"both/twin": np.zeros(2)}, "a file")
