"""YAMNet's own weights file: names of the original code to ours.

`layer2/depthwise_conv/depthwise_kernel` is our `layer2_depthwise_conv/kernel`. The
classifier is the one layer that upstream gives no name: Keras numbered it.

Source: tensorflow/models, research/audioset/yamnet/yamnet.py at 0928d5f.
"""

import re
from collections.abc import Mapping

import numpy as np

from kerasaudio.weights.convert.native import State

_NAMED = re.compile(r"layer\d+/.+")
HEAD = "patch_scores"


def from_yamnet(tensors: Mapping[str, np.ndarray], origin: str) -> State:
    """Convert the weights of a file.

    Args:
        tensors: Arrays by name, from `read_named`.
        origin: Where they come from, for messages.

    Raises:
        ValueError: There is not one classifier.
    """
    state: State = {}
    for key, tensor in tensors.items():
        path, _, leaf = key.rpartition("/")
        if leaf == "depthwise_kernel":
            leaf = "kernel"
        layer = path.replace("/", "_") if _NAMED.fullmatch(path) else HEAD
        if f"{layer}/{leaf}" in state:
            raise ValueError(
                f"{origin} holds {key!r} besides another {layer} {leaf}: it is not the "
                "weights file of YAMNet."
            )
        state[f"{layer}/{leaf}"] = tensor
    return state
