"""State dicts of BEATs: their shared biases, and small ones."""

import numpy as np

from support.goldens import Golden, State

BIAS = "self_attn.relative_attention_bias.weight"


def sharing(tensors: State) -> State:
    """Give all layers the relative positions of the first, as the originals do."""
    first = next(tensor for key, tensor in tensors.items() if key.endswith(BIAS))
    return {
        key: first if key.endswith(BIAS) else tensor for key, tensor in tensors.items()
    }


def ones() -> State:
    """Give the convolutions of padding masks that ESPnet stores."""
    return {
        "encoder.patch_embedding_pad.weight": np.ones((1, 1, 16, 16), "float32"),
        "encoder.raw2fbank_pad.weight": np.ones((1, 1, 400), "float32"),
    }


def small_state() -> State:
    """Give the state dict of the small golden network."""
    return sharing(Golden.read("beats_small").state())
