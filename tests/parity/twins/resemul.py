"""ReSE-2-Multi of tae-jun/resemul at f2c2c80, `model.py`: the NumPy network.

With the weights and the sound of rese2_multi_seeded.npz the original's own code, run by
Keras 3 in float64, gives the numbers of that file: 5e-8 of the maximum, float32's
rounding.
"""

import numpy as np
import torch

from parity.twins import Stages, State
from support.keras2 import CLASSES, Arrays, Upstream, by_layer, keras_names

ARGUMENTS = {"init_features": 8, "amplifying_ratio": 2, "blocks": 9, "stem_width": 3}


def rese_multi(state: State, waveforms: torch.Tensor) -> Stages:
    """Stem and blocks, (batch, steps, channels), embedding, scores."""
    weights = keras_names({key: tensor.numpy() for key, tensor in state.items()})
    heard = [_hear(weights, waveform) for waveform in waveforms.numpy()]
    return {
        stage: torch.from_numpy(np.stack([stages[stage] for stages in heard]))
        for stage in heard[0]
    }


def _hear(weights: Arrays, waveform: np.ndarray) -> Arrays:
    layers = by_layer(weights)

    def following(kind: str, shapes: dict[str, tuple[int, ...]]) -> Arrays:
        position = next(i for i, (of, _) in enumerate(layers) if of == kind)
        _, arrays = layers.pop(position)
        assert {leaf: array.shape for leaf, array in arrays.items()} == shapes
        return arrays

    network = Upstream("rese", True, **ARGUMENTS, classes=CLASSES, make=following)
    network(waveform)
    assert not layers
    return network.stages
