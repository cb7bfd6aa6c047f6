"""Read the arrays of an ``.npz`` file, verified and without unpickling.

NumPy's own reader parses the header of an array before it verifies the checksum of the
archive, so that a flipped bit leads to many kinds of errors, or to a huge allocation.
"""

import errno
import io
import lzma
import math
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

# Errors that zipfile raises for a damaged archive, or for another kind of file.
ZIP_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    ValueError,
    OverflowError,
    RuntimeError,  # encrypted, or of a later version
    struct.error,
)
# The same, with the errors of NumPy for the header of an array.
_DAMAGES = (
    *ZIP_DAMAGES,
    *(TypeError, AttributeError, SyntaxError, tokenize.TokenError),
    Warning,  # for numbers of Python 2, if warnings are errors
)
_PART = 2**20
_COMPRESSIONS = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}  # at most


def read_arrays(
    path: Path, names: Sequence[str] | None = None, *, limit: int = 2**62
) -> dict[str, np.ndarray]:
    """Read arrays; the checksum of each is verified before it is parsed.

    Args:
        path: Path of a file like those of `np.savez`.
        names: Names of the arrays; default: all.
        limit: Largest allowed size of an array in bytes, for untrusted files.

    Returns:
        The arrays by name, in the order of `names`, or else of the file.

    Raises:
        ValueError: The file is not such an archive, is damaged, or lacks an array. The
            message gives the reason; the caller must add the name of the file.
        OSError: The file is missing or cannot be read.
    """
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                wanted = _names(archive) if names is None else names
                return {name: _read(archive, file, name, limit) for name in wanted}
        except _DAMAGES as error:
            reason = error.args[0] if error.args else type(error).__name__
            raise ValueError(f"it is not a complete .npz archive ({reason})") from error
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise ValueError("its parts are not at the stated places") from error


def is_whole(path: Path, names: Sequence[str]) -> bool:
    """Return whether an ``.npz`` file contains these arrays, undamaged.

    Raises:
        OSError: The file is missing or cannot be read.
    """
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return set(names) <= set(_names(archive)) and all(
                    _unpacked(archive, info) == info.file_size
                    for info in archive.filelist
                )
        except _DAMAGES:
            return False
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return False


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """Count the bytes of a member; zipfile verifies the checksum at its end."""
    if info.compress_type not in _COMPRESSIONS:
        raise ValueError(f"{info.filename} has an unknown compression")
    with archive.open(info) as member:
        return sum(map(len, iter(lambda: member.read(_PART), b"")))


def _names(archive: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in archive.namelist()]


def _read(
    archive: zipfile.ZipFile, file: IO[bytes], name: str, limit: int
) -> np.ndarray:
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type not in _COMPRESSIONS:
        raise ValueError(f"{name} has an unknown compression")
    most = min(limit, file.seek(0, io.SEEK_END) * _COMPRESSIONS[info.compress_type])
    if not 0 <= info.file_size <= most:
        raise ValueError(f"{name} unpacks to {info.file_size:,} bytes")
    content = bytearray(info.file_size)
    end = 0
    with archive.open(info) as member:
        while part := member.read(_PART):  # zipfile verifies the checksum at the end
            content[end : end + len(part)] = part
            end += len(part)
    if end != info.file_size:
        raise ValueError(f"{name} has {end:,} bytes instead of {info.file_size:,}")
    header = io.BytesIO(content[: 2**16])
    version = npy.read_magic(header)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name} is an array of version {version}")
    is_old = version == (1, 0)
    read_header = npy.read_array_header_1_0 if is_old else npy.read_array_header_2_0
    shape, is_fortran, dtype = read_header(header)
    if dtype.hasobject:
        raise ValueError(f"{name} requires allow_pickle")
    if dtype.kind == "V":
        raise ValueError(f"{name} has the type {dtype}")
    start = header.tell()
    if math.prod(shape) * dtype.itemsize != len(content) - start:
        raise ValueError(f"{name} does not fit an array {shape} of {dtype}")
    if not math.prod(shape):
        return np.empty(shape, dtype)
    if dtype.kind == "U":
        letters = np.frombuffer(content, dtype.str[0] + "u4", offset=start)
        if letters.size and letters.max() > sys.maxunicode:
            raise ValueError(f"{name} contains invalid text")
    flat = np.frombuffer(content, dtype, math.prod(shape), start)
    return flat.reshape(shape, order="F" if is_fortran else "C")
