"""Clips from a folder that has one folder per class."""

import re
from collections.abc import Callable
from os import PathLike
from pathlib import Path

import numpy as np

from kerasaudio.arguments import class_name
from kerasaudio.audio import find_audio
from kerasaudio.audio.find import SUFFIXES
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips

Group = str | Callable[[Path], str] | None


def from_folder(
    folder: str | PathLike[str], *, group: Group = None, name: str | None = None
) -> LabeledClips:
    """Load a folder that has one folder per class, with the clips inside.

        sounds/knock/a.wav  sounds/knock/b.mp3  sounds/bark/x/c.flac  ...

    Args:
        folder: Folder with at least two class folders. Hidden folders are left out.
        group: How to find the recording that a file is cut from, so that no split has
            it on both sides: a regular expression, whose first group (or whole match)
            in the file's name without suffix is the recording; or a function of the
            path. None: each file is a recording of its own.
        name: Name of the data set; None for the folder's name.

    Returns:
        Clips, with the classes in alphabetical order.

    Raises:
        FileNotFoundError: The folder does not exist.
        ValueError: There are fewer than two class folders, one has no audio, audio lies
            next to the class folders, or `group` matches nothing in a file name.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> clips
        LabeledClips('labeled', clips=8, classes=2)
        >>> clips.class_names, clips.targets.tolist()
        (('hiss', 'hum'), [0, 0, 0, 0, 1, 1, 1, 1])
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"There is no folder {str(root)!r}.")
    visible = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    classes = [path for path in visible if path.is_dir()]
    classes.sort(key=lambda path: class_name(path.name))
    loose = [path.name for path in visible if path.suffix.lower() in SUFFIXES]
    loose = [file for file in loose if (root / file).is_file()]
    if loose:
        raise ValueError(
            f"{str(root)!r} has audio files outside its class folders, so their class "
            f"is unknown: {listed(loose)}. Move them into a class folder."
        )
    if len(classes) < 2:
        raise ValueError(
            f"{str(root)!r} must contain one folder per class, for at least two "
            f"classes. Received: {listed([path.name for path in classes]) or 'none'}."
        )
    found = {path: _audio(path) for path in classes}
    empty = [path.name for path, files in found.items() if not files]
    if empty:
        raise ValueError(
            f"Class folders of {str(root)!r} without audio: {listed(empty, 10)}. Add "
            "audio to them or remove them."
        )
    paths = tuple(file for files in found.values() for file in files)
    counts = [len(files) for files in found.values()]
    return LabeledClips(
        name=name or root.resolve().name,
        paths=paths,
        targets=np.repeat(np.arange(len(classes)), counts),
        class_names=tuple(path.name for path in classes),
        groups=None if group is None else recordings_of(paths, group),
    )


def recordings_of(paths: tuple[Path, ...], group: Group) -> np.ndarray:
    """Return the recording of each file, as `from_folder` describes.

    Raises:
        ValueError: `group` is not a valid regular expression, or matches nothing in a
            name.
    """
    if callable(group):
        return np.array([str(group(path)) for path in paths])
    try:
        pattern = re.compile(str(group))
    except re.error as error:
        raise ValueError(
            f"group must be a valid regular expression or a function: {error}."
        ) from error
    matches = [pattern.search(path.stem) for path in paths]
    without = [p.name for p, match in zip(paths, matches, strict=True) if not match]
    if without:
        raise ValueError(
            f"group={group!r} matches nothing in {len(without)} file names: "
            f"{listed(without)}."
        )
    return np.array(
        [match[1 if pattern.groups else 0] or "" for match in matches if match]
    )


def _audio(folder: Path) -> list[Path]:
    try:
        return find_audio(folder)
    except ValueError:  # no audio: the caller names all such folders at once
        return []
