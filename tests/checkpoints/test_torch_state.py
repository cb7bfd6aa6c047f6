"""PyTorch state dicts to Keras layouts."""

import numpy as np
import pytest

from kerasaudio.checkpoints.torch_state import from_torch, weight_norm


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


def test_a_weight_per_feature_is_a_normalization():
    state = from_torch({"norm.weight": tensor(4), "norm.bias": tensor(4)})

    assert set(state) == {"norm/gamma", "norm/beta"}


def test_attention_is_taken_apart_into_heads():
    rng = np.random.default_rng(0)
    state = from_torch(
        {
            "blocks.0.attn.qkv.weight": (qkv := rng.normal(size=(18, 6))),
            "blocks.0.attn.qkv.bias": tensor(18),
            "blocks.0.attn.proj.weight": (proj := rng.normal(size=(6, 6))),
            "blocks.0.attn.proj.bias": tensor(6),
        },
        heads=2,
    )

    assert {key: value.shape for key, value in state.items()} == {
        **{f"blocks_0_attn/{r}/kernel": (6, 2, 3) for r in ("query", "key", "value")},
        **{f"blocks_0_attn/{r}/bias": (2, 3) for r in ("query", "key", "value")},
        "blocks_0_attn/attention_output/kernel": (2, 3, 6),
        "blocks_0_attn/attention_output/bias": (6,),
    }
    x = rng.normal(size=(4, 6))
    values = np.einsum("ti,iho->tho", x, state["blocks_0_attn/value/kernel"])
    np.testing.assert_allclose(values.reshape(4, 6), x @ qkv[12:].T)
    heads = x.reshape(4, 2, 3)
    out = np.einsum(
        "tho,hoi->ti", heads, state["blocks_0_attn/attention_output/kernel"]
    )
    np.testing.assert_allclose(out, x @ proj.T)
    assert state["blocks_0_attn/key/bias"].ravel().tolist() == list(range(6, 12))


def test_attention_stored_in_four_parts_is_the_same():
    rng = np.random.default_rng(0)
    kernels = {kind: rng.normal(size=(6, 6)) for kind in "qkvo"}
    biases = {kind: rng.normal(size=6) for kind in "qkvo"}
    parts = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "out_proj"}
    apart = {f"a.attention.{parts[k]}.weight": v for k, v in kernels.items()}
    apart |= {f"a.attention.{parts[k]}.bias": v for k, v in biases.items()}
    together = {
        "a.attention.qkv.weight": np.concatenate([kernels[k] for k in "qkv"]),
        "a.attention.qkv.bias": np.concatenate([biases[k] for k in "qkv"]),
        "a.attention.proj.weight": kernels["o"],
        "a.attention.proj.bias": biases["o"],
    }

    got, want = from_torch(apart, heads=3), from_torch(together, heads=3)

    assert got.keys() == want.keys()
    for key, value in want.items():
        np.testing.assert_array_equal(got[key], value)


@pytest.mark.parametrize("axis", [0, 2])
def test_a_weight_in_two_parts_is_put_together(axis):
    directions = np.random.default_rng(0).normal(size=(6, 3, 4)).astype("float32")
    others = tuple({0, 1, 2} - {axis})
    lengths = np.abs(directions).max(axis=others, keepdims=True)

    whole = weight_norm(lengths, 7 * directions)

    norms = np.linalg.norm(
        np.moveaxis(whole, axis, 0).reshape(whole.shape[axis], -1), axis=1
    )
    np.testing.assert_allclose(norms, lengths.ravel(), rtol=1e-6)
    ratios = (whole / directions).std(axis=others)
    np.testing.assert_allclose(ratios, 0, atol=1e-6)
    assert whole.dtype == np.float32
    assert not weight_norm(lengths, 0 * directions).any()


@pytest.mark.parametrize("shape", [(), (3,), (1, 1, 5), (1, 1, 4, 1)])
def test_two_parts_that_do_not_belong_together_are_refused(shape):
    with pytest.raises(ValueError, match=r"directions, \(6, 3, 4\)\. Received: "):
        weight_norm(tensor(*shape), tensor(6, 3, 4))


@pytest.mark.parametrize("shape", [(), (1,), (7, 3), (6, 5), (2, 3, 4)])
def test_attention_of_odd_shapes_stays_visible(shape):
    keys = ("a.attn.qkv.weight", "a.attn.qkv.bias", "a.attn.proj.weight")
    state = from_torch({key: tensor(*shape) for key in keys}, heads=4)

    assert len(state) >= 3
    assert sum(value.size for value in state.values()) == 3 * tensor(*shape).size


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
