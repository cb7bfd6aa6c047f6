"""Tables of features as Parquet, written row group by row group, by pyarrow.

Columns: path, start, end, embedding (float32 list of fixed length), model,
weights_hash, kerasaudio_version. The metadata `kerasaudio` holds the facts (JSON).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.features.rows import Plan, Rows

_GROUP = 4096  # rows that are held in memory


def check_installed() -> None:
    """Raise unless pyarrow is there.

    Raises:
        ImportError: It is not, with what to install.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'Parquet files need pyarrow: pip install "kerasaudio[parquet]". Or choose '
            "a .npz file."
        ) from error


def write(out: Path, plan: Plan, pieces: Iterator[tuple[Path, Rows]]) -> None:
    """Write a table; the rows are read once."""
    import pyarrow as pa
    from pyarrow import parquet

    words = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [
            ("path", pa.string()),
            ("start", pa.float64()),
            ("end", pa.float64()),
            ("embedding", pa.list_(pa.float32(), plan.width)),
            *((name, words) for name in plan.constants),
        ],
        metadata={"kerasaudio": plan.facts()},
    )
    with parquet.ParquetWriter(out, schema) as writer:
        for group in _groups(pieces):
            vectors = np.concatenate([rows.vectors for _, rows in group])
            names = [_utf8(path) for path, rows in group for _ in rows.starts]
            columns = [
                pa.array(names, pa.string()),
                pa.array(np.concatenate([rows.starts for _, rows in group])),
                pa.array(np.concatenate([rows.ends for _, rows in group])),
                pa.FixedSizeListArray.from_arrays(
                    pa.array(vectors.reshape(-1)), plan.width
                ),
                *(
                    pa.DictionaryArray.from_arrays(
                        pa.array(np.zeros(len(vectors), np.int32)), pa.array([value])
                    )
                    for value in plan.constants.values()
                ),
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


def _utf8(path: Path) -> str:
    # A name that is not UTF-8 cannot stand in Parquet as it is.
    return str(path).encode(errors="backslashreplace").decode()


def read(file: Path) -> tuple[dict[str, Any], str]:
    """Give the columns by name, and the facts.

    Raises:
        ValueError: The file is no such table.
    """
    import pyarrow as pa
    from pyarrow import parquet

    facts = read_facts(file)
    try:
        table = parquet.read_table(
            file, columns=["path", "start", "end", "embedding"], memory_map=False
        )
        lists = table["embedding"].combine_chunks()
        width = lists.type.list_size
        flat = lists.flatten().to_numpy(zero_copy_only=False)
    except (pa.ArrowException, KeyError, AttributeError) as error:
        raise ValueError(f"{str(file)!r} is no table of features: {error}.") from error
    columns = {name: table[name].to_pylist() for name in ("path", "start", "end")}
    return columns | {"embedding": flat.reshape(-1, width)}, facts


def read_facts(file: Path) -> str:
    """Give the facts only.

    Raises:
        ValueError: The file is no such table.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        metadata = parquet.read_schema(file).metadata or {}
        return metadata[b"kerasaudio"].decode()
    except (pa.ArrowException, KeyError) as error:
        raise ValueError(f"{str(file)!r} is no table of features: {error}.") from error
