"""State dicts of BEATs: their shared biases, and small ones."""

from support.goldens import Golden, State

BIAS = "self_attn.relative_attention_bias.weight"


def sharing(tensors: State) -> State:
    """Give all layers the relative positions of the first, as the original does."""
    return {
        key: tensors[f"encoder.layers.0.{BIAS}"] if key.endswith(BIAS) else tensor
        for key, tensor in tensors.items()
    }


def small_state() -> State:
    """Give the state dict of the small golden network."""
    return sharing(Golden.read("beats_small").state())
