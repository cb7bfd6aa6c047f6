"""Where to download public data sets from, and which hashes the archives must have."""

import os
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from kerasaudio.datasets.extract import extract
from kerasaudio.files.cache import cache_folder, forget_dead, has_cache_folder, locked
from kerasaudio.files.digests import Algorithm, differs
from kerasaudio.files.errors import WeightsError
from kerasaudio.files.verified import download_verified
from kerasaudio.files.workplace import remove_dead, workplace

GB = 10**9
_UNPACKING_SECONDS = 3600.0  # while unpacking, nothing changes in the cache


@dataclass(frozen=True)
class Archive:
    """An archive that holds a data set.

    Attributes:
        title: Name of the data set.
        url: Address of the archive.
        algorithm: Hash algorithm.
        digest: Hash of the archive.
        root: Folder inside the archive that becomes the data set's folder; "" for the
            whole archive.
        limit: Most bytes that the archive, and its unpacked content, may have.
        size: Size of the archive in bytes; None if unknown.
        note: Hint for the error message when the hash does not match.
    """

    title: str
    url: str
    algorithm: Algorithm
    digest: str
    root: str
    limit: int
    size: int | None = None
    note: str = ""


ARCHIVES: dict[str, Archive] = {
    "esc50": Archive(
        "ESC-50",
        "https://github.com/karoldvl/ESC-50/archive/master.zip",
        "md5",
        "7771e4b9d86d0945acce719c7a59305a",
        "ESC-50-master",
        2 * GB,
        note="The server makes this archive on the fly, so it may have changed.",
    ),
    "fsdd": Archive(
        "FSDD",
        "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.9.tar.gz",
        "sha256",
        "8bc44cde129d505cbbb6b365c09f80c663f2aa77578afc634e6141a2f87100c0",
        "free-spoken-digit-dataset-1.0.9",
        GB // 2,
        note="The server makes this archive on the fly, so it may have changed.",
    ),
    "speech_commands_v1": Archive(
        "Speech Commands v0.01",
        "https://download.tensorflow.org/data/speech_commands_v0.01.tar.gz",
        "sha256",
        "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
        "",
        4 * GB,
    ),
    "speech_commands_v2": Archive(
        "Speech Commands v0.02",
        "https://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
        "sha256",
        "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        "",
        6 * GB,
    ),
    "urbansound8k": Archive(
        "UrbanSound8K",
        "https://zenodo.org/record/1203745/files/UrbanSound8K.tar.gz",
        "md5",
        "9aa69802bbf37fb986f71ec1483a196e",
        "UrbanSound8K",
        12 * GB,
    ),
    "gtzan": Archive(
        "GTZAN",
        "http://opihi.cs.uvic.ca/sound/genres.tar.gz",
        "sha256",
        "24347e0223d2ba798e0a558c4c172d9d4a19c00bb7963fe055d183dadb4ef2c6",
        "genres",
        3 * GB,
    ),
}
_BY_HAND = {
    "magnatagatune": "No hash of its archive (mp3.zip.001 to .003 and "
    "annotations_final.csv, on mirg.city.ac.uk) has been published, so it cannot be "
    "downloaded safely: get it yourself, unpack it, and pass the folder.",
    "fsd50k": "Its archives of sounds are in several parts, which Python cannot read, "
    "so it cannot be downloaded here: get the files of zenodo.org/records/4060432, "
    "join the parts (`zip -s 0 FSD50K.dev_audio.zip --out dev.zip`, likewise "
    "eval_audio), unzip all, and pass the folder.",
}


def download(name: str, folder: str | PathLike[str], *, progress: bool = True) -> Path:
    """Download a public data set, verify it and unpack it.

    An incomplete archive stays in the cache, so that an interrupted download resumes.
    The folder appears only when it is complete.

    Args:
        name: "esc50", "fsdd", "speech_commands_v1", "speech_commands_v2",
            "urbansound8k" or "gtzan".
        folder: Folder to unpack into; must not exist or must be empty.
        progress: Whether to show a progress bar on stderr, on terminals and
            in notebooks.

    Returns:
        The folder, in the data set's official layout.

    Raises:
        ValueError: The name is unknown, the folder is not empty, or the archive is not
            safe to unpack.
        OSError: There is no network or no space, or the archive does not have the
            expected hash.

    Examples:
        A data set that exists is not downloaded again and never replaced.

        >>> kerasaudio.datasets.GTZAN("genres", download=True)
        GTZAN('GTZAN', clips=930, classes=10)
        >>> kerasaudio.datasets.download("gtzan", "genres")
        Traceback (most recent call last):
        ValueError: genres is not empty: GTZAN needs a folder of its own.
    """
    archive = _find(name)
    target = Path(folder)
    _forget_dead(name, target)
    _check_free(target, archive)
    packed = _packed_path(name, archive)
    # Locked to the end: a process that unpacks into another folder uses and deletes the
    # same archive.
    with locked(packed, idle_seconds=_UNPACKING_SECONDS):
        _check_free(target, archive)  # again, after waiting
        _fetch(packed, archive, progress)
        _unpack(packed, archive, target)
    return target


def _check_free(target: Path, archive: Archive) -> None:
    is_link_to_nothing = target.is_symlink() and not target.exists()
    if is_link_to_nothing:
        raise ValueError(f"{target} is a broken link. Pass another folder.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(
            f"{target} is not empty: {archive.title} needs a folder of its own."
        )


def _unpack(packed: Path, archive: Archive, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with workplace(target.parent) as place:
        unpacked = place.folder / "unpacked"
        extract(packed, unpacked, limit=archive.limit)
        root = unpacked / archive.root
        if not root.is_dir():
            raise ValueError(
                f"The archive of {archive.title} does not contain the folder "
                f"{archive.root!r}."
            )
        if target.exists():
            target.rmdir()
        # Its folder stays, since others wait for the lock in it. The archive goes
        # first: if this process died in between, nothing would delete it later.
        packed.unlink()
        os.replace(root, target)


def present(
    name: str,
    folder: str | PathLike[str],
    landmark: str | PathLike[str],
    may_download: bool,
) -> Path:
    """Return a data set's folder; download it first if its landmark is missing."""
    root = Path(folder)
    if may_download:
        _forget_dead(name, root)
        if not (root / landmark).exists():
            download(name, root)
    return root


def _forget_dead(name: str, target: Path) -> None:
    """Remove the files that downloads of killed processes left behind."""
    remove_dead(target.parent)
    if has_cache_folder():
        forget_dead(_packed_path(name, _find(name)))


def _find(name: str) -> Archive:
    if name in _BY_HAND:
        raise ValueError(f"{name}: {_BY_HAND[name]}")
    if name not in ARCHIVES:
        raise ValueError(
            f"name must be one of {', '.join(ARCHIVES)}. Received: {name!r}."
        )
    return ARCHIVES[name]


def _packed_path(name: str, archive: Archive) -> Path:
    suffix = ".zip" if archive.url.endswith(".zip") else ".tar.gz"
    folder = cache_folder() / "datasets" / f"{name}-{archive.digest[:24]}"
    return folder / f"all{suffix}"


def _fetch(path: Path, archive: Archive, progress: bool) -> None:
    def problem(file: Path) -> str | None:
        return differs(file, archive.algorithm, archive.digest, archive.size)

    try:
        if not path.is_file() or problem(path):
            download_verified(
                archive.url,
                path,
                problem,
                title=archive.title,
                size=archive.size,
                limit=archive.limit,
                progress=progress,
            )
    except WeightsError as error:
        raise type(error)(
            f"{archive.title} cannot be downloaded from {archive.url}: {error}. "
            f"{archive.note}".rstrip()
        ) from error
