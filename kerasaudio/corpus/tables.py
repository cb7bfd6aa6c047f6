"""Clips that a table lists: CSV or Parquet, with paths, and often starts and ends."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerasaudio.corpus import addresses
from kerasaudio.corpus.clips import Clip, clip_in
from kerasaudio.corpus.hidden import shown
from kerasaudio.datasets.rows import iter_rows, require_columns
from kerasaudio.features import parquet

SUFFIXES = (".csv", ".tsv", ".parquet")
_COLUMNS = ("path", "start", "end")


def table_clips(table: str) -> Iterator[Clip]:
    """Yield the clips of a table, one per row.

    Paths are relative to the folder of the table. Empty cells of start and end mean the
    beginning and the end of the file. A row with impossible times is a clip with a
    problem.

    Raises:
        ValueError: The table has no column "path", or is damaged.
        OSError: It cannot be read.
    """
    folder = addresses.parent(table)
    is_parquet = addresses.without_query(table).lower().endswith(".parquet")
    read = _parquet_rows if is_parquet else _text_rows
    for number, row in enumerate(read(table), start=1):
        yield _clip(row, folder, f"row {number:,} of {shown(table)}")


def _text_rows(table: str) -> Iterator[Mapping[str, Any]]:
    if addresses.is_address(table):
        raise ValueError(
            f"A CSV file must be on this machine, its paths can be addresses. Download "
            f"it, or pass a Parquet file. Received: {shown(table)!r}."
        )
    return iter(iter_rows(Path(table), ["path"]))


def _parquet_rows(table: str) -> Iterator[Mapping[str, Any]]:
    parquet.check_installed("Or use a .csv file.")
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with addresses.opened(table) as file:
        try:
            with ParquetFile(file) as content:
                names = content.schema_arrow.names
                require_columns(names, ["path"], shown(table))
                columns = [name for name in _COLUMNS if name in names]
                for batch in content.iter_batches(columns=columns):
                    yield from batch.to_pylist()
        except addresses.AddressError:
            raise
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            told = f"{shown(table)} is not a Parquet table: {error}."
            raise ValueError(told) from error


def _clip(row: Mapping[str, Any], folder: str, where: str) -> Clip:
    path, problem = row["path"], None
    if not isinstance(path, str) or not path.strip() or "\0" in path:
        path, problem = shown(str(path)), f"The path in {where} is empty or no text."
    else:
        path = addresses.joined(folder, path)
    start, end = row.get("start"), row.get("end")
    times = _seconds(start), _seconds(end)
    if problem is None and not _possible(*times):
        problem = (
            f"The times in {where} are not possible: start {start!r}, end {end!r}. "
            "Seconds from 0 on are, with the end after the start."
        )
    if problem is not None:
        return clip_in(path, problem=problem, kind="bad row")
    return clip_in(path, start=times[0], end=times[1])


def _seconds(cell: Any) -> float | None:
    """Return a time; None for an empty cell, -1 for what is no time."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    try:
        time = float(cell)
    except (TypeError, ValueError):
        return -1.0
    if math.isnan(time) and not isinstance(cell, str):
        return None  # how pandas writes an empty cell
    return time if math.isfinite(time) else -1.0


def _possible(start: float | None, end: float | None) -> bool:
    first = 0.0 if start is None else start
    return first >= 0 and (end is None or end > first)
