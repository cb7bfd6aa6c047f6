"""Data sets whose folds, labels and windows are more than anybody has."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from kerasaudio import datasets
from support.tiny import tiny_model

from .promise import Case


def folds(folder: Path) -> Iterator[Case]:
    """Make the files and give the cases."""
    for name in ("a", "b"):
        soundfile.write(folder / f"{name}.wav", np.zeros(800), 8_000)
    for fold in (10**9, 2**53, 2**63, 10**300, -(10**9)):
        path = folder / f"fold {fold:.0e}.csv"
        path.write_text(f"path,label,fold\na.wav,x,1\nb.wav,y,{fold}\n")
        yield Case(path.name, lambda path=path: datasets.from_table(path), "fold")
    clips = datasets.LabeledClips(
        name="two",
        paths=(folder / "a.wav", folder / "b.wav"),
        targets=np.array([0, 1]),
        class_names=("x", "y"),
    )
    yield Case("k_fold of 10^9", lambda: datasets.k_fold(clips, 10**9), "fold")
    yield Case(
        "targets of 10^9",
        lambda: datasets.LabeledClips(
            name="two",
            paths=clips.paths,
            targets=np.array([0, 10**9]),
            class_names=("x", "y"),
        ),
        "targets must be 0 to 1",
    )
    spec = tiny_model(None).spec
    for seconds in (1e6, 1e12, 1e300):
        yield Case(
            f"batches of {seconds:g} s",
            lambda seconds=seconds: clips.batches(
                spec, clip_seconds=seconds, cache=False
            )[0],
        )
