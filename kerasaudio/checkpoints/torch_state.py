"""Convert PyTorch state dicts: module paths and tensor layouts to Keras layers.

A Keras layer has the name of the upstream module (`layer1.conv` -> `layer1_conv`), so
the same rules apply to every network:

    Conv1d  (out, in, t)        -> kernel (t, in, out)
    Conv2d  (out, in, f, t)     -> kernel (t, f, in, out): features are (frames, bins)
    depthwise (c, 1, f, t)      -> kernel (t, f, c, 1)
    Linear  (out, in)           -> kernel (in, out)
    BatchNorm weight, bias, running_*  -> gamma, beta, moving_*
    LayerNorm weight, bias      -> gamma, beta
    `attn.qkv`, `attn.proj` of a transformer -> layer `<path>_attn`, heads apart
    `attention.q_proj`, `k_proj`, `v_proj`, `out_proj` -> `<path>_attention`, likewise
    GRU     weight_ih_l0, ...   -> layer `<path>_l0`, gates r z n -> z r n
    LSTM    the same, four gates i f g o in the same order; their biases are added
"""

import re
from collections.abc import Callable, Mapping

import numpy as np

from kerasaudio.checkpoints.native import State

_RECURRENT = re.compile(
    r"(?P<path>.+)\.(?P<kind>weight|bias)_(?P<side>ih|hh)_l(?P<layer>\d+)"
)
_ATTENTION = re.compile(
    r"(?P<path>(.+\.)?(attn|attention))\."
    r"(?P<kind>qkv|proj|[qkv]_proj|out_proj)\.(weight|bias)"
)
_ROLES = {"q_proj": "query", "k_proj": "key", "v_proj": "value"}
_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def from_torch(
    tensors: Mapping[str, np.ndarray],
    *,
    rename: Mapping[str, str] | None = None,
    depthwise: Callable[[str], bool] = lambda layer: False,
    constants: Mapping[str, np.ndarray] | None = None,
    heads: int | None = None,
) -> State:
    """Convert a state dict.

    Args:
        tensors: Arrays by upstream key.
        rename: Layer names that differ from the upstream path, by converted path.
        depthwise: Function that returns whether the layer of this name is a depthwise
            convolution.
        constants: Tensors that upstream stores although they are not weights
            (filterbanks, windows), by key, with the values of our front-end. They are
            compared, not loaded.
        heads: Number of attention heads of a transformer, which no shape reveals.

    Raises:
        ValueError: A stored constant differs, so the front-end would not be the same.
    """
    constants = constants or {}
    state: State = {}
    recurrent: dict[str, dict[str, np.ndarray]] = {}
    for key, tensor in tensors.items():
        path, _, leaf = key.rpartition(".")
        if key in constants:
            _check_constant(key, tensor, constants[key])
        elif match := _RECURRENT.fullmatch(key):
            layer = f"{match['path'].replace('.', '_')}_l{match['layer']}"
            recurrent.setdefault(layer, {})[f"{match['kind']}_{match['side']}"] = tensor
        elif heads and (attention := _ATTENTION.fullmatch(key)):
            layer = attention["path"].replace(".", "_")
            state |= _attention(layer, attention["kind"], leaf, tensor, heads)
        elif leaf != "num_batches_tracked":  # a counter of torch, not a weight
            layer = path.replace(".", "_")
            layer = (rename or {}).get(layer, layer)
            if f"{path}.running_mean" in tensors or _is_vector(tensors, path):
                state[f"{layer}/{_NORM.get(leaf, leaf)}"] = tensor
            elif leaf == "weight":
                state[f"{layer}/kernel"] = _kernel(tensor, depthwise(layer))
            else:  # a bias; `assign` reports anything else as unexpected
                state[f"{layer}/{leaf}"] = tensor
    for layer, parts in recurrent.items():
        state |= _recurrent(layer, parts)
    return state


def _is_vector(tensors: Mapping[str, np.ndarray], path: str) -> bool:
    """Return whether a layer has a weight per feature, as only LayerNorm does."""
    weight = tensors.get(f"{path}.weight")
    return weight is not None and weight.ndim == 1


def _kernel(tensor: np.ndarray, depthwise: bool) -> np.ndarray:
    if depthwise:
        return tensor.transpose(3, 2, 0, 1)
    return tensor.transpose()


def _attention(
    layer: str, kind: str, leaf: str, tensor: np.ndarray, heads: int
) -> State:
    if kind in ("proj", "out_proj"):
        if leaf == "bias":
            return {f"{layer}/attention_output/bias": tensor}
        return {f"{layer}/attention_output/kernel": join_heads(tensor, heads)}
    variable = "kernel" if leaf == "weight" else "bias"
    if kind in _ROLES:
        return {f"{layer}/{_ROLES[kind]}/{variable}": split_heads(tensor, heads)}
    if not tensor.ndim:
        return {f"{layer}/{kind}/{variable}": tensor}
    return {
        f"{layer}/{role}/{variable}": split_heads(part, heads)
        for role, part in zip(
            ("query", "key", "value"), np.array_split(tensor, 3), strict=True
        )
    }


def split_heads(tensor: np.ndarray, heads: int) -> np.ndarray:
    """Return (out, in) or (out,) as (in, heads, out / heads) or (heads, out / heads).

    A tensor that cannot be divided is only transposed; `assign` reports its shape.
    """
    turned = tensor.transpose()
    if not tensor.ndim or turned.shape[-1] % heads:
        return turned
    return turned.reshape(*turned.shape[:-1], heads, turned.shape[-1] // heads)


def join_heads(tensor: np.ndarray, heads: int) -> np.ndarray:
    """Return (out, in) as (heads, in / heads, out); see `split_heads`."""
    turned = tensor.transpose()
    if tensor.ndim != 2 or turned.shape[0] % heads:
        return turned
    return turned.reshape(heads, turned.shape[0] // heads, turned.shape[1])


def weight_norm(lengths: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the weight that torch's `weight_norm` stores in two parts.

    Args:
        lengths: Its lengths, `weight_g` or `parametrizations.weight.original0`, with
            size 1 in the axes over which they are taken.
        directions: A tensor of its directions and shape, `weight_v` or `original1`.

    Raises:
        ValueError: The shapes do not belong together.
    """
    if lengths.ndim != directions.ndim or any(
        size not in (1, whole)
        for size, whole in zip(lengths.shape, directions.shape, strict=True)
    ):
        raise ValueError(
            "The lengths of a normalized weight must have in each axis size 1 or that "
            f"of its directions, {directions.shape}. Received: {lengths.shape}."
        )
    axes = tuple(axis for axis, size in enumerate(lengths.shape) if size == 1)
    exact = directions.astype("float64")
    norms = np.sqrt(np.square(exact).sum(axis=axes, keepdims=True))
    norms = np.maximum(norms, np.finfo("float32").tiny)
    return (exact * (lengths.astype("float64") / norms)).astype("float32")


def _recurrent(layer: str, parts: Mapping[str, np.ndarray]) -> State:
    ranks = {kind: part.ndim for kind, part in parts.items()}
    if ranks != {"weight_ih": 2, "weight_hh": 2, "bias_ih": 1, "bias_hh": 1}:
        found = ", ".join(f"{kind} of rank {rank}" for kind, rank in ranks.items())
        raise ValueError(
            f"The recurrent layer {layer} must have two weight matrices and two "
            f"biases. Received: {found}."
        )
    rows, units = parts["weight_hh"].shape
    return _lstm(layer, parts) if rows == 4 * units else _gru(layer, parts)


def _lstm(layer: str, parts: Mapping[str, np.ndarray]) -> State:
    return {
        f"{layer}/lstm_cell/kernel": parts["weight_ih"].transpose(),
        f"{layer}/lstm_cell/recurrent_kernel": parts["weight_hh"].transpose(),
        f"{layer}/lstm_cell/bias": parts["bias_ih"] + parts["bias_hh"],
    }


def _gru(layer: str, parts: Mapping[str, np.ndarray]) -> State:
    def gates(tensor: np.ndarray) -> np.ndarray:
        reset, update, new = np.split(tensor, 3, axis=0)
        return np.concatenate([update, reset, new], axis=0)

    return {
        f"{layer}/gru_cell/kernel": gates(parts["weight_ih"]).transpose(),
        f"{layer}/gru_cell/recurrent_kernel": gates(parts["weight_hh"]).transpose(),
        f"{layer}/gru_cell/bias": np.stack(
            [gates(parts["bias_ih"]), gates(parts["bias_hh"])]
        ),
    }


def _check_constant(key: str, stored: np.ndarray, ours: np.ndarray) -> None:
    if stored.size == 0:  # early torchaudio created the filterbank at the first call
        return
    if stored.shape != ours.shape or np.abs(stored - ours).max() > 1e-4 * ours.max():
        raise ValueError(
            f"The {key} in the file (shape {stored.shape}) differs from that of the "
            f"network's front-end (shape {ours.shape}). Was it trained with other "
            "front-end settings?"
        )
