"""Download a URL to a file: resumed, bounded, with safe redirects only.

The caller must verify the content of the file; the server is not trusted.
"""

import contextlib
import errno
import http.client
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerasaudio.files.cache import unwritable
from kerasaudio.files.deadline import Watch
from kerasaudio.files.errors import DownloadError, WeightsError
from kerasaudio.files.network import opener
from kerasaudio.files.network_errors import explain, retry_after, told, unfinished
from kerasaudio.files.progress import bytes_bar

STALL_SECONDS = 20.0  # limit without a byte
ANSWER_SECONDS = 60.0  # limit until the body begins, including redirects
LONGEST_WAIT = 60.0  # longest wait in seconds, even if the server asks for more
SLOW_SECONDS = 60.0  # limit below SLOW_RATE on average, or between two pieces
SLOW_RATE = 1_000  # bytes per second
ATTEMPTS = 3  # consecutive attempts that gain less than ENOUGH bytes
ENOUGH = 2**18
BACKOFF_SECONDS = 0.25  # doubled after each failure
_CHUNK = 2**16
_MOST_DIGITS = 18  # of a length in bytes
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


class _TransientError(Exception):
    """A failure that may be temporary; retry after at least `after` seconds."""

    after = 0.0


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
    """Download a URL to a file, or continue a partial file.

    Args:
        url: An https or http address.
        part: Path of the file. If it has content, the download continues it if the
            server supports that. If the download fails, the file stays for the next
            call.
        title: Title of the progress bar on stderr, which is shown on terminals and
            in notebooks only.
        size: Size of the file in bytes; None if unknown.
        limit: Largest allowed size in bytes.
        headers: Headers for this URL's own host; other hosts do not get them after a
            redirect.
        progress: Whether to show the bar.

    Raises:
        DownloadError: The server is unreachable, rejects the request, stalls, or offers
            another size.
        WeightsError: The file cannot be written.
    """
    failures = 0
    with bytes_bar(title, size, progress) as bar:
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
                backoff = BACKOFF_SECONDS * 2**failures
                time.sleep(max(backoff, min(error.after, LONGEST_WAIT)))


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
    watch = Watch()
    with _open(request, part, watch) as response:
        have = _check_range(response, part, have)
        total = _check_size(response, have, size, limit)
        if not have:
            _start(part, response)
        _check_space(part, total, have)
        bar.total = total
        bar.n = have
        bar.refresh()
        have = _receive(response, watch, part, have, total, limit, bar)
    if total is not None and have < total:
        raise _TransientError(f"the connection was cut at {have:,} of {total:,} bytes")


def _open(
    request: urllib.request.Request, part: Path, watch: Watch
) -> http.client.HTTPResponse:
    try:
        with watch.limit(ANSWER_SECONDS):
            response = opener(watch).open(request, timeout=STALL_SECONDS)
        if watch.expired:  # the headers may be incomplete
            response.close()
            raise _TransientError(unfinished(ANSWER_SECONDS))
        return response
    except urllib.error.HTTPError as error:
        said = f"HTTP {error.code} {told(error.reason)}"
        with error:
            if error.code == 416:  # the part is not a beginning of this file
                discard(part)
                raise _TransientError("the server could not continue it") from error
            if error.code in _TRANSIENT:
                passing = _TransientError(said)
                passing.after = retry_after(error.headers)
                raise passing from error
            refusal = DownloadError(said)
            refusal.status = error.code
            refusal.code = error.headers.get("X-Error-Code")
            raise refusal from error
    except urllib.error.URLError as error:
        reason = error.reason
        if watch.expired:
            raise _TransientError(unfinished(ANSWER_SECONDS)) from error
        if isinstance(reason, TimeoutError | ConnectionResetError | BrokenPipeError):
            raise _TransientError(explain(reason, STALL_SECONDS)) from error
        raise DownloadError(explain(reason, STALL_SECONDS)) from error
    except DownloadError:  # from our own handlers; not temporary
        raise
    except (ValueError, http.client.InvalidURL) as error:
        raise DownloadError(
            f"it redirects to an invalid address ({told(str(error))})"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        if watch.expired:
            raise _TransientError(unfinished(ANSWER_SECONDS)) from error
        raise _TransientError(explain(error, STALL_SECONDS)) from error


def _check_range(response: http.client.HTTPResponse, part: Path, have: int) -> int:
    """Return the byte at which the answer starts."""
    if response.status == 200:  # from the beginning: the file changed, or no support
        return 0
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if response.status == 206 and match and match[1] == str(have):
        return have
    discard(part)
    raise _TransientError(f"the server answered {response.status} with another part")


def _check_size(
    response: http.client.HTTPResponse, have: int, size: int | None, limit: int
) -> int | None:
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and len(length) > _MOST_DIGITS:
        raise DownloadError(f"it offers {length[:_MOST_DIGITS]}... bytes")
    total = have + int(length) if length.isdecimal() else None
    hint = ""
    if response.headers.get_content_type() == "text/html":
        hint = ", a web page: does this network require a login, or is the file gone?"
    if size is not None and total not in (size, None):
        raise DownloadError(f"it offers {total:,} bytes instead of {size:,}{hint}")
    if total is not None and total > limit:
        raise DownloadError(f"it offers {total:,} bytes; the limit is {limit:,}")
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
    watch: Watch,
    part: Path,
    have: int,
    total: int | None,
    limit: int,
    bar: Any,
) -> int:
    bound = limit if total is None else total
    since, received = time.monotonic(), 0
    with _writing(part), part.open("ab") as file:
        while chunk := _read(response, watch):
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


def _read(response: http.client.HTTPResponse, watch: Watch) -> bytes:
    try:
        with watch.limit(SLOW_SECONDS):
            chunk = response.read1(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        if not watch.expired:
            raise _TransientError(explain(error, STALL_SECONDS)) from error
    if watch.expired:
        raise _TransientError(unfinished(SLOW_SECONDS))
    return chunk


def _start(part: Path, response: http.client.HTTPResponse) -> None:
    """Empty the part, and store the ETag that is needed to continue it."""
    validator = response.headers.get("ETag", "")
    with _writing(part):
        part.write_bytes(b"")
        _validator_path(part).write_text(validator, encoding="utf-8")


def _read_validator(part: Path) -> str | None:
    try:
        validator = _validator_path(part).read_text(encoding="utf-8")
    except OSError:  # no ETag is stored; the caller's hash detects a change
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
            discard(part)  # free the space again
        raise unwritable(part, error) from error


def _length(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def discard(part: Path) -> None:
    """Delete a partial download."""
    forget_validator(part)
    part.unlink(missing_ok=True)


def forget_validator(part: Path) -> None:
    """Delete the ETag of a download that is complete or given up."""
    _validator_path(part).unlink(missing_ok=True)
