"""NSynth: 305,979 notes of 4 s, 16 kHz, of 1,006 instruments.

Source: Engel et al. 2017, "Neural Audio Synthesis of Musical Notes with WaveNet
Autoencoders", arXiv:1704.01279; magenta.tensorflow.org/datasets/nsynth, CC BY 4.0.
"""

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.datasets.audioset import multi_hot
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    chosen_splits,
    files_there,
    inside,
    naming,
    require_different,
    require_table,
)

PARTS_OF = {"train": "training", "valid": "validation", "test": "testing"}
FAMILIES = (
    *("bass", "brass", "flute", "guitar", "keyboard", "mallet"),
    *("organ", "reed", "string", "synth_lead", "vocal"),
)
SOURCES = ("acoustic", "electronic", "synthetic")
QUALITIES = (
    *("bright", "dark", "distortion", "fast_decay", "long_release"),
    *("multiphonic", "nonlinear_env", "percussive", "reverb", "tempo-synced"),
)
TARGETS = {"family": FAMILIES, "source": SOURCES, "qualities": QUALITIES}
NEEDS = (
    "NSynth needs the folder that contains nsynth-train/, nsynth-valid/ or "
    "nsynth-test/, each with examples.json and audio/, as in the archives of wav files "
    "of magenta.tensorflow.org/datasets/nsynth."
)


class NSynth(LabeledClips):
    """The notes of an NSynth folder, with the family, source or qualities of each.

    `groups` are the instruments. Official split: 289,205 notes "train", 12,678 "valid"
    and 4,096 "test".

    Known faults: instruments of "train" are in no other split, but "valid" and "test"
    share theirs; a UserWarning names some if all are loaded. Only "train" has
    instruments of the family synth_lead. Some notes sound the same at several
    velocities. Empty files are left out; a UserWarning says how many.

    Args:
        folder: Folder with nsynth-train/, nsynth-valid/ or nsynth-test/.
        target: "family", 11 classes; "source", 3; or "qualities", of which a note has
            any number, 10.
        splits: Splits to load; None for those that are there.

    Raises:
        FileNotFoundError: A table or notes are missing.
        ValueError: A table is not NSynth's, or `target` is unknown.

    Examples:
        >>> notes = kerasaudio.datasets.NSynth("NSynth", splits=["train", "valid"])
        >>> notes.categories[0], notes.paths[0].name
        ('guitar', 'guitar_acoustic_001-082-050.wav')
        >>> notes.groups.tolist()[:2]
        ['guitar_acoustic_001', 'bass_synthetic_033']
        >>> training, validation = notes.published_split()
        >>> kerasaudio.datasets.NSynth(
        ...     "NSynth", target="qualities", splits=["train"]
        ... ).categories[0]
        'bright;percussive'
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        target: str = "family",
        splits: Sequence[str] | None = None,
    ) -> None:
        if target not in TARGETS:
            raise ValueError(
                f"target must be one of {', '.join(TARGETS)}. Received: {target!r}."
            )
        root, names = Path(folder), TARGETS[target]
        paths: list[Path] = []
        parts: list[str] = []
        groups: list[str] = []
        numbers: list[list[int]] = []
        for split, table in _tables(root, splits).items():
            notes = _notes(table)
            audio = table.parent / "audio"
            files = [inside(audio, f"{note}.wav", str(table)) for note in notes]
            facts = list(notes.values())
            for i in files_there(files, audio, str(table)):
                paths.append(files[i])
                parts.append(PARTS_OF[split])
                groups.append(_field(facts[i], "instrument_str", str, table))
                numbers.append(_numbers(facts[i], target, table))
        sides: dict[str, set[str]] = {}
        for group, part in zip(groups, parts, strict=True):
            sides.setdefault(group, set()).add(part)
        held_out = {"validation", "testing"}
        used = {number for note in numbers for number in note}
        with naming(root):
            super().__init__(
                name="NSynth",
                paths=tuple(paths),
                targets=multi_hot(numbers, len(names))
                if target == "qualities"
                else np.array([number for (number,) in numbers], np.int64),
                class_names=names,
                groups=np.array(groups),
                parts=np.array(parts),
                partial=splits is not None or len(used) < len(names),
                shared={
                    group: tuple(sorted(on))
                    for group, on in sides.items()
                    if on == held_out
                },
            )


def _tables(root: Path, splits: Sequence[str] | None) -> dict[str, Path]:
    wanted = chosen_splits(splits, PARTS_OF)
    files = {split: root / f"nsynth-{split}" / "examples.json" for split in wanted}
    if splits is None:
        files = {split: file for split, file in files.items() if file.is_file()}
    if not files:
        raise FileNotFoundError(f"{root} has no notes of NSynth. {NEEDS}")
    return {split: require_table(file, NEEDS) for split, file in files.items()}


def _notes(table: Path) -> Mapping[str, Any]:
    """Return the facts of each note, by its name."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) < len(pairs):
            require_different([name for name, _ in pairs], str(table))
        return found

    with naming(table):
        try:
            notes = json.loads(
                table.read_text(encoding="utf-8"), object_pairs_hook=once
            )
        except RecursionError as error:
            raise ValueError(f"{table} is nested too deeply.") from error
    if not isinstance(notes, dict) or not notes:
        raise ValueError(f"{table} must hold an object with the facts of each note.")
    return notes


def _numbers(facts: Any, target: str, table: Path) -> list[int]:
    """Return the class numbers of a note."""
    if target == "qualities":
        names = _field(facts, "qualities_str", list, table)
    else:
        names = [_field(facts, f"instrument_{target}_str", str, table)]
    known = TARGETS[target]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f"{table}: {target} must be among {listed(known, 11)}. Received: "
            f"{listed(unknown)}."
        )
    return [known.index(name) for name in names]


def _field(facts: Any, name: str, kind: type, table: Path) -> Any:
    value = facts.get(name) if isinstance(facts, dict) else None
    if not isinstance(value, kind):
        raise ValueError(
            f"{table}: each note needs {name}, a {kind.__name__}. Received: {value!r}."
        )
    return value
