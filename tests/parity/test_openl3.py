"""OpenL3 against marl/openl3 at b0bf9b6 with its kapre front-end, filled by rule.

The weights arrive in files as the original's, one of them packed. Tolerances are of the
greatest magnitude. `test_published_weights` compares with recorded embeddings of the
published weights, if a user has these.
"""

import gzip
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

import kerasaudio
from parity.kit import STEPS, Parity, Stage, Writer, each_stage, seeded_file
from support.goldens import State

# The user's folder, which the other tests must not see.
FOLDER = os.environ.get("KERASAUDIO_WEIGHTS", "")
_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}
STAGES = {
    "front": Stage("frontend", 1e-5, STEPS),
    "pool1": Stage("pool1", 1e-5),
    "pool3": Stage("pool3", 1e-5),
    "last": Stage("conv8", 1e-5),
}


def keras2(state: Mapping[str, np.ndarray]) -> State:
    """Give a state dict as the original's Keras names and arranges it."""
    named: State = {}
    for key, tensor in state.items():
        layer, leaf = key.split(".")
        number = int(layer[-1])
        if layer.startswith("bn"):
            named[f"batch_normalization_{number + 1}/{_NORM[leaf]}"] = tensor
            continue
        layer = "audio_embedding_layer" if number == 8 else f"conv2d_{number}"
        if leaf == "weight":
            named[f"{layer}/kernel"] = tensor.transpose(2, 3, 1, 0)
        else:
            named[f"{layer}/bias"] = tensor
    return named


def seeded(input_repr: str) -> Writer:
    return seeded_file(f"openl3_audio_{input_repr}_music.h5", arranged=keras2)


def packed(path: Path) -> Path:
    """Pack a file as the original's are."""
    whole = path.with_name(f"{path.name}.gz")
    whole.write_bytes(gzip.compress(path.read_bytes(), 1))
    return whole


MEL256 = Parity(
    kerasaudio.OpenL3,
    "openl3_mel256",
    {**STAGES, "embedding_6144": Stage("embedding", 1e-5)},
    weights=lambda *given: packed(seeded("mel256")(*given)),
)
MEL128 = replace(MEL256, golden="openl3_mel128", weights=seeded("mel128"))
LINEAR = replace(MEL256, golden="openl3_linear", weights=seeded("linear"))
SHORT = {"embedding_512": Stage("embedding", 1e-5)}
SHORT_MEL128, SHORT_LINEAR = (
    replace(table, stages=SHORT, arguments={"embedding_size": 512})
    for table in (MEL128, LINEAR)
)


@each_stage(MEL256, MEL128, LINEAR, SHORT_MEL128, SHORT_LINEAR)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)
