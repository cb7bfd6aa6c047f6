"""OpenMIC-2018: 20,000 excerpts of music, 10 s, some of 20 instruments known in each.

Source: Humphrey, Durand and McFee 2018, "OpenMIC-2018: An Open Dataset for Multiple
Instrument Recognition", ISMIR; doi:10.5281/zenodo.1432913, CC BY 4.0; errata in the
README of github.com/cosmir/openmic-2018.
"""

import json
from os import PathLike
from pathlib import Path

import numpy as np

from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    files_there,
    inside,
    naming,
    read_rows,
    require_different,
    require_table,
)

TABLE = "openmic-2018-aggregated-labels.csv"
CLASSES = "class-map.json"
LISTS = {"training": "split01_train.csv", "testing": "split01_test.csv"}
NEEDS = (
    "OpenMIC2018 needs the folder openmic-2018 of the archive "
    "openmic-2018-v1.0.0.tgz (zenodo.org/records/1432913): audio/, partitions/, "
    "class-map.json and openmic-2018-aggregated-labels.csv."
)
PRESENT = 0.5  # relevance from which an instrument counts as present, as upstream


class OpenMIC2018(LabeledClips):
    """The excerpts of an OpenMIC-2018 folder; targets are multi-hot.

    Annotators were asked about two instruments of an excerpt, on average. `known` says
    which, bool (clips, classes); `kerasaudio.evaluate` leaves out the others, as
    published results do, and so does `kerasaudio.training.train`. To train on one
    instrument, take the clips where it is known.

    Official split: 14,915 training and 5,085 testing excerpts (split01). `groups` are
    the tracks; each excerpt is of another.

    Known faults: ten files came from tracks that the source had damaged; three labels
    that were wrong for this reason are corrected in the published table (README of
    cosmir/openmic-2018). Files that are empty in a copy are left out; a UserWarning
    says how many.

    Args:
        folder: Folder openmic-2018 of the archive.

    Raises:
        FileNotFoundError: A table or excerpts are missing.
        ValueError: A table is not OpenMIC-2018's, lists a label twice, or an excerpt is
            in no list of the split or in both.

    Examples:
        >>> clips = kerasaudio.datasets.OpenMIC2018("openmic-2018")
        >>> clips.class_names, clips.multi_hot[0].tolist(), clips.known[0].tolist()
        (('accordion', 'banjo'), [True, False], [True, False])
        >>> training, testing = clips.published_split()
        >>> accordion = training.take(training.known[:, 0])
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        root = Path(folder)
        table = require_table(root / TABLE, NEEDS)
        what = str(table)
        names = _classes(require_table(root / CLASSES, NEEDS))
        part_of = _parts(root)
        rows = read_rows(table, ("sample_key", "instrument", "relevance"))
        require_different([f"{r['sample_key']} {r['instrument']}" for r in rows], what)
        keys = list(dict.fromkeys(row["sample_key"] for row in rows))
        number = {key: i for i, key in enumerate(keys)}
        place = {name: i for i, name in enumerate(names)}
        unknown = sorted({row["instrument"] for row in rows} - set(place))
        if unknown:
            raise ValueError(f"{what}: {CLASSES} lacks {listed(unknown)}.")
        lacking = [key for key in keys if key not in part_of]
        if lacking:
            raise ValueError(
                f"{what} has clips that are in no list of partitions/: "
                f"{listed(lacking)}."
            )
        targets = np.zeros((len(keys), len(names)), bool)
        known = np.zeros_like(targets)
        for row in rows:
            at = number[row["sample_key"]], place[row["instrument"]]
            known[at] = True
            targets[at] = _relevance(row["relevance"], what) >= PRESENT
        audio = root / "audio"
        paths = [inside(audio, f"{key[:3]}/{key}.ogg", what) for key in keys]
        keep = files_there(paths, audio, what)
        with naming(table):
            super().__init__(
                name="OpenMIC-2018",
                paths=tuple(paths[i] for i in keep),
                targets=targets[keep],
                class_names=names,
                groups=np.array([keys[i].partition("_")[0] for i in keep]),
                parts=np.array([part_of[keys[i]] for i in keep]),
                partial=len(keep) < len(keys),
                known=known[keep],
            )


def _classes(file: Path) -> tuple[str, ...]:
    """Return the instruments in the order of their numbers."""
    with naming(file):
        try:
            numbers = json.loads(file.read_text(encoding="utf-8"))
        except RecursionError as error:
            raise ValueError(f"{file} is nested too deeply.") from error
    is_map = isinstance(numbers, dict) and numbers
    if not is_map or sorted(map(str, numbers.values())) != sorted(
        map(str, range(len(numbers)))
    ):
        raise ValueError(f"{file} must number the instruments from 0.")
    return tuple(sorted(numbers, key=lambda name: int(numbers[name])))


def _parts(root: Path) -> dict[str, str]:
    """Return the part of each excerpt; the lists have no heading."""
    part_of: dict[str, str] = {}
    for part, name in LISTS.items():
        file = require_table(root / "partitions" / name, NEEDS)
        with naming(file):
            keys = file.read_text(encoding="utf-8").split()
        require_different(keys, str(file))
        twice = [key for key in keys if key in part_of]
        if twice:
            raise ValueError(f"{file} lists clips of training: {listed(twice)}.")
        part_of |= dict.fromkeys(keys, part)
    return part_of


def _relevance(text: str, what: str) -> float:
    try:
        value = float(text)
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is out of range")
    except ValueError as error:
        raise ValueError(
            f"{what}: relevance must be from 0 to 1. Received: {text!r}."
        ) from error
    return value
