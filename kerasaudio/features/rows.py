"""What is known of the sound in a file: vectors and times, or why there are none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Vectors of one file, with the times they stand for.

    Attributes:
        vectors: float32 (rows, features).
        starts: Seconds, float64 (rows,).
        ends: Seconds, float64 (rows,).
    """

    vectors: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def to_bytes(self) -> bytes:
        """Return the numbers, little-endian, in the order of the attributes."""
        return b"".join(
            [
                self.vectors.astype("<f4").tobytes(),
                self.starts.astype("<f8").tobytes(),
                self.ends.astype("<f8").tobytes(),
            ]
        )

    @classmethod
    def from_bytes(cls, content: bytes, rows: int, width: int) -> Self:
        """Read what `to_bytes` gave."""
        split = rows * width * 4
        times = np.frombuffer(content[split:], "<f8").reshape(2, rows)
        vectors = np.frombuffer(content[:split], "<f4").reshape(rows, width)
        return cls(vectors, *times)


@dataclass(frozen=True)
class Failed:
    """A file without vectors.

    Attributes:
        path: The file.
        error: Why.

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
    """What a table to be written will hold.

    Attributes:
        longest_path: Of the paths in the table, in characters.
        rows: Number of rows.
        width: Number of features.
        failed: Files without rows.
        origin: What made the rows.
        contents: Hash of which files in which state the rows stand for, if known.
    """

    longest_path: int
    rows: int
    width: int
    failed: tuple[Failed, ...]
    origin: Mapping[str, Any]
    contents: str | None = None

    @property
    def constants(self) -> dict[str, str]:
        """What is the same for every row and known to those who see only the table."""
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
