"""Which files of a folder are audio."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = (
    *(".aac", ".aif", ".aifc", ".aiff", ".amr", ".au", ".caf", ".flac", ".m4a"),
    *(".mp3", ".oga", ".ogg", ".opus", ".w64", ".wav", ".wave", ".weba", ".wma"),
)


def find_audio(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> list[Path]:
    """List audio files: files as they are, folders searched to the bottom.

    Folders are searched by suffix (upper or lower case), in sorted order, through
    symbolic links (each real folder once). Hidden files and folders below them are
    left out: the `._song.mp3` that macOS leaves behind is not audio.

    Args:
        paths: A path or several. A file is kept whatever its suffix.

    Returns:
        Paths in the order given, without repetitions.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No paths, or a folder without audio.
        OSError: A folder below cannot be read.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"There is no file or folder named {str(path)!r}.")
        inside = list(_walk(path)) if path.is_dir() else [path]
        if not inside:
            raise ValueError(
                f"The folder {str(path)!r} holds no audio. Looked, also in its "
                f"subfolders, for: {', '.join(SUFFIXES)}. A file with another suffix "
                f"can be named itself."
            )
        for file in inside:
            found.setdefault(Path(os.path.abspath(file)), file)
    if not found:
        raise ValueError("Name at least one audio file or folder. Received: none.")
    return list(found.values())


def _walk(root: Path) -> Iterator[Path]:
    seen = set()
    for folder, subfolders, names in os.walk(root, onerror=_stop, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link back up, or a second link to the same folder
            subfolders.clear()
            continue
        seen.add(real)
        subfolders[:] = sorted(s for s in subfolders if not s.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if name.startswith(".") or file.suffix.lower() not in SUFFIXES:
                continue
            if file.is_file() or not file.exists():  # a dangling link fails when read
                yield file


def _stop(error: OSError) -> None:
    raise error
