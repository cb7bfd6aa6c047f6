"""Identify the version of a file that was read."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)  # there may be millions
class FileState:
    """The version of a file that was read: path, size and time of change."""

    path: str
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the state of a file.

        Raises:
            OSError: The file is missing or not accessible.
        """
        status = path.stat()
        return cls(os.path.abspath(path), status.st_size, status.st_mtime_ns)
