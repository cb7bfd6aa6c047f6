"""The sound that a network is made to hear: what an auralization returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.audio.check import check_rate
from kerasaudio.files.whole_file import writing_whole
from kerasaudio.interpret.climb import Stopped
from kerasaudio.interpret.measures import Description, describe
from kerasaudio.plot.ascent import ascent


@dataclass(frozen=True, eq=False, repr=False)
class Auralization:
    """A sound made for a label or a unit, and how it came about; see `auralize`.

    Attributes:
        waveform: float32 (samples,) in [-1, 1].
        sample_rate: In Hz.
        target: What it was made for, such as "dog", "not dog" or "conv3, unit 7".
        score: What the model gives the waveform: the probability of the label, and for
            "not dog" 1 minus it; or the value of the unit, negative if it was climbed
            down.
        course: The score in each iteration before its step, float32 (iterations,); with
            shifts, that of the shifted sound.
        model: Name of the model, with its weights.
        settings: Arguments of `auralize`.
        stopped: "finished": all iterations are done; "reached": the score of `until`;
            "interrupted": by Ctrl-C; "diverged": the score fell or was not finite, and
            the waveform is the best one before; "flat": the gradient became zero.
        note: What happened, in a sentence.

    Examples:
        >>> model = kerasaudio.SampleCNN(weights="fsdd")
        >>> three = kerasaudio.interpret.auralize(model, "3", iterations=10)
        >>> three.target, three.stopped, three.note
        ('3', 'finished', '10 iterations.')
        >>> three.plot("three.png").name, three.save("three.flac").name
        ('three.png', 'three.flac')
    """

    waveform: np.ndarray
    sample_rate: int
    target: str
    score: float
    course: np.ndarray
    model: str
    settings: Mapping[str, Any]
    stopped: Stopped
    note: str

    def __repr__(self) -> str:
        """Return the target, the score and what happened."""
        seconds = len(self.waveform) / self.sample_rate
        return (
            f"Auralization({self.target!r} of {self.model}, score={self.score:.4g}, "
            f"seconds={seconds:.3g}, iterations={len(self.course)}, "
            f"stopped={self.stopped!r})"
        )

    def describe(self) -> Description:
        """Return crest factor, spectral centroid, and bursts; see `describe`."""
        return describe(self.waveform, self.sample_rate)

    def plot(self, path: str | PathLike[str] | None = None) -> Any:
        """Draw the waveform, its spectrogram, and the course of the score.

        Args:
            path: PNG file to write; None to return the figure.

        Returns:
            The path; without a path the `matplotlib.figure.Figure`.

        Raises:
            ValueError: The suffix is not .png.
            OSError: The file cannot be written.
            ImportError: matplotlib is not installed.
        """
        return ascent(
            self.waveform,
            self.course,
            path,
            sample_rate=self.sample_rate,
            title=f"{self.target} · {self.model}",
        )

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the sound to a file, WAV or another format that libsndfile writes.

        Args:
            path: Path such as "dog.wav"; its suffix is the format. A file that is there
                is replaced.

        Returns:
            The path.

        Raises:
            ValueError: The suffix is not a format.
            OSError: The file cannot be written.
        """
        return write_sound(Path(path), self.waveform, self.sample_rate)


def write_sound(path: Path, waveform: np.ndarray, sample_rate: int) -> Path:
    """Write a waveform in 16 bits, completely or not at all.

    Raises:
        ValueError: The suffix is not a format of libsndfile.
        OSError: The file cannot be written.
    """
    import soundfile

    kind = path.suffix.removeprefix(".").upper()
    formats = soundfile.available_formats()
    if kind not in formats:
        known = ", ".join(f".{name.lower()}" for name in ("WAV", "FLAC", "OGG", "MP3"))
        raise ValueError(
            f"{str(path)!r} has no suffix of a sound file, such as {known}."
        )
    with writing_whole(path) as temporary:
        soundfile.write(
            temporary, waveform.clip(-1, 1), check_rate(sample_rate), format=kind
        )
    return path
