"""Unpack untrusted archives: only files and folders, inside the target, bounded."""

import gzip
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

MOST_FILES = 500_000
_CHUNK = 2**20
_PADDING = 2**26  # most padding after the end of a tar archive, in bytes
_ZIP_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_TAR_PACKINGS = {"gz": b"\x1f\x8b", "bz2": b"BZh"}
_UNBOUNDED = (b"\xfd7zXZ\0", b"\x5d\0\0", b"\x28\xb5\x2f\xfd")  # xz, lzma, zstd
# Streams, drives, and names of devices on Windows.
_ODD = re.compile(
    r'[\x00-\x1f:*?"<>|\\]|(^|/)(con|nul|prn|aux|(com|lpt)\d)(\.|/|$)', re.I
)


class _Member:
    def __init__(
        self, name: str, kind: str, size: int, open_it: Callable[[], IO[bytes] | None]
    ) -> None:
        self.name, self.kind, self.size, self.open = name, kind, size, open_it


def extract(
    archive: Path, folder: Path, *, limit: int, most_files: int = MOST_FILES
) -> None:
    """Unpack a zip or a (compressed) tar file into a new folder.

    Args:
        archive: Archive file; its content decides which kind it is. Compressions whose
            header decides how much memory unpacking takes (xz, LZMA, zstd) are refused.
        folder: Target folder; must not exist.
        limit: Most bytes that the unpacked files may have in total.
        most_files: Most files and folders that the archive may have.

    Raises:
        ValueError: The archive is neither zip nor tar, is damaged, or is not safe:
            names that lead out of the folder or mean something else on some system,
            links, devices, the same name twice, encryption, too many files or bytes.
            Files unpacked before the error stay in the folder; the caller deletes them.
        OSError: A file cannot be read or written.
    """
    folder.mkdir(parents=True)
    left, seen = limit, 0
    with _opened(archive) as members:
        for member in members:
            seen += 1
            if seen > most_files:
                raise ValueError(f"{archive} contains more than {most_files:,} files.")
            path = _inside(archive, folder, member)
            if member.kind == "folder":
                path.mkdir(parents=True, exist_ok=True)
                continue
            if member.size > left:
                raise _too_large(archive, limit)
            path.parent.mkdir(parents=True, exist_ok=True)
            left -= _write(archive, member, path, left, limit)


@contextmanager
def _opened(archive: Path) -> Iterator[Iterator[_Member]]:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                yield _zip_members(packed)
        else:
            with tarfile.open(archive, _tar_mode(archive)) as packed_tar:
                yield _tar_members(packed_tar)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        EOFError,
        zlib.error,
        gzip.BadGzipFile,
    ) as error:
        raise ValueError(
            f"{archive} is not a zip or tar archive, or is damaged: {error}."
        ) from error
    except (RuntimeError, NotImplementedError) as error:  # encrypted, odd compression
        raise ValueError(f"{archive} cannot be unpacked: {error}.") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise ValueError(
            f"{archive} contains two files with the same name: {error.filename}."
        ) from error


def _tar_mode(archive: Path) -> Any:
    with archive.open("rb") as file:
        head = file.read(6)
    if head.startswith(_UNBOUNDED):
        raise ValueError(
            f"{archive} cannot be unpacked safely: its header decides how much memory "
            "unpacking takes. Repack it as .tar.gz."
        )
    packings = (mode for mode, magic in _TAR_PACKINGS.items() if head.startswith(magic))
    return f"r:{next(packings, '')}"


def _zip_members(packed: zipfile.ZipFile) -> Iterator[_Member]:
    for info in packed.infolist():
        if info.compress_type not in _ZIP_PACKINGS:
            raise NotImplementedError(
                f"the compression of {info.filename!r} is not supported"
            )
        mode = info.external_attr >> 16
        kind = "folder" if info.is_dir() else "file"
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            kind = "link or device"
        yield _Member(info.filename, kind, info.file_size, partial(packed.open, info))


def _tar_members(packed: tarfile.TarFile) -> Iterator[_Member]:
    for info in packed:
        kind = (
            "file" if info.isreg() else "folder" if info.isdir() else "link or device"
        )
        if info.issparse():  # a few bytes could expand to many
            kind = "sparse file"
        yield _Member(info.name, kind, info.size, partial(packed.extractfile, info))
    # The checksum of the compressed data comes after the last file.
    for _ in range(_PADDING // _CHUNK):
        if packed.fileobj is None or not packed.fileobj.read(_CHUNK):
            return
    raise tarfile.ReadError("too many bytes follow its end")


def _inside(archive: Path, folder: Path, member: _Member) -> Path:
    if member.kind not in ("file", "folder"):
        raise ValueError(
            f"{archive} contains a {member.kind}, which is refused: {member.name!r}."
        )
    name = member.name.rstrip("/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or _ODD.search(name):
        raise ValueError(
            f"{archive} is refused: it contains a file whose name leads out of the "
            f"folder or is not a plain name: {member.name!r}."
        )
    return folder.joinpath(*parts)


def _write(archive: Path, member: _Member, path: Path, left: int, limit: int) -> int:
    source = member.open()
    assert source is not None
    written = 0
    with source, path.open("xb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > left:  # whatever its header says
                raise _too_large(archive, limit)
            file.write(chunk)
    if written != member.size:
        raise ValueError(
            f"{archive} is damaged: {member.name!r} has {written:,} bytes instead of "
            f"{member.size:,}."
        )
    os.chmod(path, 0o644)
    return written


def _too_large(archive: Path, limit: int) -> ValueError:
    return ValueError(f"{archive} is refused: it has more than {limit:,} bytes.")
