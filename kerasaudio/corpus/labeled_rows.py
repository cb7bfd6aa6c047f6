"""Labeled sounds of Hugging Face data sets, to train on; streamed ones, too."""

import io
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.core import AudioSpec
from kerasaudio.core.data_set import as_stored, audio_columns, is_data_set
from kerasaudio.core.windowed import whole_clip
from kerasaudio.corpus import addresses
from kerasaudio.corpus.labels import Labels
from kerasaudio.datasets.streams.clips import LabeledStream
from kerasaudio.datasets.streams.decoding import LabeledClip


def from_hugging_face(
    dataset: Any,
    class_names: Sequence[str] | None = None,
    *,
    audio: str | None = None,
    label: str = "label",
    separator: str | None = None,
    clips: int | None = None,
    buffer: int = 1_000,
    name: str = "rows",
) -> LabeledStream:
    """Return the labeled sounds of a Hugging Face data set, to train on.

    Sounds are read as they are stored, and decoded by kerasaudio when they are needed;
    neither torchcodec nor a copy on disk is. A `datasets.Dataset` is shuffled as a
    whole in each epoch; a streamed one, `datasets.IterableDataset`, by its own
    `shuffle`: its shards, and a buffer. The same seed gives the same epochs.

    Args:
        dataset: One split of a data set, map-style or streamed.
        class_names: Names of the classes, in the order of their numbers. None for those
            of a column of `ClassLabel`; or for those that are found, in alphabetical
            order, if the data set is not streamed.
        audio: Column of the sounds; None for the only one of type `Audio`.
        label: Column of the labels: names, numbers, or lists of these. With lists,
            clips can have several classes.
        separator: What separates several classes in a text, such as ";".
        clips: Number of clips in an epoch of a streamed data set; None for the number
            that its publisher states.
        buffer: Number of rows of a streamed data set that are shuffled at once.
        name: Name of the data.

    Raises:
        ValueError: This is no data set, or several splits of one; a column is missing;
            a label is not a class; the classes, or the number of clips, are not known.

    Examples:
        >>> from datasets import Audio, Dataset
        >>> made = Dataset.from_dict({"audio": ["labeled/hum/0.wav"], "label": [1]})
        >>> made = made.cast_column("audio", Audio())
        >>> data = kerasaudio.corpus.from_hugging_face(made, ["hiss", "hum"])
        >>> data.clips, data.counts.tolist()
        (1, [0, 1])
    """
    if not is_data_set(dataset):
        splits = isinstance(dataset, dict)
        told = f"a {type(dataset).__name__}"
        if splits:
            told += f" of the splits {', '.join(map(repr, dataset))}; pass one of them"
        raise ValueError(
            "dataset must be a datasets.Dataset or datasets.IterableDataset. Received: "
            f"{told}."
        )
    column = _audio_column(dataset, audio)
    known = None if dataset.features is None else dataset.features.get(label)
    _check_column(dataset, label, "label")
    names, several = _names(known)
    labels = Labels(class_names or names, separator)
    labels.several = labels.several or several
    stored = as_stored(dataset, column)
    if hasattr(dataset, "__len__"):
        return _of_rows(stored, column, label, labels, name)
    if not labels.names:
        raise ValueError(
            f"The classes of {name} are not known, as it is streamed. Pass "
            "class_names=."
        )
    count = clips if clips is not None else _stated(dataset)
    if count is None:
        raise ValueError(
            f"The number of clips of {name} is not known, as it is streamed. Pass "
            "clips=, the number of clips in an epoch."
        )
    return LabeledStream(
        name,
        labels.names,
        whole_number(count, "clips"),
        partial(_streamed, stored, column, label, labels, name, buffer),
        multi_label=labels.several,
        facts=[labels.names],
    )


def _of_rows(
    stored: Any, column: str, label: str, labels: Labels, name: str
) -> LabeledStream:
    """Return a data set whose rows can be read in any order."""
    told = stored.select_columns([label])
    values = [
        labels.read(row[label], f"row {number} of {name}")
        for number, row in enumerate(told)
    ]
    if not values:
        raise ValueError(f"{name} has no rows.")
    labels.settled()
    classes = [labels.numbers(value) for value in values]
    counts = np.zeros(len(labels.names), np.int64)
    for own in classes:
        counts[list(own)] += 1
    return LabeledStream(
        name,
        labels.names,
        len(classes),
        partial(_shuffled, stored.select_columns([column]), column, classes, name),
        counts=counts,
        multi_label=labels.several,
        facts=[getattr(stored, "_fingerprint", None), labels.names, classes],
    )


def _shuffled(
    rows: Any,
    column: str,
    classes: Sequence[tuple[int, ...]],
    name: str,
    epoch: int | None,
    seed: int,
) -> Iterator[LabeledClip]:
    order = np.arange(len(classes))
    if epoch is not None:
        order = np.random.default_rng((seed, epoch, 0)).permutation(len(classes))
    for number in order.tolist():

        def waveform(spec: AudioSpec, number: int = number) -> np.ndarray:
            return _waveform(rows[number][column], spec)

        yield LabeledClip(f"{name}/{number}", classes[number], waveform)


def _streamed(
    rows: Any,
    column: str,
    label: str,
    labels: Labels,
    name: str,
    buffer: int,
    epoch: int | None,
    seed: int,
) -> Iterator[LabeledClip]:
    if epoch is not None:
        rows = rows.shuffle(seed=seed, buffer_size=buffer)
        rows.set_epoch(epoch)
    for number, row in enumerate(rows):
        if label not in row or column not in row:
            lacking = label if label not in row else column
            raise ValueError(f"Row {number} of {name} has no {lacking!r}.")
        value = labels.read(row[label], f"row {number} of {name}")

        def waveform(spec: AudioSpec, cell: Any = row[column]) -> np.ndarray:
            return _waveform(cell, spec)

        yield LabeledClip(f"{name}/{number}", labels.numbers(value), waveform)


def _waveform(cell: Any, spec: AudioSpec) -> np.ndarray:
    path = cell.get("path") if isinstance(cell, dict) else None
    if path and cell.get("bytes") is None and addresses.is_address(path):
        cell = io.BytesIO(addresses.read(path))
    return whole_clip(spec, cell)


def _audio_column(dataset: Any, audio: str | None) -> str:
    if audio is not None:
        _check_column(dataset, audio, "audio")
        return audio
    found = [] if dataset.features is None else audio_columns(dataset.features)
    if len(found) != 1:
        raise ValueError(
            "The column of the sounds must be named, as audio=: "
            f"{len(found) or 'no'} columns are known to be of audio. Received: "
            f"{_listed(dataset)}."
        )
    return found[0]


def _check_column(dataset: Any, column: str, argument: str) -> None:
    names = dataset.column_names
    if names is not None and column not in names:
        raise ValueError(
            f"There is no column {column!r}. Pass {argument}=, one of: "
            f"{_listed(dataset)}."
        )


def _listed(dataset: Any) -> str:
    names = dataset.column_names
    return "unknown columns" if names is None else ", ".join(map(repr, names))


def _names(feature: Any) -> tuple[Sequence[str] | None, bool]:
    """Return the names of a column of ClassLabel, and whether it has lists."""
    inside = getattr(feature, "feature", None)
    if isinstance(feature, list) and feature:
        inside = feature[0]
    names = getattr(feature if inside is None else inside, "names", None)
    return names, inside is not None


def _stated(dataset: Any) -> int | None:
    """Return the number of rows that the publisher of a data set states."""
    splits = getattr(getattr(dataset, "info", None), "splits", None) or {}
    found = splits.get(str(getattr(dataset, "split", None)))
    count = getattr(found, "num_examples", None)
    return count or None
