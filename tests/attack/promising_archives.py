"""Archives of data sets that would become far more than they are."""

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from kerasaudio.datasets.extract import extract

from .promise import Case
from .promising_files import BOMB, zipped

_LIMIT = 2**20  # of what they may unpack to, here


def cases(folder: Path) -> list[Case]:
    """Make the archives and give the cases."""
    return list(_archives(folder))


def _archives(folder: Path) -> Iterator[Case]:
    zeros = bytes(BOMB)
    packed: dict[str, bytes] = {}
    packed["deflated.zip"] = zipped({"zeros": zeros}, zipfile.ZIP_DEFLATED)
    lying = bytearray(packed["deflated.zip"])
    for mark, skip in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = lying.index(mark) + skip
        lying[at : at + 4] = struct.pack("<I", 1_000)
    packed["deflated, said to be small.zip"] = bytes(lying)
    packed["lzma.zip"] = zipped({"zeros": zeros}, zipfile.ZIP_LZMA)
    packed["bzip2.zip"] = zipped({"zeros": zeros}, zipfile.ZIP_BZIP2)
    for mode in ("", "gz", "bz2", "xz"):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode=f"w:{mode}") as archive:  # type: ignore[call-overload]
            info = tarfile.TarInfo("zeros")
            info.size = BOMB
            archive.addfile(info, io.BytesIO(zeros))
        packed[f"tar.{mode or 'plain'}"] = file.getvalue()
    for number, (name, content) in enumerate(packed.items()):
        path = folder / name
        path.write_bytes(content)
        yield Case(
            f"{name} against a limit of 1 MiB",
            lambda path=path, number=number: extract(
                path, folder / f"out{number}", limit=_LIMIT
            ),
            "has more than|contains more than|cannot be unpacked|not a zip or tar",
        )
    small = io.BytesIO()
    with tarfile.open(fileobj=small, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    for name, content in (
        ("xz with a dictionary of 4 GiB", _wide(lzma.compress(small.getvalue()))),
        ("zip with a dictionary of 4 GiB", _wide_zip()),
    ):
        path = folder / name
        path.write_bytes(content)
        yield Case(
            name,
            lambda path=path: extract(
                path, folder / f"out of {path.name}", limit=_LIMIT
            ),
        )
    for count in (10**5,):
        members = {f"{number}": b"" for number in range(count)}
        path = folder / "many files.zip"
        path.write_bytes(zipped(members))
        yield Case(
            "too many files",
            lambda: extract(
                folder / "many files.zip", folder / "many", limit=_LIMIT, most_files=10
            ),
            "more than 10 files",
        )


def _wide(xz: bytes) -> bytes:
    """Let an xz stream ask for the largest dictionary."""
    content = bytearray(xz)
    end = 12 + (content[12] + 1) * 4
    at = content.index(b"\x21\x01", 14) + 2
    content[at] = 40
    content[end - 4 : end] = struct.pack("<I", zlib.crc32(content[12 : end - 4]))
    return bytes(content)


def _wide_zip() -> bytes:
    content = bytearray(zipped({"empty": b"x" * 100}, zipfile.ZIP_LZMA))
    at = content.index(b"empty") + 5  # version, size of properties, properties
    content[at + 5 : at + 9] = struct.pack("<I", 2**32 - 1)
    return bytes(content)
