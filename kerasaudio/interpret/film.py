"""Frames of a dream in a folder: what is there, what is missing, one file with all."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.files.whole_file import write_text, writing_whole
from kerasaudio.interpret.climb import Stopped
from kerasaudio.interpret.dreamer import Course, Dreamer, Schedule
from kerasaudio.interpret.pictures import (
    Size,
    as_bytes,
    check_picture,
    write_picture,
    zoomed,
)

FACTS = "sequence.json"
_ENDLESS = 0


@dataclass(frozen=True)
class Scene:
    """How each frame follows from the last.

    Attributes:
        dreamer: The network.
        guide: Activations of a guide, or None.
        schedule: How the dream of a frame goes.
        seed: Seed of all.
        zoom: By how much a frame is larger than the last.
        fade: Share of the last frame that stays as it is.
    """

    dreamer: Dreamer
    guide: Sequence[np.ndarray] | None
    schedule: Schedule
    seed: int
    zoom: float
    fade: float

    def next(self, number: int, before: np.ndarray, bar: Any) -> Course:
        """Render a frame.

        Args:
            number: Its number.
            before: The last frame; for the first one the picture.
            bar: Progress bar.
        """
        start = before
        if number:
            # Pixels in a middle that stays would never be mixed: a cross would appear.
            rng = np.random.default_rng((self.seed, number))
            down, right = rng.uniform(-0.5, 0.5, 2)
            larger = zoomed(before, self.zoom, aside=(down, right))
            start = (1 - self.fade) * larger + self.fade * before
        schedule = self.schedule.seeded(self.seed, number)
        return self.dreamer.run(start, self.guide, schedule, bar)


class Film:
    """The frames of a folder.

    Args:
        folder: The folder.
        size: Height and width of the frames.
        count: Number of frames that there shall be.
    """

    def __init__(self, folder: Path, size: Size, count: int) -> None:
        self.folder = folder
        self._size, self._count = size, count

    def claim(self, facts: Mapping[str, Any]) -> None:
        """Write down what the frames are made of, or compare it with what is there.

        Raises:
            ValueError: The folder holds frames that are made of something else.
            OSError: The file cannot be read or written.
        """
        path = self.folder / FACTS
        told = json.loads(json.dumps(facts))
        if not path.exists():
            if any(self.folder.glob("frame-*.png")):
                raise ValueError(
                    f"{str(self.folder)!r} holds frames without {FACTS}, which says "
                    "what they are made of. Choose another folder, or remove them."
                )
            write_text(path, json.dumps(told, indent=2) + "\n")
            return
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            known = None
        if not isinstance(known, dict):
            raise ValueError(
                f"{str(path)!r} is damaged. Remove the folder, or choose another one."
            )
        differing = [name for name in told if known.get(name) != told[name]]
        if differing:
            raise ValueError(
                f"{str(self.folder)!r} holds frames of another dream: "
                f"{', '.join(differing)} differ. Choose another folder, or remove it."
            )

    def render(
        self, scene: Scene, picture: np.ndarray, bar: Any
    ) -> tuple[Stopped, str]:
        """Render the frames that are missing; return why it stopped, and a note.

        Args:
            scene: How each frame follows from the last.
            picture: Where the first one begins.
            bar: Progress bar, in steps.

        Raises:
            ValueError: There is no gradient, or a size does not fit the network.
            OSError: A file cannot be written.
        """
        last = picture
        done = 0
        try:
            for number in range(self._count):
                found = self._frame(number)
                if found is None:
                    course = scene.next(number, last, bar)
                    if course.stopped in ("interrupted", "diverged"):
                        return course.stopped, self._note(course, done)
                    write_picture(self.path(number), course.picture)
                    # The next one follows from what the file holds, so that it is the
                    # same after a break.
                    found = as_bytes(course.picture).astype("float32") / 255
                else:
                    bar.update(scene.schedule.steps)
                last = found
                done += 1
        except KeyboardInterrupt:
            course = Course(last, stopped="interrupted")
            return course.stopped, self._note(course, done)
        return "finished", f"{self._count} frames."

    def made(self) -> list[Path]:
        """Return the files of the frames that are there, in order."""
        paths = map(self.path, range(self._count))
        return [path for path in paths if path.exists()]

    def path(self, number: int) -> Path:
        """Return the file of a frame."""
        return self.folder / f"frame-{number:03d}.png"

    def _frame(self, number: int) -> np.ndarray | None:
        """Return a frame; None if it is missing or damaged."""
        path = self.path(number)
        try:
            picture = check_picture(path)
        except OSError:
            return None
        return picture if picture.shape[:2] == self._size else None

    def _note(self, course: Course, done: int) -> str:
        if course.stopped == "diverged":
            return f"Frame {done}: {course.note} {done} frames are kept."
        return (
            f"Interrupted after {done} of {self._count} frames. The same call goes on."
        )


def animate(path: Path, frames: Sequence[Path], seconds: float) -> None:
    """Write all frames into one file, by its suffix; call `check_pillow` before.

    Raises:
        OSError: A file cannot be read or written.
    """
    from PIL import Image

    images = [Image.fromarray(as_bytes(check_picture(frame))) for frame in frames]
    with writing_whole(path) as temporary:
        images[0].save(
            temporary,
            save_all=True,
            append_images=images[1:],
            duration=round(1_000 * seconds),
            loop=_ENDLESS,
        )


def digest_of(picture: np.ndarray) -> str:
    """Return the SHA-256 of a picture."""
    found = hashlib.sha256(repr(picture.shape).encode())
    found.update(np.ascontiguousarray(picture).tobytes())
    return found.hexdigest()
