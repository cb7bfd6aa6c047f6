"""A family's parity test as a table: golden file, stages, tolerances.

    NETWORK = Parity(
        kerasaudio.Network,
        "network_seeded",
        {
            "frontend": Stage("frontend", 1e-5, STEPS),
            "logits": Stage("predictions", 1e-5),
        },
        weights=seeded_file("network.pt"),
        arguments={"classifier_activation": None},
    )

    @each_stage(NETWORK)
    def test_stage_equals_the_original(parity, stage):
        parity.check(stage)

`support/goldens.py` says what a golden file holds; `python -m tests.parity.make_golden`
makes one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import safetensors.numpy

from kerasaudio import AudioModel
from support.goldens import GOLDEN, Golden, State, named, summary
from support.keras2 import write_named, write_numbered
from support.originals import Pair, probe
from support.tf1_checkpoint import write_tf1_checkpoint
from support.torch_files import write_state

# Of the greatest magnitude: a stage that varies less is dead, and anything equals it.
DEAD = 1e-2
# Of a stage's deviation: where two clips differ less, the network is deaf.
DEAF = 5e-3

# Axes of ours in torch's order.
STEPS = (0, 2, 1)  # (batch, steps, channels) -> (batch, channels, steps)
IMAGE = (0, 3, 2, 1)  # (b, frames, bins, channels) -> (b, channels, bins, frames)
FRAMES = (0, 3, 1, 2)  # the same -> (b, channels, frames, bins)

Writer = Callable[[Path, Golden], Path]
_FORMATS: dict[str, Callable[[Path, State], Any]] = {
    ".bin": write_state,
    ".pt": write_state,
    ".pth": write_state,
    ".h5": write_named,
    ".hdf5": write_numbered,
    ".ckpt": write_tf1_checkpoint,
    ".safetensors": lambda path, state: safetensors.numpy.save_file(state, path),
}


class Stage(NamedTuple):
    """A layer of ours whose output the golden file holds.

    Attributes:
        layer: Its name.
        tolerance: Of the greatest magnitude that the original gave.
        axes: Of ours, in the original's order; or what puts ours in that order; None
            where the order is the same.
        every: For each axis in that order, how far apart are the elements that the
            golden file holds; None where they are neighbors.
    """

    layer: str
    tolerance: float
    axes: tuple[int, ...] | Callable[[np.ndarray], np.ndarray] | None = None
    every: tuple[int, ...] | None = None


def seeded_file(
    name: str,
    kept: Callable[[], State] = dict,
    arranged: Callable[[State], State] = dict,
) -> Writer:
    """Give a writer of the original's weights file, filled by rule.

    Args:
        name: Of the file; its suffix tells the format.
        kept: Gives constants that the original stores beside its weights, by key.
        arranged: Turns the state dict into names and layouts of another format.
    """

    def write(folder: Path, golden: Golden) -> Path:
        path = folder / name
        _FORMATS[path.suffix](path, arranged(golden.state(kept())))
        return path

    return write


@dataclass(frozen=True, eq=False)
class Parity:
    """What a network is compared with.

    Attributes:
        factory: Gives our network.
        golden: Name of the golden file, without its suffix.
        stages: By the golden file's names for them.
        weights: A published tag, or what writes a file (`seeded_file`).
        arguments: Of the factory, besides `weights`.
        clips: Names of the sounds, where the golden file holds several of different
            lengths, `CLIP_STAGE`; these have no batch axis.
        hears: A layer of ours, and the name of what the golden file holds in place of
            its output, where the original was not run on waveforms.
        folder: Where the golden file lies.
    """

    factory: Callable[..., AudioModel]
    golden: str
    stages: Mapping[str, Stage]
    weights: str | Writer
    arguments: Mapping[str, Any] = field(default_factory=dict)
    clips: Sequence[str] = ()
    hears: tuple[str, str] | None = None
    folder: Path = GOLDEN

    def names(self) -> list[str]:
        """Give all stages of all clips."""
        clips = self.clips or [""]
        return [named(clip, stage) for clip in clips for stage in self.stages]

    def run(self, folder: Path, golden: Golden | None = None) -> "Compared":
        """Load the weights, if need be from a folder, and hear the golden sounds.

        Instead of the file's, `golden` may hold what the original has just given.
        """
        golden = golden or Golden.read(self.golden, self.folder)
        given = self.weights
        weights = given if isinstance(given, str) else given(folder, golden)
        model = self.factory(weights=weights, **self.arguments)
        start, heard = self.hears or (None, "")
        layers = {name: stage.layer for name, stage in self.stages.items()}
        taps = probe(model, layers, start)
        outputs = {}
        for clip in self.clips or [""]:
            fed = golden.arrays[heard] if start else golden.waveforms(clip)
            for stage, output in taps.predict(fed, verbose=0).items():
                outputs[named(clip, stage)] = output
        return Compared(self, golden, model, outputs)


@dataclass(frozen=True, eq=False)
class Compared:
    """What both networks gave."""

    table: Parity
    golden: Golden
    model: AudioModel
    outputs: Mapping[str, np.ndarray]

    def check(self, name: str) -> None:
        """Compare a stage, one of the table's `names`.

        Raises:
            AssertionError: The two differ, or the original's is dead or deaf.
        """
        tolerance = self._stage(name).tolerance
        got, want = self.pair(name)
        check_alive(want, name)
        stored = self.golden.arrays.get(f"{name}_stats")
        if stored is not None:
            check_summary(self._whole(name), stored, tolerance, name)
        atol = tolerance * np.abs(want).max()
        np.testing.assert_allclose(got, want, rtol=0, atol=atol, err_msg=name)

    def pair(self, name: str) -> Pair:
        """Give what ours and the original gave, as far as the golden file goes."""
        got, want = self._whole(name), self.golden.arrays[name]
        if self.table.clips:
            want = want[None]
        if every := self._stage(name).every:
            got = got[tuple(slice(None, None, step) for step in every)]
        if want.ndim > 2:  # embeddings and scores are kept whole
            got = got[tuple(map(slice, want.shape))]
        return Pair(got, want)

    def _whole(self, name: str) -> np.ndarray:
        axes = self._stage(name).axes
        got = self.outputs[name]
        if callable(axes):
            return axes(got)
        return got.transpose(axes) if axes else got

    def _stage(self, name: str) -> Stage:
        clip = next((c for c in self.table.clips if name.startswith(f"{c}_")), "")
        return self.table.stages[name.removeprefix(f"{clip}_")]


def check_alive(want: np.ndarray, name: str) -> None:
    """Raise AssertionError where a stage tells nothing of the weights or the sound."""
    spread = want.std()
    assert spread > DEAD * np.abs(want).max(), f"{name} is dead: anything equals it"
    if len(want) > 1:
        between = np.abs(np.diff(want, axis=0)).mean()
        assert between > DEAF * spread, f"{name} is deaf: all sounds give the same"


def check_summary(
    got: np.ndarray, stored: np.ndarray, tolerance: float, name: str
) -> None:
    """Compare the summary of a whole stage, of which a piece is kept."""
    scale = np.array([1, 1, 1, 1, got.size, got.size])
    ours, theirs = summary(got) / scale, stored / scale
    ours[5], theirs[5] = np.sqrt(ours[5]), np.sqrt(theirs[5])
    atol = tolerance * np.abs(theirs[2:4]).max()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol, err_msg=name)


def each_stage(*tables: Parity) -> pytest.MarkDecorator:
    """Run a test for every stage, with `parity` (a `Compared`) and `stage`."""
    cases = [
        pytest.param(table, name, id=f"{table.golden}-{name}")
        for table in tables
        for name in table.names()
    ]
    return pytest.mark.parametrize(("parity", "stage"), cases, indirect=["parity"])
