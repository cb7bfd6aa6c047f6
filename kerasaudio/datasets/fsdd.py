"""Free Spoken Digit Dataset: digits 0 to 9, spoken in English by a few speakers, 8 kHz.

Source: Jackson et al., github.com/Jakobovski/free-spoken-digit-dataset,
doi:10.5281/zenodo.1342401, CC BY-SA 4.0.
"""

import re
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import numpy as np

from kerasaudio.datasets.archives import present
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips

SAMPLE_RATE = 8000
TEST_TAKES = 5  # takes 0 to 4 of every digit and speaker are the official test set

_NAME = re.compile(r"([0-9])_([^\W_]+)_([0-9]+)\.wav", re.ASCII)


class FSDD(LabeledClips):
    """The clips of a folder of the Free Spoken Digit Dataset.

    Args:
        folder: Folder in the official layout, ``recordings/DIGIT_SPEAKER_TAKE.wav``.
        label: What the classes are: ``"digit"`` or ``"speaker"``.
        download: Whether to download the data set if the folder does not have it.

    Attributes:
        digits: Spoken digit, int64 (clips,).
        speakers: Name of the speaker, (clips,) strings.
        takes: Number of the recording of that digit by that speaker, from 0, int64
            (clips,).
        groups: The speakers, if the classes are digits; otherwise None.

    Raises:
        FileNotFoundError: The folder is missing or has no recordings.
        ValueError: A wav file has another kind of name; `label` is unknown.
        OSError: The download failed.

    Examples:
        >>> clips = kerasaudio.datasets.FSDD("FSDD")
        >>> clips
        FSDD('FSDD', clips=3000, classes=10)
        >>> training, testing = map(clips.take, clips.official_split())
        >>> len(training), len(testing)
        (2700, 300)
    """

    digits: np.ndarray
    speakers: np.ndarray
    takes: np.ndarray

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        label: str = "digit",
        download: bool = False,
    ) -> None:
        if label not in ("digit", "speaker"):
            raise ValueError(
                f'label must be "digit" or "speaker". Received: {label!r}.'
            )
        root = present("fsdd", folder, "recordings", download)
        found = sorted((_parse(path), path) for path in _recordings(root))
        keys = [key for key, _ in found]
        digits = np.array([digit for digit, _, _ in keys], np.int64)
        speakers = np.array([speaker for _, speaker, _ in keys])
        by_speaker = label == "speaker"
        names, labels = np.unique(
            speakers if by_speaker else digits, return_inverse=True
        )
        super().__init__(
            name="FSDD",
            paths=tuple(path for _, path in found),
            targets=labels,
            class_names=tuple(str(name) for name in names),
            groups=None if by_speaker else speakers,
        )
        object.__setattr__(self, "digits", digits)
        object.__setattr__(self, "speakers", speakers)
        takes = np.array([take for _, _, take in keys], np.int64)
        object.__setattr__(self, "takes", takes)

    def official_split(self) -> tuple[np.ndarray, np.ndarray]:
        """Hold out takes 0 to 4; every speaker and digit is on both sides.

        Returns:
            Positions of the training clips and of the test clips, int64.

        Raises:
            ValueError: One side is empty.
        """
        return self._split(self.takes < TEST_TAKES, f"take below {TEST_TAKES}")

    def speaker_split(self, held_out: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Hold out all clips of some speakers, so that training does not include them.

        Args:
            held_out: Names of these speakers.

        Returns:
            Positions of the training clips and of the test clips, int64.

        Raises:
            ValueError: No speaker or an unknown speaker is named; no speaker is left to
                train on.
        """
        names = [held_out] if isinstance(held_out, str) else list(held_out)
        known = np.unique(self.speakers).tolist()
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(
                f"held_out must name speakers among {', '.join(known)}. "
                f"Received: {names!r}."
            )
        return self._split(np.isin(self.speakers, names), "held-out speaker")

    def _split(self, test: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
        if test.all() or not test.any():
            raise ValueError(
                f"{'All' if test.all() else 'None'} of the {len(self)} clips have a "
                f"{what}, so one side of the split would be empty."
            )
        return np.flatnonzero(~test), np.flatnonzero(test)


def _recordings(root: Path) -> list[Path]:
    folder = root / "recordings"
    paths = sorted(folder.glob("*.wav")) if folder.is_dir() else []
    if not paths:
        raise FileNotFoundError(
            f"There are no wav files in {folder}. FSDD needs the folder that contains "
            "recordings/DIGIT_SPEAKER_TAKE.wav, as in the official archive."
            + ("" if root.is_dir() else f" The folder {root} itself does not exist.")
        )
    strangers = [path.name for path in paths if not _NAME.fullmatch(path.name)]
    if strangers:
        raise ValueError(
            f"Recordings must be named DIGIT_SPEAKER_TAKE.wav, such as "
            f"7_jackson_32.wav. Received in {folder}: {listed(strangers)}."
        )
    return paths


def _parse(path: Path) -> tuple[int, str, int]:
    match = _NAME.fullmatch(path.name)
    assert match is not None
    return int(match[1]), match[2], int(match[3])
