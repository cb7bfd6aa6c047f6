"""The picture that a network made: what a dream returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.interpret.climb import Stopped
from kerasaudio.interpret.pictures import check_pillow, png_bytes, write_picture
from kerasaudio.plot.check import check_path
from kerasaudio.plot.dream import dream as draw_dream


@dataclass(frozen=True, eq=False, repr=False)
class Dream:
    """A picture that a network changed to what it likes to see; see `dream`.

    A notebook shows it.

    Attributes:
        picture: float32 (height, width, 3) from 0 to 1.
        target: What was climbed: names of layers, a label, or a layer and a unit.
        course: The score in each iteration before its step, from the smallest octave to
            the largest, float32 (iterations,): half the mean square of the activations;
            with a guide the mean product of activations with the best match; for labels
            the probability; for units their mean.
        model: Name of the network.
        settings: Arguments of the dream.
        stopped: "finished": all iterations are done; "interrupted": by Ctrl-C;
            "diverged": a score was not finite or fell, and the picture is the best one
            before; "flat": the gradient became zero.
        note: What happened, in a sentence.

    Examples:
        >>> network = keras.Sequential(
        ...     [
        ...         keras.Input((64, 64, 3)),
        ...         keras.layers.Rescaling(1 / 255),
        ...         keras.layers.Conv2D(8, 5, 2, activation="relu", name="edges"),
        ...     ]
        ... )
        >>> made = kerasaudio.interpret.dream(network, layers="edges", octaves=1)
        >>> made.target, made.stopped, made.note
        ('edges', 'finished', '10 iterations.')
        >>> made.save("edges.png").name, made.plot("course.png").name
        ('edges.png', 'course.png')
    """

    picture: np.ndarray
    target: str
    course: np.ndarray
    model: str
    settings: Mapping[str, Any]
    stopped: Stopped
    note: str

    def __repr__(self) -> str:
        """Return the target, the size and what happened."""
        height, width = self.picture.shape[:2]
        return (
            f"Dream({self.target!r} of {self.model}, {height} x {width}, "
            f"iterations={len(self.course)}, stopped={self.stopped!r})"
        )

    def _repr_png_(self) -> bytes | None:
        """Return the picture for IPython, if Pillow is installed."""
        try:
            check_pillow()
        except ImportError:
            return None
        return png_bytes(self.picture)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture to a PNG file.

        Args:
            path: Path that ends in .png; a file that is there is replaced.

        Returns:
            The path.

        Raises:
            ValueError: The suffix is not .png.
            OSError: The file cannot be written.
            ImportError: Pillow is not installed.
        """
        target = check_path(path, (".png",))
        write_picture(target, self.picture)
        return target

    def plot(self, path: str | PathLike[str] | None = None) -> Any:
        """Draw the picture beside the course of its score.

        Args:
            path: PNG file to write; None to return the figure.

        Returns:
            The path; without a path the `matplotlib.figure.Figure`.

        Raises:
            ValueError: The suffix is not .png.
            OSError: The file cannot be written.
            ImportError: matplotlib is not installed.
        """
        return draw_dream(
            self.picture, self.course, path, title=f"{self.target} · {self.model}"
        )
