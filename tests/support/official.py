"""Folders with the names and folds of the published ESC-50 and UrbanSound8K.

The lists beside this file hold a line of class names, then the clips in the order of
the published tables, without their suffix: FOLD-RECORDING-TAKE-TARGET of ESC-50, and
FOLD/RECORDING-TARGET-OCCURRENCE-SLICE of UrbanSound8K.
"""

import csv
import lzma
from collections.abc import Callable, Iterable
from pathlib import Path

from support import esc_folder

HERE = Path(__file__).parent
ESC10_TARGETS = {0, 1, 10, 11, 12, 20, 21, 38, 40, 41}


def names(data_set: str) -> tuple[list[str], list[str]]:
    """Give the class names and the clips of "esc50" or "urbansound8k"."""
    packed = (HERE / f"{data_set}_names.txt.xz").read_bytes()
    classes, *clips = lzma.decompress(packed).decode().splitlines()
    return classes.split(), clips


def esc50(
    folder: Path,
    chosen: Iterable[str] | None = None,
    write: Callable[[Path], object] = Path.touch,
) -> Path:
    """Lay out ESC-50, or some of its clips; `write` makes each file."""
    classes, clips = names("esc50")
    (folder / "audio").mkdir(parents=True)
    (folder / "meta").mkdir()
    rows = []
    for clip in clips if chosen is None else chosen:
        fold, recording, take, target = clip.split("-")
        small, file = int(target) in ESC10_TARGETS, f"{clip}.wav"
        category = classes[int(target)]
        rows.append((file, fold, target, category, small, recording, take))
        write(folder / "audio" / file)
    esc_folder.write_table(folder, rows)
    return folder


def urbansound8k(folder: Path, chosen: Iterable[str] | None = None) -> Path:
    """Lay out UrbanSound8K, or some of its clips, with empty files."""
    classes, clips = names("urbansound8k")
    heading = "slice_file_name,fsID,start,end,salience,fold,classID,class"
    rows = [heading.split(",")]
    for clip in clips if chosen is None else chosen:
        fold, name = clip.split("/")
        recording, target, *_ = name.split("-")
        clip_file = folder / "audio" / f"fold{fold}" / f"{name}.wav"
        clip_file.parent.mkdir(parents=True, exist_ok=True)
        clip_file.touch()
        row = [clip_file.name, recording, 0, 4, 1, fold, target, classes[int(target)]]
        rows.append([str(value) for value in row])
    (folder / "metadata").mkdir()
    with (folder / "metadata" / "UrbanSound8K.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder
