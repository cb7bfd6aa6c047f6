"""Which content of a file was read."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)  # there may be millions
class FileState:
    """Which content of a file was read: its path, size and time of change."""

    path: str
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at a file.

        Raises:
            OSError: It cannot be looked at.
        """
        status = path.stat()
        return cls(os.path.abspath(path), status.st_size, status.st_mtime_ns)
