"""Local copies of clips from YouTube, found by the names that tools give them.

Google publishes ids and times, but no sounds, so there is no official name:

    ID.wav, YID.wav                          AudioSet's copies
    ID_30.000_40.000.wav, YID_30.000.wav     start (and end) in seconds
    ID_30000.flac, ID_30000_40000.flac       start (and end) in milliseconds
"""

import re
from pathlib import Path

from kerasaudio.audio.find import find_audio
from kerasaudio.datasets.check import listed

Key = tuple[str, int | None]  # id, start in milliseconds if the name has one
_ID = r"[A-Za-z0-9_-]{11}"
_NAME = re.compile(rf"Y?({_ID})(?:_([0-9]+(?:\.[0-9]+)?)(?:_[0-9]+(?:\.[0-9]+)?)?)?")
_SEGMENT = re.compile(rf"({_ID})_([0-9]+)")


class YouTubeClips:
    """The clips in a folder, by their id and start.

    Args:
        folder: Folder with the files, at any depth.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: The folder contains no audio, no file has the name of a clip, or two
            files have the name of the same clip.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths: dict[Key, Path] = {}
        files = find_audio(folder)
        for path in files:
            for key in _keys(path.stem):
                other = self._paths.setdefault(key, path)
                if other != path:
                    raise ValueError(
                        f"{folder} has two files of the same clip, {other} and {path}. "
                        "Pass the folder of one of the copies as audio=."
                    )
        if not self._paths:
            raise ValueError(
                f"No file in {folder} has the name of a clip, such as ID.wav, YID.wav, "
                "ID_30.000_40.000.wav or ID_30000.wav, with an id of 11 characters. "
                f"Received: {listed(path.name for path in files)}."
            )

    def find(self, video: str, start_ms: int) -> Path | None:
        """Return the file of a clip; None if there is none."""
        exact = self._paths.get((video, start_ms))
        return exact or self._paths.get((video, None))


def segment_of(name: str, what: str) -> tuple[str, int]:
    """Return the video's id and the start in milliseconds of an id such as ID_30000.

    Raises:
        ValueError: The name is not of this form.
    """
    found = _SEGMENT.fullmatch(name)
    if found is None:
        raise ValueError(
            f"{what}: a clip must be named ID_MILLISECONDS. Received: {name!r}."
        )
    return found[1], int(found[2])


def _keys(stem: str) -> list[Key]:
    """Return what a file could be called for."""
    found = _NAME.fullmatch(stem)
    if found is None:
        return []
    video, start = found.groups()
    if start is None:
        return [(video, None)]
    seconds = (video, round(1000 * float(start)))
    # A whole number may be either: no video has clips at 30 s and at 30,000 s.
    return [seconds] if "." in start else [seconds, (video, int(start))]
