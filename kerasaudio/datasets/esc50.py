"""ESC-50 and ESC-10: environmental sounds of 5 s, with five official folds.

Source: Piczak 2015, "ESC: Dataset for Environmental Sound Classification",
doi:10.1145/2733373.2806390; github.com/karolpiczak/ESC-50.
"""

import csv
from os import PathLike
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from kerasaudio.datasets.clips import LabelledClips, listed

COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file")
TABLE = Path("meta", "esc50.csv")

Row = dict[str, str]


class ESC50(LabelledClips):
    """The clips of an ESC-50 folder, as `audio/` and `meta/esc50.csv` have them.

    Args:
        folder: Official layout; the table says which of the clips there are.
        esc10: True for the ten classes of ESC-10 only; False for all 50 classes, which
            must be there; None for what the table lists.

    Attributes:
        targets: The data set's own class numbers, int64 (clips,); `labels` count the
            classes that are there from 0, in the same order.

    Raises:
        FileNotFoundError: The folder, the table or clips are missing.
        ValueError: The table is not ESC-50's: columns, numbers, folds with gaps, names
            that lead out of the folder.
    """

    targets: np.ndarray

    def __init__(
        self, folder: str | PathLike[str], *, esc10: bool | None = None
    ) -> None:
        root = Path(folder)
        table = root / TABLE
        rows = _read(root, table)
        if esc10:
            rows = [row for row in rows if row["esc10"].strip().lower() == "true"]
            if not rows:
                raise ValueError(f"{table} lists no clip with esc10 True.")
        targets = _integers(rows, "target", table)
        names = _class_names(rows, targets, table)
        if esc10 is False and len(names) != 50:
            raise ValueError(
                f"{table} lists {len(names)} classes, not the 50 of ESC-50. Leave "
                "esc10 out to take those that are there."
            )
        labels = np.searchsorted(np.unique(targets), targets)
        super().__init__(
            name="ESC-10" if len(names) == 10 else "ESC-50",
            paths=_paths(rows, root, table),
            labels=labels,
            class_names=names,
            folds=_integers(rows, "fold", table),
            groups=np.array([row["src_file"] for row in rows]),
        )
        object.__setattr__(self, "targets", targets)

    @property
    def src_file(self) -> np.ndarray:
        """Freesound recording that each clip is cut from, (clips,)."""
        assert self.groups is not None
        return self.groups


def _read(root: Path, table: Path) -> list[Row]:
    if not table.is_file():
        raise FileNotFoundError(
            f"There is no {table}. ESC50 takes a folder with audio/ and {TABLE}, as in "
            f"the official archive."
            + ("" if root.is_dir() else f" The folder {root} itself does not exist.")
        )
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, found = list(reader), reader.fieldnames or []
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is no table of text: {error}.") from error
    lacking = [column for column in COLUMNS if column not in found]
    if lacking:
        raise ValueError(
            f"{table} lacks the columns {listed(lacking, 9)}. Received: "
            f"{listed(list(found), 12)}."
        )
    for number, row in enumerate(rows, start=2):
        if any(row[column] is None for column in COLUMNS):
            raise ValueError(f"{table}, line {number}, is cut short.")
    if not rows:
        raise ValueError(f"{table} lists no clips.")
    return rows


def _integers(rows: list[Row], column: str, table: Path) -> np.ndarray:
    try:
        return np.array([int(row[column]) for row in rows], np.int64)
    except ValueError as error:
        raise ValueError(
            f"{table}: the column {column} must hold whole numbers: {error}."
        ) from error


def _class_names(rows: list[Row], targets: np.ndarray, table: Path) -> tuple[str, ...]:
    names: dict[int, str] = {}
    for row, target in zip(rows, targets.tolist(), strict=True):
        if names.setdefault(target, row["category"]) != row["category"]:
            raise ValueError(
                f"{table}: target {target} is both {names[target]!r} and "
                f"{row['category']!r}."
            )
    if len(set(names.values())) != len(names):
        raise ValueError(f"{table}: two targets have the same category.")
    return tuple(names[target] for target in sorted(names))


def _paths(rows: list[Row], root: Path, table: Path) -> tuple[Path, ...]:
    names = [row["filename"] for row in rows]
    for name in names:
        # Plain file names only, by the rules of either system.
        if not name or {PurePosixPath(name).name, PureWindowsPath(name).name} != {name}:
            raise ValueError(f"{table}: {name!r} is no name of a file in audio/.")
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{table} lists clips twice: {listed(twice)}.")
    paths = tuple(root / "audio" / name for name in names)
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of the {len(paths)} clips that {table} lists are not in "
            f"{root / 'audio'}: {listed(missing)}."
        )
    return paths
