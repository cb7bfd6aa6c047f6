"""Find the audio files of a folder."""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from kerasaudio.audio.errors import AudioWarning
from kerasaudio.text import counted, warn

_LIBSNDFILE = (
    *(".aif", ".aifc", ".aiff", ".au", ".bwf", ".caf", ".flac", ".mp2", ".mp3"),
    *(".nist", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".sph", ".w64", ".wav"),
    ".wave",
)
_FFMPEG = (
    *(".3g2", ".3gp", ".aac", ".ac3", ".amr", ".asf", ".eac3", ".m4a", ".m4b"),
    *(".m4v", ".mka", ".mkv", ".mov", ".mp4", ".ogv", ".spx", ".tta", ".weba"),
    *(".webm", ".wma", ".wmv", ".wv"),
)
SUFFIXES = tuple(sorted(_LIBSNDFILE + _FFMPEG))
# Audio formats that are not read, or not with such a suffix.
_OTHERS = (
    *(".8svx", ".aa", ".aax", ".adx", ".alaw", ".ape", ".avi", ".avr", ".awb"),
    *(".dff", ".dsd", ".dsf", ".dss", ".dts", ".dtshd", ".dvf", ".f4a", ".f4v"),
    *(".flv", ".g722", ".g729", ".gsm", ".iff", ".ircam", ".m2ts", ".m4p", ".m4r"),
    *(".mlp", ".mogg", ".mp1", ".mpa", ".mpc", ".mpeg", ".mpg", ".mpga", ".msv"),
    *(".mts", ".mxf", ".ofr", ".ogm", ".ogx", ".oma", ".paf", ".pcm", ".pvf"),
    *(".qcp", ".ra", ".raw", ".rm", ".rmvb", ".sd2", ".sds", ".sf", ".shn"),
    *(".sln", ".svx", ".tak", ".thd", ".ulaw", ".vob", ".voc", ".vox", ".vqf"),
    *(".wve", ".xi", ".xwma"),
)


def find_audio(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> list[Path]:
    """Return the paths of audio files: the files passed, and those in folders.

    Folders and their subfolders are searched by suffix (upper or lower case), in sorted
    order, also through symbolic links (each real folder once). Hidden files and folders
    in them are left out; the `._song.mp3` that macOS creates, say, is not audio. An
    `AudioWarning` gives the number of files with suffixes of audio formats that are not
    supported.

    Args:
        paths: One path or several. Files are kept whatever their suffix.

    Returns:
        Paths in the order given, without repetitions.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: There are no paths, or a folder contains no audio.
        OSError: A subfolder cannot be read.

    Examples:
        >>> [path.name for path in kerasaudio.find_audio("sounds/")]
        ['bark.wav', 'knock.wav', 'rain.wav']
        >>> len(kerasaudio.find_audio(["song.wav", "sounds/"]))
        4
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"There is no file or folder named {str(path)!r}.")
        for file in find_inside(path, stacklevel=3) if path.is_dir() else [path]:
            found.setdefault(Path(os.path.abspath(file)), file)
    if not found:
        raise ValueError("Pass at least one audio file or folder. Received: none.")
    return list(found.values())


def find_inside(
    folder: Path, also: Collection[str] = (), *, stacklevel: int = 2
) -> list[Path]:
    """Return the audio files in a folder, and those with some other suffixes.

    Args:
        folder: The folder, searched as by `find_audio`.
        also: More suffixes, such as ".tar".
        stacklevel: Of the warning about files that are left out.

    Raises:
        ValueError: There are none.
        OSError: A subfolder cannot be read.
    """
    others: Counter[str] = Counter()
    suffixes = {*SUFFIXES, *also}
    inside = list(_walk(folder, suffixes, others))
    if not inside:
        raise ValueError(
            f"The folder {str(folder)!r} contains no audio. It and its subfolders "
            f"were searched for: {', '.join(sorted(suffixes))}. Pass files with "
            f"another suffix by their own path.{_left_out(others)}"
        )
    if others:
        message = f"In the folder {str(folder)!r}:{_left_out(others)}"
        warn(message, AudioWarning, stacklevel=stacklevel)
    return inside


def _left_out(others: Counter[str]) -> str:
    if not others:
        return ""
    counts = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items()))
    verb = "is" if others.total() == 1 else "are"
    return (
        f" {counted(others.total(), 'file')} that may be audio {verb} left out, as "
        f"these formats are not supported: {counts}. Convert them: "
        f"ffmpeg -i INPUT OUTPUT.flac"
    )


def _walk(
    root: Path, suffixes: Collection[str], others: Counter[str]
) -> Iterator[Path]:
    """Yield the audio files, and count unsupported ones in `others` by suffix."""
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
            suffix = file.suffix.lower()
            if name.startswith("."):
                continue
            if suffix in _OTHERS:
                others[suffix] += 1
            if suffix not in suffixes:
                continue
            if file.is_file() or not file.exists():  # a dangling link fails when read
                yield file


def _stop(error: OSError) -> None:
    raise error
