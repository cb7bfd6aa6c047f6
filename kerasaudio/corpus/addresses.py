"""Read files and addresses alike: a path on this machine, or s3://, gs://, https://.

fsspec reads addresses; what it needs for each kind, such as s3fs, is installed apart.
What file systems raise may contain keys, so nothing of it is shown, not as the cause of
an error either.
"""

import contextlib
import io
import logging
import os
import re
from collections.abc import Iterator
from typing import IO, Any, cast

from kerasaudio.audio.find import SUFFIXES
from kerasaudio.corpus.hidden import check_no_password, shown
from kerasaudio.extras import install

_PART = 2**20
_CHAIN = "::"  # as in zip://a.wav::s3://bucket/sounds.zip
_ADDRESS = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*::)*[A-Za-z][A-Za-z0-9+.-]*://")
_WEB = ("http://", "https://")
_FILES = (*SUFFIXES, ".tar", ".parquet")
_ABSENT = (404, 410)  # of HTTP


class AddressError(OSError):
    """An address cannot be read; the message tells no secrets."""


def is_address(path: str) -> bool:
    """Return whether a path is an address such as s3://bucket/file."""
    return _ADDRESS.match(path) is not None


def is_pattern(path: str) -> bool:
    """Return whether a path has signs that stand for others."""
    return any(sign in without_query(path) for sign in "*?[")


def without_query(path: str) -> str:
    """Return an address of the web up to its "?", or any other path as it is."""
    return path.partition("?")[0] if path.startswith(_WEB) else path


def opened_system(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it.

    Raises:
        ValueError: The kind of address is unknown, or it contains a password.
        ImportError: A package for it is missing; the message names it.
        OSError: It cannot be used, such as without credentials.
    """
    check_no_password(address)
    import fsspec

    for part in address.split(_CHAIN):
        _check_scheme(part.partition("://")[0], "://" in part)
    with _told(address):
        system, path = fsspec.core.url_to_fs(address)
        return system, str(path)


def _check_scheme(scheme: str, is_sure: bool) -> None:
    import fsspec

    if not is_sure and scheme not in fsspec.available_protocols():
        return  # a path
    try:
        _silence(fsspec.get_filesystem_class(scheme).__module__.partition(".")[0])
    except ValueError:
        raise ValueError(
            f"{scheme}:// is not a kind of address that fsspec knows. Known are, among "
            "others: s3, gs, az, https, file, hf."
        ) from None
    except ImportError as error:
        advice = {
            **dict.fromkeys(("s3", "s3a"), install("s3")),
            **dict.fromkeys(("gs", "gcs"), install("gs")),
            **dict.fromkeys(("http", "https"), install("http")),
        }.get(scheme, str(error))
        raise ImportError(
            f"Addresses such as {scheme}:// need another package: {advice}."
        ) from error


def _silence(package: str) -> None:
    """Print no logs of a package, unless the user has set up where logs go to.

    gcsfs, for one, logs whole exceptions as errors, which Python prints by itself.
    """
    logger = logging.getLogger(package)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def read(path: str, begin: int = 0, size: int | None = None) -> bytes:
    """Return the bytes of a file, or a range of them; fewer if it ends before.

    Raises:
        OSError: It is missing or cannot be read.
    """
    if not is_address(path):
        with open(path, "rb") as file:
            file.seek(begin)
            return file.read(-1 if size is None else size)
    system, inside = opened_system(path)
    with _told(path):
        end = None if size is None else begin + size
        content = bytes(system.cat_file(inside, start=begin or None, end=end))
    if size is not None and len(content) > size:
        raise _only_whole(path)
    return content


def parts(path: str, begin: int = 0, size: int | None = None) -> Iterator[bytes]:
    """Yield the bytes of a file, or a range of them, some at a time."""
    with opened(path) as file:
        if begin:
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
    system, inside = opened_system(path)
    with _told(path):
        stream = system.open(inside, "rb")
    with _Stream(stream, path) as told:
        yield cast(IO[bytes], told)


class _Stream(io.RawIOBase):
    """An open address, whose errors are told as those of opening it."""

    def __init__(self, stream: Any, address: str) -> None:
        self._stream = stream
        self._address = address

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        with _told(self._address), self._in_parts():
            return bytes(self._stream.read(-1 if size is None else size))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with _told(self._address), self._in_parts():
            return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    @contextlib.contextmanager
    def _in_parts(self) -> Iterator[None]:
        try:
            yield
        except ValueError:  # what fsspec raises if a server ignores the range
            if not self._address.startswith(_WEB):
                raise
            raise _only_whole(self._address) from None

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def found(address: str) -> Iterator[tuple[str, int]]:
    """Yield the addresses and sizes of the files that an address names.

    It is a file, a folder, which is searched, or a pattern such as s3://bucket/*.tar.

    Raises:
        FileNotFoundError: There is no such file or folder.
        OSError: It cannot be listed.
    """
    system, path = opened_system(address)
    with _told(address):
        if is_pattern(address):
            entries = system.glob(path, detail=True)
        elif not _is_file(address) and system.isdir(path):
            entries = system.find(path, detail=True)
        else:
            entries = {path: system.info(path)}
        sizes = {
            name: int(entry.get("size") or 0)
            for name, entry in entries.items()
            if entry.get("type") != "directory"
        }
    if not sizes:
        raise FileNotFoundError(f"There is nothing at {shown(address)}.")
    for name in sorted(sizes):
        yield _whole(address, system, name), sizes[name]


def _is_file(address: str) -> bool:
    """Return whether it need not be fetched to know that it is no list of files."""
    return address.startswith(_WEB) and without_query(address).lower().endswith(_FILES)


def _whole(address: str, system: Any, name: str) -> str:
    """Return the address of a file that was found in a file system."""
    first, is_chain, rest = address.partition(_CHAIN)
    if not is_chain:
        return str(system.unstrip_protocol(name))
    scheme, is_inside, _ = first.partition("://")
    if is_inside:  # of an archive
        return f"{scheme}://{name}{_CHAIN}{rest}"
    return f"{first}{_CHAIN}{_whole(rest, opened_system(rest)[0], name)}"


@contextlib.contextmanager
def _told(address: str) -> Iterator[None]:
    """Turn what file systems raise into an OSError that names the address only."""
    try:
        yield
    except (AddressError, ImportError, MemoryError):
        raise
    except Exception as error:  # of any kind, and with headers or keys in some texts
        raise _error(address, error) from None


def _error(address: str, error: Exception) -> Exception:
    told = error.__cause__ or error  # file systems of the web call all "not found"
    status = _status(told)
    if isinstance(error, FileNotFoundError) and (
        status in _ABSENT or isinstance(told, FileNotFoundError)
    ):
        return FileNotFoundError(f"There is no {shown(address)}.")
    kind = type(told).__name__
    number = "" if status is None else f" {status}"
    return AddressError(
        f"{shown(address)} cannot be read ({kind}{number}). Check the address, your "
        "network, and your credentials for it."
    )


def _status(error: BaseException) -> int | None:
    """Return the number of HTTP in an error of aiohttp, botocore or gcsfs."""
    answer = getattr(error, "response", None)
    facts = answer.get("ResponseMetadata") if isinstance(answer, dict) else None
    found = facts.get("HTTPStatusCode") if isinstance(facts, dict) else None
    for name in ("status", "code"):
        found = getattr(error, name, None) if found is None else found
    return found if isinstance(found, int) else None


def _only_whole(address: str) -> AddressError:
    return AddressError(
        f"{shown(address)} can only be read as a whole, from its beginning: its server "
        "does not send parts. Copy it to this machine."
    )


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
        return without_query(path).rpartition("/")[0]
    return os.path.dirname(path)
