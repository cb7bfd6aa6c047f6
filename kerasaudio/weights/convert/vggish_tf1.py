"""VGGish's own checkpoint: TensorFlow-Slim's names to ours.

`vggish/conv3/conv3_1/weights` is our `conv3_1/kernel`; the tensors lie as Keras' do.

Source: tensorflow/models, research/audioset/vggish/vggish_slim.py at 09093db.
"""

from collections.abc import Mapping

import numpy as np

from kerasaudio.weights.convert.native import State

_CONVOLUTIONS = ("conv1", "conv2", "conv3_1", "conv3_2", "conv4_1", "conv4_2")
LAYERS = (*_CONVOLUTIONS, "fc1_1", "fc1_2", "fc2")
_LEAVES = {"weights": "kernel", "biases": "bias"}


def from_vggish(tensors: Mapping[str, np.ndarray]) -> State:
    """Convert a checkpoint.

    Args:
        tensors: Arrays by variable name. Variables of other layers are left out, as
            upstream's loader leaves them: training has a classifier and counters.
    """
    state: State = {}
    for key, tensor in tensors.items():
        scope, _, leaf = key.rpartition("/")
        layer = _SCOPES.get(scope)
        if layer is not None:
            state[f"{layer}/{_LEAVES.get(leaf, leaf)}"] = tensor
    return state


def scope(layer: str) -> str:
    """Give the scope of a layer in the checkpoint."""
    group, _, part = layer.partition("_")
    return f"vggish/{group}/{layer}" if part else f"vggish/{group}"


_SCOPES = {scope(layer): layer for layer in LAYERS}
