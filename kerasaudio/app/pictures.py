"""The pictures for what is heard: folders of frames of the user, or our own drawings.

folder/LABEL/frame-000.png, frame-001.png, ... are shown one after the other. Our own
drawings have two poses, which the page shows by the loudness of the sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.app.subjects import POSES, QUIET, SUBJECTS, Subject
from kerasaudio.text import did_you_mean, printable

MOST_FRAMES = 2_000
MOST_FRAME_BYTES = 4 * 2**20
_LEAST_SCORE = 0.02  # lower ones are not sent
_MOST_SENT = 6
# First bytes of what browsers show; the fourth is WebP, after the length of its file.
_KINDS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


@dataclass(frozen=True)
class Frame:
    """A picture of a file, or in memory; `content` is None for files."""

    kind: str
    path: Path | None = None
    content: bytes | None = None


@dataclass(frozen=True)
class PictureSet:
    """The pictures of one thing that can be heard.

    Attributes:
        title: What is told of it.
        columns: Its labels' places in the scores.
        frames: Its pictures.
        is_film: Whether they follow each other in time; otherwise they are poses, the
            last of which is the loudest.
        is_usual: Whether it is shown outside children's mode.
        is_animal: Whether it is shown in children's mode.
    """

    title: str
    columns: tuple[int, ...]
    frames: tuple[Frame, ...]
    is_film: bool = False
    is_usual: bool = True
    is_animal: bool = False

    def facts(self) -> dict[str, Any]:
        """Return what the page knows of it."""
        return {
            "title": self.title,
            "frames": len(self.frames),
            "isFilm": self.is_film,
            "isUsual": self.is_usual,
            "isAnimal": self.is_animal,
        }


class Pictures:
    """All pictures of a server.

    Args:
        labels: Labels of the model.
        folder: Folder with one folder a label, or a drawing's name; None for our own
            drawings. Those are shown in children's mode even so.

    Attributes:
        sets: The pictures; the first is for what is not heard.

    Raises:
        ValueError: The folder is empty, has a folder that is no label, without pictures
            or with more than 2,000, or a file that is none.
        OSError: It cannot be read.
    """

    def __init__(
        self, labels: Sequence[str], folder: str | PathLike[str] | None = None
    ) -> None:
        places = {_plain(label): place for place, label in enumerate(labels)}
        films = {} if folder is None else _films(Path(folder), labels)
        drawn = []
        for subject in SUBJECTS:
            columns = _columns(subject, places)
            film = films.pop(subject.name, None) if columns else None
            if film is not None:
                drawn.append(
                    PictureSet(
                        subject.title, columns, film, True, True, subject.is_animal
                    )
                )
            elif columns and (folder is None or subject.is_animal):
                drawn.append(_drawing(subject, columns, folder is None))
        own = []
        for name, film in films.items():
            column = _label(name, labels)
            if column is None:
                known = [*labels, *(subject.name for subject in SUBJECTS)]
                raise ValueError(
                    f"{printable(Path(str(folder)) / name)}: {name!r} is neither a "
                    "label of the model nor the name of a drawing."
                    f"{did_you_mean(name, known)}"
                )
            own.append(PictureSet(labels[column], (column,), film, True))
        self.sets = [_drawing(QUIET, (), True), *own, *drawn]

    def scores(self, scores: np.ndarray) -> list[tuple[int, float]]:
        """Return (set, score) of what is heard, best first: of each its best label."""
        found = [
            (number, float(scores[list(each.columns)].max()))
            for number, each in enumerate(self.sets)
            if each.columns
        ]
        found = [each for each in found if each[1] >= _LEAST_SCORE]
        # Both modes have some of theirs.
        best = sorted(found, key=lambda each: -each[1])
        animals = [each for each in best if self.sets[each[0]].is_animal][:2]
        others = [each for each in best if each not in animals]
        return sorted(
            animals + others[: _MOST_SENT - len(animals)], key=lambda each: -each[1]
        )


def _plain(label: str) -> str:
    return label.replace("_", " ").strip().lower()


def _columns(subject: Subject, places: dict[str, int]) -> tuple[int, ...]:
    named = (places.get(_plain(label)) for label in (subject.name, *subject.labels))
    return tuple(sorted({place for place in named if place is not None}))


def _label(name: str, labels: Sequence[str]) -> int | None:
    """Return the place of the label that a folder is named after, "/" being "_"."""
    if name in labels:
        return labels.index(name)
    alike = [_plain(label.replace("/", "_")) for label in labels]
    return alike.index(_plain(name)) if _plain(name) in alike else None


def _drawing(subject: Subject, columns: tuple[int, ...], is_usual: bool) -> PictureSet:
    folder = files("kerasaudio.app") / "drawings"
    frames = tuple(
        Frame(
            "image/svg+xml",
            content=(folder / f"{subject.name}-{pose}.svg").read_bytes(),
        )
        for pose in range(POSES)
    )
    return PictureSet(
        subject.title, columns, frames, False, is_usual, subject.is_animal
    )


def _films(folder: Path, labels: Sequence[str]) -> dict[str, tuple[Frame, ...]]:
    if not folder.is_dir():
        raise ValueError(f"There is no folder {printable(folder)}.")
    inside = sorted(each for each in folder.iterdir() if each.is_dir())
    if not inside:
        raise ValueError(
            f"{printable(folder)} has no folders. Put frames into one folder a label, "
            f"such as {printable(folder / labels[0].replace('/', '_'))}/frame-000.png."
        )
    return {each.name: _film(each) for each in inside}


def _film(folder: Path) -> tuple[Frame, ...]:
    paths = sorted(
        each for each in folder.iterdir() if each.suffix.lower() in _SUFFIXES
    )
    if not 1 <= len(paths) <= MOST_FRAMES:
        raise ValueError(
            f"{printable(folder)} has {len(paths):,} pictures, of {MOST_FRAMES:,} at "
            "most and 1 at least. They are named frame-000.png, frame-001.png, ..."
        )
    return tuple(Frame(_kind(path), path) for path in paths)


def _kind(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
    kind = next((kind for start, kind in _KINDS.items() if head.startswith(start)), "")
    if kind == "image/webp" and head[8:] != b"WEBP":
        kind = ""
    if not kind:
        raise ValueError(
            f"{printable(path)} is no picture that browsers show: PNG, JPEG, GIF, WebP."
        )
    if size > MOST_FRAME_BYTES:
        raise ValueError(
            f"{printable(path)} has {size / 2**20:.1f} MiB; frames have at most "
            f"{MOST_FRAME_BYTES / 2**20:g}, so that they load in time."
        )
    return kind
