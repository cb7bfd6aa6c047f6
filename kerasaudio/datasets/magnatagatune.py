"""MagnaTagATune: 25,863 excerpts of 29 s with tags that players of a game agreed on.

Source: Law et al. 2009, "Evaluation of Algorithms Using Games: The Case of Music
Tagging", ISMIR. The published split is by folder, as in Dieleman and Schrauwen 2014,
doi:10.1109/ICASSP.2014.6854950: 0 to b training, c validation, d to f testing; Lee et
al. 2017, arXiv:1703.01789, use it with the fifty most frequent tags.
"""

import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from kerasaudio import weights
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    inside,
    naming,
    read_rows,
    require_different,
    require_files,
)

TABLE = "annotations_final.csv"
PATH_COLUMN = "mp3_path"
# The fifty most frequent tags, in the order of the published networks' outputs.
TOP_50 = Path(weights.__file__).parent / "labels" / "mtat.txt"
# These three files are empty in the archive; many copies lack them.
EMPTY = (
    "6/norine_braun-now_and_zen-08-gently-117-146.mp3",
    "8/jacob_heringman-josquin_des_prez_lute_settings-19-gintzler__pater_noster-204-233"
    ".mp3",
    "9/american_baroque-dances_and_suites_of_rameau_and_couperin-25-le_petit_rien_"
    "xiveme_ordre_couperin-88-117.mp3",
)
_EXCERPT = re.compile(r"-\d+-\d+\.mp3$")


class MagnaTagATune(LabeledClips):
    """The tagged excerpts of a MagnaTagATune folder; targets are multi-hot.

    `groups` are the songs that excerpts are cut from; `parts` is the published split:
    about 18,700 training, 1,800 validation and 5,300 testing excerpts before those
    without a tag are left out.

    Three excerpts in the archive are empty files, clips 35644, 55753 and 57881 (`EMPTY`
    in this module; listed in aux/mtt/partition_gt.py of
    github.com/jordipons/musicnn-training). They are left out, whether their files are
    present or not.

    Args:
        folder: Folder with annotations_final.csv and the unpacked archive: folders 0 to
            f. (The parts mp3.zip.001 to .003, joined, are one zip file.)
        tags: Tags to use, which are columns of the table; None for the fifty most
            frequent, in the order of the published networks.
        without_tags: Whether to keep excerpts that have none of these tags. Published
            results leave them out.

    Raises:
        FileNotFoundError: The table or other excerpts are missing.
        ValueError: The table is not MagnaTagATune's, or lacks one of the tags.

    Examples:
        >>> clips = kerasaudio.datasets.MagnaTagATune(
        ...     "MagnaTagATune", tags=["guitar", "slow"]
        ... )
        >>> clips.multi_label, clips.multi_hot[0].tolist(), clips.categories[0]
        (True, [True, False], 'guitar')
        >>> training, validation, testing = clips.published_split()
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        tags: Sequence[str] | None = None,
        without_tags: bool = False,
    ) -> None:
        root = Path(folder)
        table = root / TABLE
        if not table.is_file():
            raise FileNotFoundError(
                f"There is no {table}. MagnaTagATune needs the folder that contains "
                f"{TABLE} and the folders 0 to f of the archive. Download it yourself: "
                "kerasaudio cannot verify it, because no hash has been published."
            )
        published = TOP_50.read_text(encoding="utf-8").splitlines()
        names = tuple(published if tags is None else tags)
        rows = read_rows(table, (PATH_COLUMN, *names))
        what = str(table)
        strange = [row[n] for row in rows for n in names if row[n] not in ("0", "1")]
        if strange:
            raise ValueError(
                f"{table}: tags must be 0 or 1. Received: {listed(strange)}."
            )
        labels = np.array([[row[name] == "1" for name in names] for row in rows])
        files = [row[PATH_COLUMN] for row in rows]
        odd = [file for file in files if not re.match(r"[0-9a-f]/", file)]
        if odd:
            raise ValueError(
                f"{table}: {PATH_COLUMN} must begin with a folder, 0 to f. Received: "
                f"{listed(odd)}."
            )
        require_different(files, what)
        paths = [inside(root, file, what) for file in files]
        there = [i for i, file in enumerate(files) if file not in EMPTY]
        require_files([paths[i] for i in there], root, what)
        keep = [
            i
            for i in there
            if (without_tags or labels[i].any()) and paths[i].stat().st_size
        ]
        with naming(table):
            super().__init__(
                name="MagnaTagATune",
                paths=tuple(paths[i] for i in keep),
                targets=labels[keep],
                class_names=names,
                groups=np.array([_EXCERPT.sub("", files[i]) for i in keep]),
                parts=np.array([_part(files[i][0]) for i in keep]),
            )


def _part(folder: str) -> str:
    if folder in "def":
        return "testing"
    return "validation" if folder == "c" else "training"
