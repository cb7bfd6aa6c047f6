"""The result for a file: vectors with times, or the reason why there are none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Vectors of one file with their times.

    Attributes:
        vectors: Vectors, float32 (rows, features).
        starts: Start of each row's sound in seconds, float64 (rows,).
        ends: End of each row's sound in seconds, float64 (rows,).
    """

    vectors: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def to_bytes(self) -> bytes:
        """Return the values, little-endian, in the order of the attributes."""
        return b"".join(
            [
                self.vectors.astype("<f4").tobytes(),
                self.starts.astype("<f8").tobytes(),
                self.ends.astype("<f8").tobytes(),
            ]
        )

    @classmethod
    def from_bytes(cls, content: bytes, rows: int, width: int) -> Self:
        """Read the result of `to_bytes`."""
        split = rows * width * 4
        times = np.frombuffer(content[split:], "<f8").reshape(2, rows)
        vectors = np.frombuffer(content[:split], "<f4").reshape(rows, width)
        return cls(vectors, *times)


@dataclass(frozen=True)
class Failed:
    """A file without vectors.

    Attributes:
        path: Path of the file.
        error: Reason why it has no vectors.

    Examples:
        >>> open("empty.wav", "wb").close()
        >>> extractor = kerasaudio.FeatureExtractor("BarkNet/esc10")
        >>> features = extractor.extract(["sounds", "empty.wav"])
        >>> [failed.path.name for failed in features.failed]
        ['empty.wav']
    """

    path: Path
    error: str


@dataclass(frozen=True)
class Plan:
    """Size and facts of a table to be written.

    Attributes:
        longest_path: Length of the longest path in the table, in characters.
        rows: Number of rows.
        width: Number of features.
        failed: Files without rows.
        origin: Facts about the extractor that made the rows.
        contents: Hash of the files and their state; None if unknown.
    """

    longest_path: int
    rows: int
    width: int
    failed: tuple[Failed, ...]
    origin: Mapping[str, Any]
    contents: str | None = None

    @property
    def constants(self) -> dict[str, str]:
        """Values that are the same in every row, for readers without the metadata."""
        return {
            "model": str(self.origin.get("model")),
            "weights_hash": str(self.origin.get("weights_hash")),
            "kerasaudio_version": str(self.origin.get("kerasaudio")),
        }

    def facts(self) -> str:
        """Return origin, contents and failures as JSON."""
        failed = [[str(f.path), f.error] for f in self.failed]
        return json.dumps(
            {"origin": dict(self.origin), "contents": self.contents, "failed": failed}
        )
