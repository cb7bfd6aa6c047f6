"""Tables of features as Parquet, written by row groups, with pyarrow.

Columns: path, start, end, embedding (float32 list of fixed length), model,
weights_hash, kerasaudio_version. The metadata `kerasaudio` holds the facts (JSON),
`kerasaudio_crc32` the checksum of the facts and the number of rows; the pages have
checksums of their own.
"""

import contextlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.extras import install
from kerasaudio.features.rows import Plan, Rows

_CHECKSUM = b"kerasaudio_crc32"
_GROUP = 4096  # rows held in memory
_NAMES = ("path", "start", "end", "embedding")
# Columns that are the same in every row, with their names in the facts.
_ORIGIN = {
    "model": "model",
    "weights_hash": "weights_hash",
    "kerasaudio_version": "kerasaudio",
}


class _UnfitError(ValueError):
    """A Parquet file that is whole, but has other columns."""


def check_installed(advice: str = "Or use a .npz file.") -> None:
    """Raise unless pyarrow is installed.

    Args:
        advice: What else can be done, a sentence.

    Raises:
        ImportError: pyarrow is missing; the message says what to install.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"Parquet files need pyarrow: {install('parquet')}. {advice}".rstrip()
        ) from error


def write(out: Path, plan: Plan, pieces: Iterator[tuple[Path, Rows]]) -> None:
    """Write a table; `pieces` is iterated once."""
    import pyarrow as pa
    from pyarrow import parquet

    facts = plan.facts().encode()
    schema = pa.schema(
        [
            ("path", pa.string()),
            ("start", pa.float64()),
            ("end", pa.float64()),
            ("embedding", pa.list_(pa.float32(), plan.width)),
            *((name, constant_type()) for name in plan.constants),
        ],
        metadata={b"kerasaudio": facts, _CHECKSUM: _checksum(facts, plan.rows)},
    )
    with parquet.ParquetWriter(out, schema, write_page_checksum=True) as writer:
        for group in _groups(pieces):
            vectors = np.concatenate([rows.vectors for _, rows in group])
            names = [utf8(path) for path, rows in group for _ in rows.starts]
            columns = [
                pa.array(names, pa.string()),
                pa.array(np.concatenate([rows.starts for _, rows in group])),
                pa.array(np.concatenate([rows.ends for _, rows in group])),
                vector_column(vectors),
                *(constant_column(v, len(vectors)) for v in plan.constants.values()),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _groups(pieces: Iterator[tuple[Path, Rows]]) -> Iterator[list[tuple[Path, Rows]]]:
    group: list[tuple[Path, Rows]] = []
    count = 0
    for piece in pieces:
        group.append(piece)
        count += len(piece[1].vectors)
        if count >= _GROUP:
            yield group
            group, count = [], 0
    if group:
        yield group


def constant_type() -> Any:
    """Return the type of a column with the same text in every row."""
    import pyarrow as pa

    return pa.dictionary(pa.int32(), pa.string())


def constant_column(value: str, rows: int) -> Any:
    """Return a column with the same text in every row."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array([value])
    )


def vector_column(vectors: np.ndarray) -> Any:
    """Return a column of the rows of float32 (rows, features)."""
    import pyarrow as pa

    flat = pa.array(vectors.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def utf8(path: Path | str) -> str:
    """Return a path as text for Parquet, which cannot hold names that are not UTF-8."""
    return str(path).encode(errors="backslashreplace").decode()


def read(file: Path) -> tuple[dict[str, Any], str]:
    """Return the columns by name, and the facts.

    Raises:
        ValueError: The file is not such a table, or is damaged.
        OSError: It cannot be read.
    """
    with _opened(file) as table:
        facts = _facts(table)
        return _columns(table.read([*_NAMES])), facts


def _columns(rows: Any) -> dict[str, Any]:
    lists = rows["embedding"].combine_chunks()
    flat = lists.flatten().to_numpy(zero_copy_only=False)
    vectors = flat.reshape(len(rows), lists.type.list_size)
    named = {name: rows[name].to_pylist() for name in ("path", "start", "end")}
    if not all(isinstance(path, str) for path in named["path"]):
        raise ValueError("its paths are not text")
    return named | {"embedding": vectors}


def describe(file: Path) -> tuple[int, int, dict[str, Any]]:
    """Return the number of rows and of features, and the origin of the vectors.

    Tables of other programs need columns path and embedding. Their origin is what the
    columns model, weights_hash and kerasaudio_version say, which may be missing.

    Raises:
        ValueError: The file is not such a table, is damaged, or holds vectors of more
            than one model.
        OSError: It cannot be read.
    """
    with _opened(file) as table:
        schema = table.schema_arrow
        _check_schema(schema)
        if b"kerasaudio" in (table.metadata.metadata or {}):
            origin = dict(json.loads(_facts(table))["origin"])
        else:
            origin = _origin(table, schema)
        width = schema.field("embedding").type.list_size
        return table.metadata.num_rows, width, origin


def _check_schema(schema: Any) -> None:
    import pyarrow as pa

    for name in ("path", "embedding"):
        if schema.get_field_index(name) < 0:
            raise _UnfitError(f"there is no column {name!r}, only {schema.names}")
    kind = schema.field("embedding").type
    if not pa.types.is_fixed_size_list(kind) or kind.value_type != pa.float32():
        raise _UnfitError(
            f"its column 'embedding' is {kind}, not lists of float32 of a fixed length"
        )
    for name in ("start", "end"):
        there = schema.get_field_index(name) >= 0
        if there and not pa.types.is_floating(schema.field(name).type):
            raise _UnfitError(f"its column {name!r} is {schema.field(name).type}")


def _origin(table: Any, schema: Any) -> dict[str, Any]:
    """Return the values of the columns that are the same in all rows."""
    there = {column: key for column, key in _ORIGIN.items() if column in schema.names}
    values: dict[str, set[Any]] = {column: set() for column in there}
    for rows in table.iter_batches(_GROUP, columns=[*there]):
        for column in there:
            values[column].update(rows[column].unique().to_pylist())
    several = [column for column, found in values.items() if len(found) > 1]
    if several:
        raise _UnfitError(f"its rows differ in {' and '.join(several)}")
    return {there[column]: value for column, found in values.items() for value in found}


def batches(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows in order, up to 4096 at a time, in bounded memory.

    A batch has path (list), embedding, float32 (rows, features), and start and end,
    float64 (rows,), NaN where they are unknown. The path of a sound in a tar is that of
    the tar, a slash, and the column member.

    Raises:
        ValueError: The file is not such a table, or is damaged.
        OSError: It cannot be read.
    """
    with _opened(file) as table:
        schema = table.schema_arrow
        _check_schema(schema)
        columns = [name for name in (*_NAMES, "member") if name in schema.names]
        for rows in table.iter_batches(_GROUP, columns=columns):
            lists = rows["embedding"]
            values = lists.flatten()
            if lists.null_count or values.null_count:
                raise _UnfitError("its embeddings have nulls")
            flat = values.to_numpy(zero_copy_only=False)
            paths = rows["path"].to_pylist()
            if not all(isinstance(path, str) for path in paths):
                raise _UnfitError("its paths are not text")
            if "member" in columns:
                members = rows["member"].to_pylist()
                paths = [
                    path if member is None else f"{path}/{member}"
                    for path, member in zip(paths, members, strict=True)
                ]
            yield {
                "path": paths,
                "embedding": flat.reshape(len(rows), lists.type.list_size),
                **{name: _times(rows, name, schema) for name in ("start", "end")},
            }


def _times(rows: Any, name: str, schema: Any) -> np.ndarray:
    if name not in schema.names:
        return np.full(len(rows), np.nan)
    return rows[name].to_numpy(zero_copy_only=False).astype("float64")


def read_facts(file: Path) -> str:
    """Return the facts only.

    Raises:
        ValueError: The file is not such a table.
        OSError: It cannot be read.
    """
    with _opened(file) as table:
        return _facts(table)


def is_whole(file: Path) -> bool:
    """Return whether the pages of a table are unchanged since they were written.

    Raises:
        OSError: It cannot be read.
    """
    try:
        with _opened(file) as table:
            _facts(table)
            for group in range(table.num_row_groups):
                _columns(table.read_row_group(group))
    except ValueError:
        return False
    return True


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    with file.open("rb"):  # Python's own message if it is missing or not readable
        pass
    try:
        with parquet.ParquetFile(file, page_checksum_verification=True) as table:
            yield table
    except _UnfitError:
        raise
    except (
        pa.ArrowException,
        KeyError,
        AttributeError,
        TypeError,
        ValueError,
        MemoryError,
    ) as error:
        raise ValueError(f"it is not a complete Parquet file ({error})") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"it is not a complete Parquet file ({error})") from error


def _facts(table: Any) -> str:
    """Return the facts, checked against their own checksum."""
    metadata = table.metadata.metadata or {}
    facts = metadata[b"kerasaudio"]
    sealed = _checksum(facts, table.metadata.num_rows)
    if metadata.get(_CHECKSUM, sealed) != sealed:
        raise ValueError("its facts or its number of rows were changed")
    return str(facts.decode())


def _checksum(facts: bytes, rows: int) -> bytes:
    return b"%d" % zlib.crc32(b"%d rows\n" % rows + facts)
