"""PyTorch state dicts to Keras layouts."""

import numpy as np
import pytest

from kerasaudio.checkpoints.torch_state import from_torch


def tensor(*shape):
    return np.arange(np.prod(shape), dtype="float32").reshape(shape)


def test_each_kind_of_layer_finds_its_layout():
    state = from_torch(
        {
            "a.conv.weight": tensor(5, 4, 3),
            "a.conv.bias": tensor(5),
            "b.weight": tensor(5, 4, 3, 2),
            "dw.weight": tensor(6, 1, 3, 2),
            "fc.weight": tensor(5, 4),
        },
        rename={"fc": "predictions"},
        depthwise=lambda layer: layer == "dw",
    )

    assert {key: value.shape for key, value in state.items()} == {
        "a_conv/kernel": (3, 4, 5),
        "a_conv/bias": (5,),
        "b/kernel": (2, 3, 4, 5),
        "dw/kernel": (2, 3, 6, 1),
        "predictions/kernel": (4, 5),
    }
    assert state["b/kernel"][1, 2, 3, 4] == tensor(5, 4, 3, 2)[4, 3, 2, 1]


def test_normalization_is_told_by_its_running_mean():
    keys = ("weight", "bias", "running_mean", "running_var")
    tensors = {f"bn.{key}": tensor(2) for key in keys}

    state = from_torch(tensors | {"bn.num_batches_tracked": np.array(7)})

    assert set(state) == {
        "bn/gamma",
        "bn/beta",
        "bn/moving_mean",
        "bn/moving_variance",
    }


def test_an_unknown_tensor_stays_visible_under_its_own_name():
    assert set(from_torch({"x.mystery": tensor(2)})) == {"x/mystery"}


def test_stored_constants_are_compared():
    ours = {"fb": tensor(3, 2)}

    assert from_torch({"fb": tensor(3, 2)}, constants=ours) == {}
    assert from_torch({"fb": tensor(0)}, constants=ours) == {}
    with pytest.raises(ValueError, match="fb in the file"):
        from_torch({"fb": tensor(3, 2) + 1}, constants=ours)
    with pytest.raises(ValueError, match="fb in the file"):
        from_torch({"fb": tensor(2, 3)}, constants=ours)


def test_recurrent_layers_of_other_shapes_are_refused():
    odd = {"lstm.weight_hh_l0": np.zeros(2)}
    with pytest.raises(ValueError, match="lstm_l0 must have two weight matrices"):
        from_torch(odd)
