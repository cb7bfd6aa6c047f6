"""Golden files of networks: what an original gave, and of which weights and sounds.

NAME.npz holds of each stage a piece from the start of every axis, and as `STAGE_stats`
the `summary` of the whole. Beside the stages lie the sound, `waveform_int16`, and
`meta`, in JSON: where the numbers come from; `wave`, the arguments of `seeding.wave`,
instead of a stored sound; `samples`, to which the sound is repeated or cut; `gain`, of
the weights. Where sounds differ in length, names begin with the clip's, `CLIP_STAGE`,
and the sounds are `CLIP_int16`, or in `meta` under `clips`. NAME_keys.txt lists the
original's state dict in the order of its file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from support.seeding import read_shapes, seeded, wave

GOLDEN = Path(__file__).parents[1] / "golden"
State = dict[str, np.ndarray]


@dataclass(frozen=True)
class Golden:
    """A golden file; without keys where the weights are published ones."""

    arrays: Mapping[str, np.ndarray]
    keys: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, folder: Path = GOLDEN) -> "Golden":
        """Read NAME.npz and NAME_keys.txt."""
        with np.load(folder / f"{name}.npz") as file:
            arrays = dict(file)
        keys = folder / f"{name}_keys.txt"
        return cls(
            arrays,
            keys.read_text() if keys.is_file() else "",
            json.loads(str(arrays.pop("meta", "{}"))),
        )

    def state(self, kept: Mapping[str, np.ndarray] | None = None) -> State:
        """Give the state dict filled by rule.

        Args:
            kept: Constants that the original stores beside its weights, by key. Others
                are left out.
        """
        tensors = seeded(read_shapes(self.keys), self.meta.get("gain", 1.0))
        tensors |= kept or {}
        state: State = {}
        for line in self.keys.splitlines():
            key = line.partition(" ")[0]
            if key.endswith(".num_batches_tracked"):
                state[key] = np.array(0)
            elif key in tensors:
                state[key] = tensors[key]
        return state

    def waveforms(self, clip: str = "") -> np.ndarray:
        """Give what the network heard, float32 (batch, samples); mostly two clips.

        One stored waveform stands for two, itself and itself backwards; one with a
        name, `clip`, for itself.
        """
        if clip:
            made = self.meta.get("clips", {}).get(clip)
            stored = wave(*made) if made else self.arrays[f"{clip}_int16"]
            return stored[None] / np.float32(32768)
        if "wave" in self.meta:
            stored = wave(*self.meta["wave"])
        else:
            stored = self.arrays["waveform_int16"]
        if stored.ndim == 1:
            whole = np.resize(stored, self.meta.get("samples", len(stored)))
            stored = np.stack([whole, whole[::-1]])
        return stored / np.float32(32768)


def named(clip: str, stage: str) -> str:
    """Give a golden file's name for a stage of a clip, of which "" has no name."""
    return f"{clip}_{stage}" if clip else stage


def summary(array: np.ndarray) -> np.ndarray:
    """Give mean, deviation, least, greatest, sums of magnitudes and of squares."""
    x = np.asarray(array, "float64")
    figures = (x.mean(), x.std(), x.min(), x.max(), np.abs(x).sum(), np.square(x).sum())
    return np.array(figures)
