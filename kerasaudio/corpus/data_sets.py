"""The sounds of a Hugging Face data set: encoded bytes, or paths of files.

The audio column is read as it is stored; kerasaudio decodes it as it decodes files. A
row with bytes is known by its path (a name, often of no file that is there) and its
content, in any order of the rows. Rows that are alike in both are counted.
"""

import dataclasses
import hashlib
import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerasaudio.core.data_set import DataSet, as_stored, audio_columns, is_encoded
from kerasaudio.corpus.clips import DIGEST, Clip, file_clip
from kerasaudio.corpus.hidden import lasting, shown
from kerasaudio.corpus.seen import Seen
from kerasaudio.extras import install

_SAVED = ("state.json", "dataset_info.json")
_SPLITS = "dataset_dict.json"
_ADVICE = (
    "Keep the column with the sounds, dataset.select_columns('audio'); one of paths "
    "becomes one of sounds by dataset.cast_column('audio', datasets.Audio())."
)


def is_saved(folder: Path) -> bool:
    """Return whether a folder is what `Dataset.save_to_disk` writes.

    Raises:
        ValueError: It is what `DatasetDict.save_to_disk` writes.
    """
    if (folder / _SPLITS).is_file():
        raise ValueError(
            f"{str(folder)!r} holds several splits of a data set. Pass the folder of "
            f"one of them, or of several, such as {str(folder / 'train')!r}."
        )
    return all((folder / name).is_file() for name in _SAVED)


def saved(folder: Path) -> DataSet:
    """Return the data set that is saved in a folder; it stays on the disk.

    Raises:
        ImportError: datasets is missing; the message says what to install.
        ValueError: It is damaged.
    """
    try:
        datasets: Any = importlib.import_module("datasets")
    except ImportError as error:
        raise ImportError(
            f"{str(folder)!r} is a data set that Hugging Face's datasets reads: "
            f"{install('datasets')}."
        ) from error
    try:
        found: DataSet = datasets.Dataset.load_from_disk(str(folder))
    except Exception as error:  # of pyarrow, of JSON, of files that are missing
        raise ValueError(
            f"The data set in {str(folder)!r} cannot be read: {error}."
        ) from error
    return found


def data_set_clips(dataset: DataSet) -> Iterator[Clip]:
    """Yield the clips of a data set, one per row; those with bytes hold them.

    Raises:
        ValueError: It has no column of audio, or several.
        OSError: Its rows cannot be read.
        ImportError: What it does itself before needs a package that is missing.
    """
    column, rows = _rows(dataset)
    seen, again = Seen(), Counter[bytes]()
    for number, row in enumerate(rows):
        clip = _clip(row[column] if column else _only_cell(row, number), number)
        if clip.identity is not None and not seen.add(clip.identity):
            again[clip.identity] += 1
            identity = _digest(clip.identity, again[clip.identity])
            clip = dataclasses.replace(clip, identity=identity)
        yield clip


def _rows(dataset: Any) -> tuple[str | None, Iterator[Mapping[str, Any]]]:
    """Return the column of audio, if it is known, and the rows as they are stored."""
    if dataset.features is None:
        return None, _told(iter(dataset.with_format(None)))
    column = _only_one(audio_columns(dataset.features), dataset.features)
    dataset = dataset.select_columns([column])
    return column, _told(iter(as_stored(dataset, column)))


def _told(rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Name the row in what data sets raise, of any kind, with keys in some texts."""
    number = 0
    while True:
        try:
            row = next(rows, None)
        except ImportError:
            raise
        except Exception as error:
            kind = type(error).__name__
            raise OSError(
                f"Row {number:,} of the data set cannot be read ({kind}). Does it come "
                "when you iterate over the data set yourself? The same call resumes."
            ) from None
        if row is None:
            return
        yield row
        number += 1


def _only_cell(row: Mapping[str, Any], number: int) -> Any:
    """Return the sound of a row whose columns are of unknown types."""
    found = [name for name, cell in row.items() if is_encoded(cell)]
    return row[_only_one(found, row, f"row {number:,}, whose types are not known")]


def _only_one(
    found: list[str], columns: Mapping[str, Any], what: str = "a data set"
) -> str:
    if len(found) != 1:
        raise ValueError(
            "A data set must have one column of encoded audio. Received: "
            f"{what} with {len(found)} such columns among "
            f"{', '.join(map(repr, columns))}. {_ADVICE}"
        )
    return found[0]


def _clip(cell: Mapping[str, Any] | None, number: int) -> Clip:
    content, path = (cell or {}).get("bytes"), (cell or {}).get("path")
    name = path or f"row {number}"
    if content is not None:
        own = hashlib.blake2b(content, digest_size=DIGEST).digest()
        return Clip(
            shown(name),
            offset=number,
            size=len(content),
            content=bytes(content),
            identity=_digest(path and lasting(path), own),
        )
    if path:
        return file_clip(path)
    told = f"Row {number} of the data set has no audio."
    return Clip(name, offset=number, problem=told, kind="bad row")


def _digest(*what: Any) -> bytes:
    text = repr(what).encode(errors="backslashreplace")
    return hashlib.blake2b(text, digest_size=DIGEST).digest()
