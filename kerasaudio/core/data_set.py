"""Hugging Face data sets, as far as they are known without importing `datasets`."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

_CELL = {"bytes", "path"}  # what is stored of a sound


class DataSet(Protocol):
    """A `datasets.Dataset` or `datasets.IterableDataset`."""

    @property
    def column_names(self) -> Any:
        """Names of the columns."""

    @property
    def features(self) -> Any:
        """Type of each column; None if they are not known."""


def is_data_set(value: Any) -> bool:
    """Return whether this is a Hugging Face data set, of either kind."""
    return hasattr(value, "column_names") and hasattr(value, "features")


def audio_columns(features: Mapping[str, Any]) -> list[str]:
    """Return the names of the columns with sounds: Audio, or its bytes and paths."""
    return [name for name, kind in features.items() if _is_audio(kind)]


def as_stored(dataset: Any, column: str) -> Any:
    """Return a data set whose rows have a sound as it is stored, not decoded."""
    kind: Any = (dataset.features or {}).get(column)
    if hasattr(kind, "decode"):
        encoded = dataclasses.replace(kind, decode=False)
        dataset = dataset.cast_column(column, encoded)
    return dataset.with_format(None)


def is_encoded(cell: Any) -> bool:
    """Return whether a value is a sound as it is stored: its bytes, its path."""
    return isinstance(cell, Mapping) and "bytes" in cell and set(cell) <= _CELL


def _is_audio(kind: Any) -> bool:
    return type(kind).__name__ == "Audio" or is_encoded(kind)
