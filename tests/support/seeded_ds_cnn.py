"""DS-CNNs filled by rule, as files of Arm's and of MLPerf's code.

Keys are named as torch would name them (kernels (out, in, frames, coefficients)), so
that the rule of `seeding` applies.
"""

from pathlib import Path

from support.frozen_graph import write_frozen_graph
from support.goldens import Golden, State
from support.tensor_bundle import write_tensor_bundle

ARM_STRIDES = {
    "MobileNet/conv_1/Conv2D": (1, 2, 1, 1),
    "MobileNet/conv_ds_1/depthwise_conv/depthwise": (1, 2, 2, 1),
    "MobileNet/conv_ds_1/pointwise_conv/Conv2D": (1, 1, 1, 1),
}
_NORM = {"running_mean": "moving_mean", "running_var": "moving_variance"}


def arm_file(folder: Path, golden: Golden) -> Path:
    """Write a frozen graph."""
    path = folder / "DS_CNN.pb"
    write_frozen_graph(path, arm(golden.state()), ARM_STRIDES)
    return path


def arm(state: State) -> State:
    """Name and lay out weights as Arm's graph."""
    named = {}
    for key, tensor in state.items():
        path, _, leaf = key.rpartition(".")
        if path.endswith("batch_norm"):
            leaf = _NORM.get(leaf) or {"weight": "Const", "bias": "beta"}[leaf]
        elif leaf == "bias":
            leaf = "biases"
        elif path.endswith("depthwise_conv"):
            leaf, tensor = "depthwise_weights", tensor.transpose(2, 3, 0, 1)
        else:
            leaf, tensor = "weights", _kernel(tensor)
        named[f"MobileNet/{path.replace('.', '/')}/{leaf}"] = tensor
    return named


def mlperf_file(folder: Path, golden: Golden) -> Path:
    """Write a checkpoint of two files; give the index."""
    path = folder / "variables.index"
    write_tensor_bundle(path, mlperf(golden.state()))
    return path


def mlperf(state: State) -> State:
    """Name and lay out weights as MLPerf's SavedModel."""
    paths = list(dict.fromkeys(key.rpartition(".")[0] for key in state))
    named = {}
    for key, tensor in state.items():
        path, _, leaf = key.rpartition(".")
        if path.endswith("batch_norm"):
            leaf = _NORM.get(leaf) or {"weight": "gamma", "bias": "beta"}[leaf]
        elif path.endswith("depthwise_conv") and leaf == "weight":
            leaf, tensor = "depthwise_kernel", tensor.transpose(2, 3, 0, 1)
        elif leaf == "weight":
            leaf, tensor = "kernel", _kernel(tensor)
        number = paths.index(path)
        named[variable(number, leaf)] = tensor
    return named


def variable(number: int, leaf: str) -> str:
    """Give the key of a layer's variable."""
    return f"layer_with_weights-{number}/{leaf}/.ATTRIBUTES/VARIABLE_VALUE"


def _kernel(tensor):
    return tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor.T
