"""Clips that our own presets are tested on, and how recipes measure them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import esc10_dogs
import esc10_log_mel
import fsdd_digits

from kerasaudio.datasets import ESC50, FSDD, LabeledClips
from kerasaudio.weights.manifest import WeightsEntry

FOLD = 5
DOGS_HEARD = 101 / 118  # seconds of fold 5


class HeldOut(NamedTuple):
    """Where a preset's stated score is from.

    Attributes:
        learned: Clips that it was trained on.
        test: Clips that it is measured on.
        settings: Of `kerasaudio.evaluate`.
        heard: Accuracy on `test` of a preset that learned from these clips, too: its
            stated score is that of networks that had not. None for the others.
    """

    learned: LabeledClips
    test: LabeledClips
    settings: dict[str, Any]
    heard: float | None = None


def held_out(entry: WeightsEntry, data: Path) -> HeldOut:
    """Divide the clips of a preset's data set as its recipe did.

    Args:
        entry: Of the manifest; its `metrics` name the test.
        data: Folder with the data sets `esc10` and `fsdd`.
    """
    return TESTS[entry.metrics["dataset"]](entry.factory, data)


def _digits(factory: str, data: Path) -> HeldOut:
    split = fsdd_digits.divide(FSDD(data / "fsdd"))
    settings = {"clip_seconds": fsdd_digits.SECONDS.get(factory)}
    return HeldOut(split.learn, split.test, settings)


def _sounds(factory: str, data: Path) -> HeldOut:
    learned, test = ESC50(data / "esc10", esc10=True).hold_out(FOLD)
    return HeldOut(learned, test, esc10_log_mel.TESTED)


def _dogs(factory: str, data: Path) -> HeldOut:
    parts = esc10_dogs.dogs(ESC50(data / "esc10", esc10=True)).hold_out(FOLD)
    learned, test = map(esc10_dogs.seconds_of, parts)
    return HeldOut(learned, test, {}, DOGS_HEARD)


TESTS: dict[str, Callable[[str, Path], HeldOut]] = {
    "FSDD, official split": _digits,
    "ESC-10, fold 5": _sounds,
    esc10_dogs.TEST: _dogs,
}
