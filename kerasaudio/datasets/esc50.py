"""ESC-50 and ESC-10: environmental sounds of 5 s, with five official folds.

Source: Piczak 2015, "ESC: Dataset for Environmental Sound Classification",
doi:10.1145/2733373.2806390; github.com/karolpiczak/ESC-50.
"""

from os import PathLike
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from kerasaudio.datasets.archives import present
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    Row,
    integers,
    naming,
    numbered_names,
    read_rows,
    require_different,
    require_files,
)

COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file")
TABLE = Path("meta", "esc50.csv")
# Recordings that are in two of the published folds, with those folds: clips of two
# classes were cut from each.
SHARED = {"131943": (2, 3), "134049": (2, 3), "209698": (4, 5), "234879": (4, 5)}


class ESC50(LabeledClips):
    """The clips of an ESC-50 folder: `meta/esc50.csv` lists the files in `audio/`.

    The published folds are used unchanged. In ESC-50, four recordings are in two folds,
    and a UserWarning names them; in ESC-10, none is.

    Args:
        folder: Folder in the official layout; only the clips in its table are used.
        esc10: True for the ten classes of ESC-10 only; False for all 50 classes, which
            must be present; None for the classes that the table lists.
        download: Whether to download the data set if the folder does not have it.

    Attributes:
        official_targets: The data set's own class numbers, int64 (clips,); `targets`
            number the classes that are present from 0, in the same order.

    Raises:
        FileNotFoundError: The folder, the table or clips are missing.
        ValueError: The table is not ESC-50's: wrong columns or numbers, folds with
            gaps, any other recording in two folds, names that lead out of the folder.
        OSError: The download failed.

    Examples:
        >>> clips = kerasaudio.datasets.ESC50("ESC-50-master", esc10=True)
        >>> clips
        ESC50('ESC-10', clips=400, classes=10, folds=5)
        >>> training, testing = clips.hold_out(1)
        >>> len(training), len(testing)
        (320, 80)
    """

    official_targets: np.ndarray

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        esc10: bool | None = None,
        download: bool = False,
    ) -> None:
        root = present("esc50", folder, TABLE, download)
        table = root / TABLE
        rows = _read(root, table)
        if esc10:
            rows = [row for row in rows if row["esc10"].strip().lower() == "true"]
            if not rows:
                raise ValueError(f"{table} lists no clip whose esc10 is True.")
        official = integers((row["target"] for row in rows), "target", str(table))
        names = numbered_names(
            official, [row["category"] for row in rows], str(table), "target"
        )
        if esc10 is False and len(names) != 50:
            raise ValueError(
                f"{table} lists {len(names)} classes, not the 50 of ESC-50. Leave out "
                "esc10 to use the classes that are listed."
            )
        with naming(table):
            super().__init__(
                name="ESC-10" if len(names) == 10 else "ESC-50",
                paths=_paths(rows, root, table),
                targets=np.searchsorted(np.unique(official), official),
                class_names=names,
                folds=integers((row["fold"] for row in rows), "fold", str(table)),
                groups=np.array([row["src_file"] for row in rows]),
                shared=SHARED,
            )
        object.__setattr__(self, "official_targets", official)

    @property
    def src_file(self) -> np.ndarray:
        """Freesound recording that each clip is cut from, (clips,)."""
        assert self.groups is not None
        return self.groups


def _read(root: Path, table: Path) -> list[Row]:
    if not table.is_file():
        raise FileNotFoundError(
            f"There is no {table}. ESC50 needs a folder with audio/ and {TABLE}, as in "
            f"the official archive; download=True gets it."
            + ("" if root.is_dir() else f" The folder {root} itself does not exist.")
        )
    return read_rows(table, COLUMNS)


def _paths(rows: list[Row], root: Path, table: Path) -> tuple[Path, ...]:
    names = [row["filename"] for row in rows]
    for name in names:
        # Plain file names only, by the rules of POSIX and of Windows.
        if not name or {PurePosixPath(name).name, PureWindowsPath(name).name} != {name}:
            raise ValueError(f"{table}: {name!r} is not a name of a file in audio/.")
    require_different(names, str(table))
    paths = tuple(root / "audio" / name for name in names)
    require_files(paths, root / "audio", str(table))
    return paths
