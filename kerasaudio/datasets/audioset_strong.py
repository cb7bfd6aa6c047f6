"""AudioSet's strong labels: what sounds from when to when in 120,459 of its clips.

Source: Hershey et al. 2021, "The Benefit of Temporally-Strong Labels in Audio Event
Classification", arXiv:2105.07031; research.google.com/audioset/download_strong.html,
CC BY 4.0.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from kerasaudio.datasets.audioset import class_numbers, multi_hot
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    chosen_splits,
    naming,
    read_rows,
    require_table,
    say_left_out,
)
from kerasaudio.datasets.timed import Event, event_of, events_array
from kerasaudio.datasets.youtube import YouTubeClips, segment_of

NAMES = "mid_to_display_name.tsv"
PARTS_OF = {"train": "training", "eval": "testing"}
COLUMNS = ("segment_id", "start_time_seconds", "end_time_seconds", "label")
NEEDS = (
    "AudioSetStrong needs the folder that contains mid_to_display_name.tsv and "
    "audioset_train_strong.tsv or audioset_eval_strong.tsv, from "
    "research.google.com/audioset/download_strong.html, and copies of the clips."
)


class AudioSetStrong(LabeledClips):
    """The clips with strong labels that a folder has, each with its `events`.

    Targets are multi-hot: the classes that the events of a clip have. `events` are
    (class name, start, end), with times from the start of the clip, for
    `kerasaudio.metrics.segment_f1`.

    Official split: 103,463 clips of "train", for training, and 16,996 of "eval", for
    testing, with 456 classes together.

    Known faults: as for `AudioSet`, every copy lacks clips, which are left out; a
    UserWarning says how many. The classes are not the 527 of `AudioSet`: about 35 of
    them are others, some not in the published ontology (issues 6 and 9 of
    github.com/audioset/ontology); 9 in "eval" are not in "train". Parts of music are
    not marked. If two ids have the same name, the id is added to both names. Events
    that do not end after their start are left out.

    Args:
        folder: Folder with mid_to_display_name.tsv, and audioset_train_strong.tsv or
            audioset_eval_strong.tsv.
        audio: Folder with the clips, named as for `AudioSet`; None for `folder`.
        splits: Splits to load, "train" or "eval"; None for those whose tables are
            there.

    Raises:
        FileNotFoundError: A table, or every clip, is missing.
        ValueError: A table is not AudioSet's; two files are copies of one clip.

    Examples:
        >>> clips = kerasaudio.datasets.AudioSetStrong("AudioSet")
        >>> clips.events[0]
        (('Speech', 0.5, 2.0), ('Gush', 1.0, 10.0))
        >>> found = [[("Speech", 0.0, 2.0)]] * len(clips)  # of a model
        >>> report = kerasaudio.metrics.segment_f1(clips.events, found)
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        audio: str | PathLike[str] | None = None,
        splits: Sequence[str] | None = None,
    ) -> None:
        root = Path(folder)
        names, number = _names(require_table(root / NAMES, NEEDS))
        copies = YouTubeClips(root if audio is None else Path(audio))
        paths: list[Path] = []
        parts: list[str] = []
        events: list[tuple[Event, ...]] = []
        in_all = there = 0
        tables = _tables(root, splits)
        for split, table in tables.items():
            for segment, found in _events(table, names, number).items():
                in_all += 1
                path = copies.find(*segment)
                if path is None:
                    continue
                there += 1
                if path.stat().st_size:
                    paths.append(path)
                    parts.append(PARTS_OF[split])
                    events.append(found)
        what = f"AudioSet's strong labels ({', '.join(tables)})"
        if not paths:
            raise FileNotFoundError(
                f"{copies.folder} has none of the {in_all:,} clips of {what}, or all "
                "are empty files."
            )
        say_left_out(what, in_all, there, len(paths))
        place = {name: i for i, name in enumerate(names)}
        with naming(root):
            super().__init__(
                name="AudioSet strong",
                paths=tuple(paths),
                targets=multi_hot(
                    [{place[event[0]] for event in found} for found in events],
                    len(names),
                ),
                class_names=names,
                parts=np.array(parts),
                partial=True,
                events=events_array(events),
            )


def _names(table: Path) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the class names and the class number of each id; there is no heading."""
    with naming(table), table.open(newline="", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if row
        ]
    odd = [row for row in rows if len(row) != 2]
    numbers = {row[0]: i for i, row in enumerate(rows)}
    if not rows or odd or len(numbers) < len(rows):
        raise ValueError(
            f"{table} must hold an id and a name in each line, separated by a tab, and "
            f"each id once. Received: {odd[0] if odd else len(rows)!r}."
        )
    times = Counter(name for _, name in rows)
    names = (f"{name} ({mid})" if times[name] > 1 else name for mid, name in rows)
    return tuple(names), numbers


def _tables(root: Path, splits: Sequence[str] | None) -> dict[str, Path]:
    wanted = chosen_splits(splits, PARTS_OF)
    files = {split: root / f"audioset_{split}_strong.tsv" for split in wanted}
    if splits is None:
        files = {split: file for split, file in files.items() if file.is_file()}
    if not files:
        raise FileNotFoundError(f"{root} has no table of strong labels. {NEEDS}")
    return {split: require_table(file, NEEDS) for split, file in files.items()}


def _events(
    table: Path, names: Sequence[str], number: dict[str, int]
) -> dict[tuple[str, int], tuple[Event, ...]]:
    """Return the events of each clip, by video and start."""
    found: dict[tuple[str, int], list[Event]] = {}
    for row in read_rows(table, COLUMNS):
        segment, start, end, mid = (row[column] for column in COLUMNS)
        name = names[class_numbers([mid], number, table)[0]]
        events = found.setdefault(segment_of(segment, str(table)), [])
        event = event_of(name, start, end, str(table))
        if event is not None and event not in events:
            events.append(event)
    return {key: tuple(events) for key, events in found.items()}
