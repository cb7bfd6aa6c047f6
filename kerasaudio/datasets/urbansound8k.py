"""UrbanSound8K: ten classes of city sounds, up to 4 s, with ten official folds.

Source: Salamon, Jacoby and Bello 2014, "A Dataset and Taxonomy for Urban Sound
Research", doi:10.1145/2647868.2655045; doi:10.5281/zenodo.1203745, CC BY-NC 3.0.
"""

from os import PathLike
from pathlib import Path

import numpy as np

from kerasaudio.datasets.archives import present
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    inside,
    integers,
    naming,
    numbered_names,
    read_rows,
    require_different,
    require_files,
)

COLUMNS = ("slice_file_name", "fsID", "fold", "classID", "class")
TABLE = Path("metadata", "UrbanSound8K.csv")
# Recordings that are in two of the published folds, with those folds.
SHARED = {
    "106905": (1, 8),
    "132016": (1, 4),
    "176638": (1, 4),
    "180937": (1, 9),
    "77751": (2, 7),
}


class UrbanSound8K(LabeledClips):
    """The clips of an UrbanSound8K folder.

    `groups` are the Freesound recordings. Published results hold out each of the ten
    `folds` in turn. Five recordings are in two folds; a UserWarning names them. (The
    table's `start` and `end` are times in the recording, not in the clip.) A folder may
    have only some of the folds, if its table lists only these.

    Args:
        folder: Folder in the official layout: audio/fold1/... and
            metadata/UrbanSound8K.csv.
        download: Whether to download the data set if the folder does not have it.

    Raises:
        FileNotFoundError: The table or clips are missing.
        ValueError: The table is not UrbanSound8K's, or a fold is not 1 to 10.
        OSError: The download failed.

    Examples:
        >>> clips = kerasaudio.datasets.UrbanSound8K("UrbanSound8K")
        >>> clips.class_names[:3]
        ('air_conditioner', 'car_horn', 'children_playing')
        >>> training, testing = clips.hold_out(10)
        >>> np.unique(training.folds).tolist()
        [1, 2, 3, 4, 5, 6, 7, 8, 9]
    """

    published_folds = range(1, 11)

    def __init__(self, folder: str | PathLike[str], *, download: bool = False) -> None:
        root = present("urbansound8k", folder, TABLE, download)
        table = root / TABLE
        if not table.is_file():
            raise FileNotFoundError(
                f"There is no {table}. UrbanSound8K needs the folder that contains "
                f"audio/ and {TABLE}, as in the official archive; download=True gets "
                "it."
            )
        rows = read_rows(table, COLUMNS)
        what = str(table)
        names = [f"fold{row['fold']}/{row['slice_file_name']}" for row in rows]
        require_different(names, what)
        audio = root / "audio"
        paths = tuple(inside(audio, name, what) for name in names)
        require_files(paths, audio, what)
        targets = integers((row["classID"] for row in rows), "classID", what)
        with naming(table):
            super().__init__(
                name="UrbanSound8K",
                paths=paths,
                targets=np.searchsorted(np.unique(targets), targets),
                class_names=numbered_names(
                    targets, [row["class"] for row in rows], what, "classID"
                ),
                folds=integers((row["fold"] for row in rows), "fold", what),
                groups=np.array([row["fsID"] for row in rows]),
                shared=SHARED,
            )
