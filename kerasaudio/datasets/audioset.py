"""AudioSet: two million clips of 10 s from YouTube with 527 classes, by local copies.

Source: Gemmeke et al. 2017, "Audio Set: An Ontology and Human-Labeled Dataset for Audio
Events", doi:10.1109/ICASSP.2017.7952261; research.google.com/audioset/download.html,
labels under CC BY 4.0.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    chosen_splits,
    naming,
    read_rows,
    require_different,
    require_table,
    say_left_out,
)
from kerasaudio.datasets.youtube import YouTubeClips

CLASSES = "class_labels_indices.csv"
PARTS_OF = {
    "balanced_train": "training",
    "unbalanced_train": "training",
    "eval": "testing",
}
NEEDS = (
    "AudioSet needs the folder that contains class_labels_indices.csv and the lists of "
    "segments, such as eval_segments.csv, from "
    "research.google.com/audioset/download.html, and copies of the clips."
)
_COUNT = re.compile(r"num_segs=(\d+)")
_SHOWN = 80


class Segment(NamedTuple):
    """A clip of a list: the video, its start in milliseconds, ids of the classes."""

    video: str
    start_ms: int
    mids: tuple[str, ...]


class AudioSet(LabeledClips):
    """The clips of AudioSet that a folder has; targets are multi-hot, of 527 classes.

    Official split: 22,160 clips of "balanced_train" and 2,041,789 of
    "unbalanced_train", which are for training, and 20,371 of "eval", for testing. (The
    web page says 22,176, 2,042,985 and 20,383; the lists have fewer.)

    Known faults: Google publishes no sounds, and videos disappear, so every copy lacks
    some; copies of 2023 lack about a sixth. Clips that are missing, or empty because a
    download broke off, are left out; a UserWarning says how many. 707 clips of
    "balanced_train" and "eval" are shorter than 10 s. Labels are incomplete: annotators
    confirmed what is there, so that a class without a mark may be there, too.

    Args:
        folder: Folder with class_labels_indices.csv, and balanced_train_segments.csv,
            unbalanced_train_segments.csv or eval_segments.csv.
        audio: Folder with the clips, cut to their 10 s, at any depth; None for
            `folder`. Their names are ID.wav, YID.wav, ID_30.000_40.000.wav or
            ID_30000.wav, as usual tools write them, with any suffix of a sound.
        splits: Splits to load; None for those whose lists are there. (The targets of
            all clips together take 1 GB.)

    Raises:
        FileNotFoundError: A list, or every clip, is missing.
        ValueError: A list is not AudioSet's, is cut short, or lists a clip twice; two
            files are copies of one clip.

    Examples:
        >>> clips = kerasaudio.datasets.AudioSet("AudioSet")
        >>> clips.categories[0], clips.paths[0].name
        ('Speech;Gush', 'Y--PJHxphWEs.wav')
        >>> training, testing = clips.published_split()
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        audio: str | PathLike[str] | None = None,
        splits: Sequence[str] | None = None,
    ) -> None:
        root = Path(folder)
        names, number = _classes(require_table(root / CLASSES, NEEDS))
        lists = _lists(root, splits)
        copies = YouTubeClips(root if audio is None else Path(audio))
        paths: list[Path] = []
        parts: list[str] = []
        of_clips: list[list[int]] = []
        in_all = there = 0
        videos: list[str] = []
        for split, table in lists.items():
            for segment in read_segments(table):
                in_all += 1
                videos.append(f"{segment.video}_{segment.start_ms}")
                path = copies.find(segment.video, segment.start_ms)
                if path is None:
                    continue
                there += 1
                if path.stat().st_size:
                    paths.append(path)
                    parts.append(PARTS_OF[split])
                    of_clips.append(class_numbers(segment.mids, number, table))
        what = f"AudioSet ({', '.join(lists)})"
        require_different(videos, what)
        if not paths:
            raise FileNotFoundError(
                f"{copies.folder} has none of the {in_all:,} clips of {what}, or all "
                "are empty files."
            )
        say_left_out(what, in_all, there, len(paths))
        with naming(root):
            super().__init__(
                name="AudioSet",
                paths=tuple(paths),
                targets=multi_hot(of_clips, len(names)),
                class_names=names,
                parts=np.array(parts),
                partial=True,
            )


def multi_hot(of_clips: Sequence[Iterable[int]], classes: int) -> np.ndarray:
    """Return targets from the class numbers of each clip, bool (clips, classes)."""
    targets = np.zeros((len(of_clips), classes), bool)
    for hot, numbers in zip(targets, of_clips, strict=True):
        hot[list(numbers)] = True
    return targets


def class_numbers(
    mids: Iterable[str], number: dict[str, int], table: Path
) -> list[int]:
    """Return the numbers of classes by their ids.

    Raises:
        ValueError: An id is unknown.
    """
    unknown = [mid for mid in mids if mid not in number]
    if unknown:
        raise ValueError(
            f"{table} has ids that the table of classes lacks: {listed(unknown)}."
        )
    return [number[mid] for mid in mids]


def _classes(table: Path) -> tuple[tuple[str, ...], dict[str, int]]:
    rows = read_rows(table, ("index", "mid", "display_name"))
    for place, row in enumerate(rows):
        if row["index"] != str(place):
            raise ValueError(
                f"{table}: the column index must count from 0. Received: "
                f"{row['index']!r} in row {place}."
            )
    mids = [row["mid"] for row in rows]
    require_different(mids, str(table))
    return tuple(row["display_name"] for row in rows), {
        m: i for i, m in enumerate(mids)
    }


def _lists(root: Path, splits: Sequence[str] | None) -> dict[str, Path]:
    """Return the list of each split to load."""
    wanted = chosen_splits(splits, PARTS_OF)
    files = {split: root / f"{split}_segments.csv" for split in wanted}
    if splits is None:
        files = {split: file for split, file in files.items() if file.is_file()}
    if not files:
        raise FileNotFoundError(f"{root} has no list of segments. {NEEDS}")
    return {split: require_table(file, NEEDS) for split, file in files.items()}


def read_segments(table: Path) -> Iterator[Segment]:
    """Yield the clips of a list of segments.

    The first lines begin with "#"; one of them tells the number of clips. A clip is
    `ID, 30.000, 40.000, "/m/09x0r,/t/dd00088"`.

    Raises:
        ValueError: A line is something else, or there are more or fewer clips than the
            first lines tell.
    """
    told, found = None, 0
    try:
        with table.open(newline="", encoding="utf-8") as file:
            # strict: a quote that does not end would swallow the rest of the file.
            for row in csv.reader(file, skipinitialspace=True, strict=True):
                if not row or row[0].startswith("#"):
                    count = _COUNT.search(",".join(row))
                    told = int(count[1]) if count else told
                    continue
                found += 1
                yield _segment(row, table)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is not a list of segments: {error}.") from error
    if not found or told not in (None, found):
        raise ValueError(
            f"{table} lists {found:,} clips"
            + ("." if told is None else f", but its first lines tell {told:,}.")
            + " Download it again."
        )


def _segment(row: Sequence[str], table: Path) -> Segment:
    try:
        video, start, end, labels = row
        start_ms = round(1000 * float(start))
        if not 0 <= start_ms < 1000 * float(end):
            raise ValueError(f"{start} s to {end} s")
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{table}: a segment must be an id, a start and a later end in seconds, "
            f"and ids of classes in quotes. Received: {', '.join(row)[:_SHOWN]!r}."
        ) from error
    return Segment(video, start_ms, tuple(labels.split(",")))
