"""The manifest of an index on disk: what its other files are, with a checksum."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from kerasaudio.files.whole_file import write_text
from kerasaudio.files.workplace import remove_dead
from kerasaudio.similarity.disk.data_set import Source
from kerasaudio.similarity.distances import METRICS

NAME = "manifest.json"
DATA, ADDED = "data", "added"  # names of parts begin so
FORMAT = 1


class StaleIndexError(ValueError):
    """Files of the data set are new, changed or missing since it was indexed."""


@dataclass(frozen=True)
class Manifest:
    """What an index consists of.

    Attributes:
        metric: "cosine" or "euclidean".
        width: Number of features.
        origin: Facts about the model that made the vectors.
        faiss: Version of faiss that made the codes.
        sources: Files of the data set.
        parts: Number of rows of each part by name; the first are those of the sources,
            the second those that were added.
    """

    metric: str
    width: int
    origin: Mapping[str, Any]
    faiss: str
    sources: tuple[Source, ...]
    parts: Mapping[str, int] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write it to a folder, replacing another one.

        Raises:
            OSError: It cannot be written.
        """
        content = {"kerasaudio_disk_index": FORMAT, **asdict(self)}
        text = json.dumps({"content": content, "sha256": _hash(content)})
        write_text(folder / NAME, text)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest in a folder.

        Raises:
            ValueError: It is damaged, or has another format.
            OSError: It is missing or cannot be read.
        """
        content = (folder / NAME).read_bytes()
        try:
            read = json.loads(content)
            facts = read["content"]
            if read["sha256"] != _hash(facts):
                raise ValueError("its manifest is damaged")
            form = facts.pop("kerasaudio_disk_index")
            if form != FORMAT:
                raise ValueError(
                    f"its format is {form!r}, but this version reads only {FORMAT}"
                )
            facts["sources"] = tuple(Source(*source) for source in facts["sources"])
            manifest = cls(**facts)
            manifest._check()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as bad:
            raise ValueError(
                f"{str(folder / NAME)!r} cannot be read as the manifest of an index of "
                f"kerasaudio: {bad}."
            ) from bad
        return manifest

    def _check(self) -> None:
        # Names become paths.
        if not all(name.isalnum() for name in self.parts) or not self.parts:
            raise ValueError(f"its parts are {[*self.parts]}")
        numbers = [self.width, *self.parts.values()]
        if not all(type(number) is int and number > 0 for number in numbers):
            raise ValueError(f"its sizes are {numbers}")
        if self.metric not in METRICS:
            raise ValueError(f"its metric is {self.metric!r}")


def part_name(kind: str, *contents: object) -> str:
    """Return the name of a part: parts with other contents have other names.

    So who opens an index while it is replaced cannot mix files of both.

    Args:
        kind: `DATA` or `ADDED`.
        *contents: What determines its content.
    """
    return f"{kind}{hashlib.sha256(repr(contents).encode()).hexdigest()[:16]}"


def check_free(folder: Path, overwrite: bool) -> None:
    """Raise unless a folder can be replaced by an index.

    Args:
        folder: The folder, which may be missing.
        overwrite: Whether an index with vectors that were added can be replaced.

    Raises:
        FileExistsError: It holds something else, or vectors that were added.
    """
    remove_dead(folder)
    if not folder.is_dir():
        names = [folder.name] if folder.exists() else []
    else:
        names = [path.name for path in folder.iterdir()]
    if not all(name == NAME or name.startswith((DATA, ADDED)) for name in names):
        raise FileExistsError(
            f"{str(folder)!r} already exists, and is not an index. Pass another folder."
        )
    try:
        has_more = bool(names) and len(Manifest.read(folder).parts) > 1
    except (ValueError, OSError):
        has_more = any(name.startswith(ADDED) for name in names)
    if has_more and not overwrite:
        raise FileExistsError(
            f"The index in {str(folder)!r} has vectors that were added and saved, and "
            "are not in the data set. Pass overwrite=True to drop them."
        )


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
