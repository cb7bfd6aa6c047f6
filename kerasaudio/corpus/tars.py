"""The sounds in a tar, such as a WebDataset shard; nothing is unpacked to disk.

A WebDataset sample is several members with one name up to the first dot. Here each
member that is a sound is a clip of its own, known by where it begins in the tar: names
may come twice, in any order. A tar that was cut between two members reads like a
complete one, apart from the zeros at its end.
"""

import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import IO

from kerasaudio.audio.find import SUFFIXES
from kerasaudio.corpus import addresses
from kerasaudio.corpus.clips import Clip, clip_in
from kerasaudio.corpus.hidden import shown

_BLOCK = 512
_PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")


def is_tar(name: str) -> bool:
    """Return whether a name is that of a tar.

    Raises:
        ValueError: It is that of a compressed one.
    """
    lower = addresses.without_query(name).lower()
    if lower.endswith(_PACKED):
        raise ValueError(
            f"A compressed tar can only be read from its beginning. Unpack it to a "
            f".tar (gunzip, bunzip2, unxz). Received: {shown(name)!r}."
        )
    return lower.endswith(".tar")


def tar_clips(path: str, also: tuple[str, ...] = ()) -> Iterator[Clip]:
    """Yield the sounds of a tar; what is wrong with it is a clip with a problem.

    Members with one of the suffixes in `also` are yielded, too.

    Raises:
        OSError: The tar is missing or cannot be read.
    """
    with addresses.opened(path) as file:
        try:
            tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115
        except tarfile.TarError as error:
            yield _fault(
                path, 0, f"{shown(path)!r} is not a tar ({error}).", "not decodable"
            )
            return
        try:
            for member in tar:
                if PurePosixPath(member.name).suffix.lower() in (*SUFFIXES, *also):
                    yield _clip(path, member)
                vars(tar)["members"] = []  # it would keep all
        except tarfile.TarError:
            yield _cut(path, tar.offset)
            return
        if not _ends(file, tar.offset):
            yield _cut(path, tar.offset)


def _clip(path: str, member: tarfile.TarInfo) -> Clip:
    problem = None
    if not member.isreg() or member.issparse():
        problem = "is a link or another special file, not a sound"
    elif _leads_out(member.name):
        problem = "has a name that leads out of the tar"
    told = f"{member.name!r} in {shown(path)!r} {problem}." if problem else None
    return clip_in(
        path,
        member=member.name,
        offset=member.offset,
        begin=member.offset_data,
        size=member.size,
        problem=told,
    )


def _leads_out(name: str) -> bool:
    """Return whether a name is a path to elsewhere, by POSIX or by Windows."""
    pure = (PurePosixPath(name), PureWindowsPath(name))
    return any(p.anchor or p.drive or ".." in p.parts for p in pure)


def _ends(file: IO[bytes], offset: int) -> bool:
    """Return whether there is a block of zeros, which ends a tar."""
    file.seek(offset)
    return file.read(_BLOCK) == bytes(_BLOCK)


def _cut(path: str, offset: int) -> Clip:
    told = (
        f"{shown(path)!r} has no end mark after its last member, at byte {offset:,}: "
        "it was cut or is damaged there. The members before are used. Copy it again; "
        "the same call then adds the rest."
    )
    return _fault(path, offset, told, "truncated")


def _fault(path: str, offset: int, told: str, kind: str) -> Clip:
    return clip_in(path, offset=offset, problem=told, kind=kind)
