"""Unpack gzip files of limited size into memory."""

import gzip
import io
import zlib
from pathlib import Path

from kerasaudio.files.errors import UnsafeFileError

MAGIC = b"\x1f\x8b"
_PART = 2**20


def is_gzip(path: Path) -> bool:
    """Return whether a file begins like a gzip file, whatever its name.

    Raises:
        OSError: The file is missing or cannot be read.
    """
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_gzip(path: Path, *, limit: int) -> io.BytesIO:
    """Return the content of a gzip file in memory; its checksum is verified.

    Args:
        path: Path of the file.
        limit: Largest allowed size of the content in bytes, whatever the file says.

    Raises:
        UnsafeFileError: The content is larger.
        ValueError: The file is damaged or not a gzip file. The caller must add its
            name.
        OSError: The file is missing or cannot be read.
    """
    content = io.BytesIO()
    try:
        with gzip.open(path) as file:
            while part := file.read(_PART):
                content.write(part)
                if content.tell() > limit:
                    raise UnsafeFileError(f"it unpacks to more than {limit:,} bytes.")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"it is not a complete gzip file ({error})") from error
    content.seek(0)
    return content
