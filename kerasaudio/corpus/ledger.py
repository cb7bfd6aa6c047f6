"""The list of blocks that are committed: what is not in it does not exist.

A magic line, then a record for each block (see `files.records`): its parts, files of
rows and of errors, with their sizes and the digests of their clips; and its numbers.
Records are only ever added, each in one write; what a killed process wrote of one is
cut off by the next run.
"""

import base64
import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from kerasaudio.corpus.clips import DIGEST
from kerasaudio.files.records import read_record, record, write_all

_MAGIC = b"kerasaudio corpus 1\n"


@dataclass(frozen=True)
class Part:
    """A file of a block, and the clips that are done with it.

    Attributes:
        file: Path in the output; None if the clips have no rows (no events).
        size: Its size in bytes.
        rows: Number of its rows.
        digests: Digests of the clips, joined.
    """

    file: str | None
    size: int
    rows: int
    digests: bytes

    @property
    def clips(self) -> int:
        """Number of clips."""
        return len(self.digests) // DIGEST

    def is_whole(self, out: Path) -> bool:
        """Return whether the file is there, as long as it was."""
        if self.file is None:
            return True
        try:
            return (out / self.file).stat().st_size == self.size
        except OSError:
            return False


@dataclass(frozen=True)
class Block:
    """What is committed at once.

    Attributes:
        parts: "rows" and "errors", or one of them.
        seconds: Length of the clips, in seconds.
        bytes: Their size, as files.
        kinds: Number of errors of each kind.
    """

    parts: Mapping[str, Part]
    seconds: float = 0.0
    bytes: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)


class Ledger:
    """The ledger of an output folder; the caller holds the folder's lock."""

    def __init__(self, path: Path) -> None:
        """Read the ledger, or begin one.

        Raises:
            ValueError: The file is not a ledger.
            OSError: It cannot be read or written.
        """
        self.blocks: list[Block] = []
        self._file: IO[bytes] = open(path, "ab+", buffering=0)  # noqa: SIM115
        try:
            self._file.seek(0)
            if not self._file.seek(0, os.SEEK_END):
                self._write(_MAGIC)
            self._file.seek(0)
            with open(path, "rb") as content:
                if content.read(len(_MAGIC)) != _MAGIC:
                    raise ValueError(
                        f"{str(path)!r} is damaged, or is not of this version of "
                        "kerasaudio. Use another folder."
                    )
                end = content.tell()
                for block in _blocks(content):
                    self.blocks.append(block)
                    end = content.tell()
            self._file.truncate(end)  # a record that was not finished
        except BaseException:
            self._file.close()
            raise

    def add(self, block: Block) -> None:
        """Commit a block.

        Raises:
            OSError: The disk is full or fails; the ledger is as before.
        """
        facts = asdict(block)
        for part in facts["parts"].values():
            part["digests"] = base64.b64encode(part["digests"]).decode()
        self._write(record(facts))
        self.blocks.append(block)

    def _write(self, content: bytes) -> None:
        begin = self._file.seek(0, os.SEEK_END)
        try:
            write_all(self._file, content)
            os.fsync(self._file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(begin)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _blocks(content: IO[bytes]) -> Iterator[Block]:
    while facts := read_record(content):
        try:
            parts = {
                name: Part(**{**part, "digests": base64.b64decode(part["digests"])})
                for name, part in facts.pop("parts").items()
            }
            block = Block(parts, **facts)
        except (TypeError, KeyError, AttributeError, ValueError):
            return  # complete, but not written by kerasaudio
        if any(len(part.digests) % DIGEST for part in parts.values()):
            return
        yield block
