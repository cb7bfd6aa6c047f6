"""One URL to one file: resumed, bounded, redirected only where it is safe.

The file's contents are the caller's to verify; nothing here is trusted.
"""

import contextlib
import errno
import http.client
import re
import shutil
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerasaudio.weights.cache import unwritable
from kerasaudio.weights.errors import DownloadError, WeightsError
from kerasaudio.weights.network import opener

STALL_SECONDS = 20.0  # without a byte
SLOW_SECONDS = 60.0  # below SLOW_RATE on average
SLOW_RATE = 1_000  # bytes a second
ATTEMPTS = 3  # in a row, without ENOUGH bytes won
ENOUGH = 2**18
BACKOFF_SECONDS = 0.25  # doubled each time
_CHUNK = 2**16
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


class _TransientError(Exception):
    """Worth another try."""


def download(
    url: str,
    part: Path,
    *,
    title: str,
    size: int | None,
    limit: int,
    headers: Mapping[str, str] | None = None,
    progress: bool = True,
) -> None:
    """Complete a file from a URL.

    Args:
        url: https, or http.
        part: What there is already is kept and continued, if the server can. It stays
            when the download fails half-way, for the next time.
        title: For the progress bar on stderr, which is shown on terminals only.
        size: Bytes of the file, None if not known.
        limit: Bytes that are never exceeded.
        headers: Sent to this URL's own host, and to no other after a redirect.
        progress: Whether to show the bar.

    Raises:
        DownloadError: The server cannot be reached, refuses, stalls, or offers another
            size.
        WeightsError: The file cannot be written.
    """
    failures = 0
    with _bar(title, size, progress) as bar:
        while True:
            before = _length(part)
            try:
                _transfer(url, part, size=size, limit=limit, headers=headers, bar=bar)
                return
            except _TransientError as error:
                won = _length(part) - before
                failures = 0 if won >= ENOUGH else failures + 1
                if failures == ATTEMPTS:
                    raise DownloadError(f"{error} ({ATTEMPTS} attempts)") from error
                time.sleep(BACKOFF_SECONDS * 2**failures)


def _transfer(
    url: str,
    part: Path,
    *,
    size: int | None,
    limit: int,
    headers: Mapping[str, str] | None,
    bar: Any,
) -> None:
    have = _length(part)
    if size is not None and have == size:
        return
    if have > (limit if size is None else size):
        discard(part)
        have = 0
    request = urllib.request.Request(url, headers={"User-Agent": "kerasaudio"})
    for name, value in (headers or {}).items():
        request.add_unredirected_header(name, value)
    if have:
        request.add_header("Range", f"bytes={have}-")
        if validator := _read_validator(part):
            request.add_header("If-Range", validator)
    with _open(request, part) as response:
        have = _check_range(response, part, have)
        total = _check_size(response, have, size, limit)
        if not have:
            _start(part, response)
        _check_space(part, total, have)
        bar.total = total
        bar.n = have
        bar.refresh()
        have = _receive(response, part, have, total, limit, bar)
    if total is not None and have < total:
        raise _TransientError(f"the connection was cut at {have:,} of {total:,} bytes")


def _open(request: urllib.request.Request, part: Path) -> http.client.HTTPResponse:
    try:
        return opener().open(request, timeout=STALL_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416:  # the part is no beginning of this file
                discard(part)
                raise _TransientError("the server could not continue it") from error
            if error.code in _TRANSIENT:
                raise _TransientError(f"HTTP {error.code} {error.reason}") from error
            refusal = DownloadError(f"HTTP {error.code} {error.reason}")
            refusal.status = error.code
            refusal.code = error.headers.get("X-Error-Code")
            raise refusal from error
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, TimeoutError | ConnectionResetError | BrokenPipeError):
            raise _TransientError(_explain(reason)) from error
        raise DownloadError(_explain(reason)) from error
    except DownloadError:  # of our own handlers, and final
        raise
    except (OSError, http.client.HTTPException) as error:
        raise _TransientError(_explain(error)) from error


def _explain(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer for {STALL_SECONDS:g} seconds"
    if isinstance(reason, socket.gaierror):
        return f"no network, or no such host ({reason.strerror})"
    if isinstance(reason, ssl.SSLError):
        return f"no trustworthy connection ({reason})"
    if isinstance(reason, OSError):
        return f"no connection ({reason.strerror or reason})"
    return str(reason) or type(reason).__name__


def _check_range(response: http.client.HTTPResponse, part: Path, have: int) -> int:
    """Give the byte at which the answer starts."""
    if response.status == 200:  # not continued: another file by now, or never did
        return 0
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if response.status == 206 and match and int(match[1]) == have:
        return have
    discard(part)
    raise _TransientError(f"the server answered {response.status} with another part")


def _check_size(
    response: http.client.HTTPResponse, have: int, size: int | None, limit: int
) -> int | None:
    length = response.headers.get("Content-Length", "")
    total = have + int(length) if length.isdecimal() else None
    hint = ""
    if response.headers.get_content_type() == "text/html":
        hint = ", a web page: does this network want a login, or is the file gone?"
    if size is not None and total not in (size, None):
        raise DownloadError(f"it offers {total:,} bytes instead of {size:,}{hint}")
    if total is not None and total > limit:
        raise DownloadError(f"it offers {total:,} bytes; at most {limit:,} are sane")
    return total if size is None else size


def _check_space(part: Path, total: int | None, have: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if total is not None and total - have > free:
        raise unwritable(
            part.parent,
            OSError(errno.ENOSPC, f"{total - have:,} bytes needed, {free:,} free"),
        )


def _receive(
    response: http.client.HTTPResponse,
    part: Path,
    have: int,
    total: int | None,
    limit: int,
    bar: Any,
) -> int:
    bound = limit if total is None else total
    since, received = time.monotonic(), 0
    with _writing(part), part.open("ab") as file:
        while chunk := _read(response):
            if have + len(chunk) > bound:
                file.close()
                discard(part)
                raise DownloadError(f"it sends more than {bound:,} bytes")
            file.write(chunk)
            have += len(chunk)
            received += len(chunk)
            bar.update(len(chunk))
            if (elapsed := time.monotonic() - since) > SLOW_SECONDS:
                if received < SLOW_RATE * elapsed:
                    raise DownloadError(
                        f"it sent {received:,} bytes in {elapsed:.0f} seconds"
                    )
                since, received = time.monotonic(), 0
    return have


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _TransientError(_explain(error)) from error


def _start(part: Path, response: http.client.HTTPResponse) -> None:
    """Empty the part, and keep what tells whether a rest would still fit to it."""
    validator = response.headers.get("ETag", "")
    with _writing(part):
        part.write_bytes(b"")
        _validator_path(part).write_text(validator, encoding="utf-8")


def _read_validator(part: Path) -> str | None:
    try:
        validator = _validator_path(part).read_text(encoding="utf-8")
    except OSError:  # none was kept; the hash will tell
        return None
    return validator if re.fullmatch(r'"[\x21\x23-\x7e]*"', validator) else None


def _validator_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


@contextlib.contextmanager
def _writing(part: Path) -> Iterator[None]:
    try:
        yield
    except (WeightsError, _TransientError):
        raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            discard(part)  # leave the user the space that there was
        raise unwritable(part, error) from error


def _length(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def discard(part: Path) -> None:
    """Delete a partial download."""
    part.unlink(missing_ok=True)
    _validator_path(part).unlink(missing_ok=True)


@contextlib.contextmanager
def _bar(title: str, size: int | None, progress: bool) -> Iterator[Any]:
    from tqdm import tqdm

    with tqdm(
        total=size,
        desc=title,
        unit="B",
        unit_scale=True,
        file=sys.stderr,
        disable=None if progress else True,  # None: unless stderr is no terminal
    ) as bar:
        yield bar
