"""Results as Parquet: the rows of a block, and its errors.

Rows: path, member and offset (in a tar; else null), start and end in seconds, then
embedding (float32 list of fixed length); or tags (list of label, score); or label and
score of an event; then model, weights_hash, kerasaudio_version. Errors: path, member,
offset, start and end of the clip (null for all of it), kind, error.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.corpus.clips import Clip
from kerasaudio.corpus.tasks import Result
from kerasaudio.features.parquet import (
    constant_column,
    utf8,
    vector_column,
)

_GROUP = 4096  # rows of a row group, which readers hold in memory


def write_rows(
    out: Path, results: Sequence[Result], task: str, constants: Mapping[str, str]
) -> int:
    """Write the rows of results; return their number, without a file if it is 0."""
    import pyarrow as pa

    rows = [(r.clip, row) for r in results for row in r.rows]
    if not rows:
        return 0
    begins = np.array([clip.start or 0.0 for clip, _ in rows])
    values = [value for _, (_, _, value) in rows]
    columns = {
        **_named(clip for clip, _ in rows),
        "start": pa.array(begins + [start for _, (start, _, _) in rows]),
        "end": pa.array(begins + [end for _, (_, end, _) in rows]),
        **_VALUES[task](values),
        **{name: constant_column(v, len(rows)) for name, v in constants.items()},
    }
    _write(out, columns)
    return len(rows)


def write_errors(out: Path, results: Sequence[Result]) -> int:
    """Write the errors of results; return their number, without a file if it is 0."""
    import pyarrow as pa

    bad = [result for result in results if result.error is not None]
    if not bad:
        return 0
    columns = {
        **_named(result.clip for result in bad),
        "start": pa.array([result.clip.start for result in bad], pa.float64()),
        "end": pa.array([result.clip.end for result in bad], pa.float64()),
        "kind": pa.array([result.kind for result in bad], pa.string()),
        "error": pa.array([utf8(result.error or "") for result in bad], pa.string()),
    }
    _write(out, columns)
    return len(bad)


def schema_text(task: str, width: int | None, constants: Sequence[str]) -> list[str]:
    """Return the columns of a task's rows as text, to compare outputs."""
    value = {
        "embed": [f"embedding: float32[{width}]"],
        "tag": ["tags: list<label: string, score: float32>"],
        "detect": ["label: string", "score: float32"],
    }
    names = ["path: string", "member: string", "offset: int64"]
    times = ["start: float64", "end: float64"]
    return [*names, *times, *value[task], *(f"{name}: string" for name in constants)]


def _named(clips: Iterator[Clip]) -> dict[str, Any]:
    import pyarrow as pa

    listed = list(clips)
    members = [None if c.member is None else utf8(c.member) for c in listed]
    return {
        "path": pa.array([utf8(clip.path) for clip in listed], pa.string()),
        "member": pa.array(members, pa.string()),
        "offset": pa.array([clip.offset for clip in listed], pa.int64()),
    }


def _embeddings(values: Sequence[Any]) -> dict[str, Any]:
    return {"embedding": vector_column(np.stack(values))}


def _tags(values: Sequence[Any]) -> dict[str, Any]:
    import pyarrow as pa

    tag = pa.struct([("label", pa.string()), ("score", pa.float32())])
    named = [[{"label": name, "score": s} for name, s in tags] for tags in values]
    return {"tags": pa.array(named, pa.list_(tag))}


def _events(values: Sequence[Any]) -> dict[str, Any]:
    import pyarrow as pa

    return {
        "label": pa.array([label for label, _ in values], pa.string()),
        "score": pa.array([score for _, score in values], pa.float32()),
    }


_VALUES = {"embed": _embeddings, "tag": _tags, "detect": _events}


def _write(out: Path, columns: Mapping[str, Any]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(
        pa.table(columns), out, row_group_size=_GROUP, write_page_checksum=True
    )
