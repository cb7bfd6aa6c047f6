"""State dicts of EAT: their positions, and the Hub's keys."""

import numpy as np

from kerasaudio.layers.sine_positions import sine_tables
from support.goldens import Golden, State

POSITIONS = "model.modality_encoders.IMAGE.fixed_positional_encoder.positions"


def positions(features: int, steps: int = 768) -> np.ndarray:
    """Give the positions that the original stores, (1, steps * 8, features)."""
    times, frequencies = sine_tables(steps, 8, features)
    return (times[:, None] + frequencies).reshape(1, -1, features)


def small_state(steps: int = 768) -> State:
    """Give the state dict of the small golden network."""
    return Golden.read("eat_small").state({POSITIONS: positions(128, steps)})


def with_hub_keys(tensors: State) -> State:
    """Give a state dict the keys of the files on the Hub."""
    return {f"model.{_without_prefix(key)}": t for key, t in tensors.items()}


def _without_prefix(key: str) -> str:
    key = key.removeprefix("model.").removeprefix("modality_encoders.IMAGE.")
    return key.replace("context_encoder.norm.", "pre_norm.")
