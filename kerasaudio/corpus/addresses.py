"""Read files and addresses alike: a path on this machine, or s3://, gs://, https://.

fsspec reads addresses; what it needs for each kind, such as s3fs, is installed apart.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import urlsplit

_PART = 2**20
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


def is_address(path: str) -> bool:
    """Return whether a path is an address such as s3://bucket/file."""
    return _ADDRESS.match(path) is not None


def is_pattern(path: str) -> bool:
    """Return whether a path has signs that stand for others."""
    return any(sign in path for sign in "*?[")


def opened_system(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it.

    Raises:
        ValueError: The kind of address is unknown, or it contains a password.
        ImportError: A package for it is missing; the message names it.
    """
    scheme = address.partition("://")[0]
    if "@" in urlsplit(address).netloc and scheme in ("http", "https", "ftp", "sftp"):
        raise ValueError(
            f"A {scheme}:// address must not contain a user's name or password, as it "
            "is written into the results. Pass them as fsspec reads them: in its "
            "configuration, or in the environment."
        )
    import fsspec

    system, path = fsspec.core.url_to_fs(address)
    return system, str(path)


def read(path: str, begin: int = 0, size: int | None = None) -> bytes:
    """Return the bytes of a file, or a range of them.

    Raises:
        OSError: It is missing or cannot be read.
    """
    if not is_address(path):
        with open(path, "rb") as file:
            file.seek(begin)
            return file.read(-1 if size is None else size)
    with _told(path):
        system, inside = opened_system(path)
        end = None if size is None else begin + size
        return bytes(system.cat_file(inside, start=begin or None, end=end))


def parts(path: str, begin: int = 0, size: int | None = None) -> Iterator[bytes]:
    """Yield the bytes of a file, or a range of them, some at a time."""
    with opened(path) as file:
        file.seek(begin)
        left = size
        while left is None or left > 0:
            part = file.read(_PART if left is None else min(_PART, left))
            if not part:
                return
            left = None if left is None else left - len(part)
            yield part


@contextlib.contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """Open a file or an address for reading.

    Raises:
        OSError: It is missing or cannot be read.
    """
    if not is_address(path):
        with open(path, "rb") as file:
            yield file
        return
    with _told(path):
        system, inside = opened_system(path)
        stream = system.open(inside, "rb")
    with stream:
        yield stream


def found(address: str) -> Iterator[tuple[str, int]]:
    """Yield the addresses and sizes of the files that an address names.

    It is a file, a folder, which is searched, or a pattern such as s3://bucket/*.tar.

    Raises:
        FileNotFoundError: There is no such file or folder.
        OSError: It cannot be listed.
    """
    with _told(address):
        system, path = opened_system(address)
        if is_pattern(path):
            entries = system.glob(path, detail=True)
        elif system.isdir(path):
            entries = system.find(path, detail=True)
        else:
            entries = {path: system.info(path)}
        if not entries:
            raise FileNotFoundError(f"There is nothing at {address}.")
        sizes = {
            name: int(entry.get("size") or 0)
            for name, entry in entries.items()
            if entry.get("type") != "directory"
        }
    for name in sorted(sizes):
        yield system.unstrip_protocol(name), sizes[name]


@contextlib.contextmanager
def _told(address: str) -> Iterator[None]:
    """Turn what file systems raise into an OSError that names the address only."""
    try:
        yield
    except (ValueError, ImportError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no {address}.") from error
    except Exception as error:  # of any kind, and with headers or keys in some texts
        raise OSError(
            f"{address} cannot be read ({type(error).__name__}). Check the address, "
            "your network, and your credentials for it."
        ) from error


def joined(folder: str, name: str) -> str:
    """Return the path of a file that a table in a folder names."""
    if is_address(name) or os.path.isabs(name):
        return name
    if is_address(folder):
        return f"{folder.rstrip('/')}/{name}"
    return os.path.join(folder, name)


def parent(path: str) -> str:
    """Return the folder of a file or an address."""
    if is_address(path):
        return path.rpartition("/")[0]
    return os.path.dirname(path)
