"""What servers answer that should not: malformed, contradictory, without end.

Whatever comes, a download ends in its right bytes or in a `WeightsError`, in time.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from kerasaudio.files import download
from kerasaudio.files.verified import download_verified
from kerasaudio.weights import WeightsError
from support.manifests import CONTENT
from support.raw_server import RawServer

OK = b"HTTP/1.1 200 OK\r\n"
SIZE = len(CONTENT)
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
_LENGTH = b"Content-Length: %d\r\n" % SIZE
_WHOLE = OK + _LENGTH + b"\r\n" + CONTENT
_CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (SIZE, CONTENT)
_HALF = CONTENT[: SIZE // 2]


@dataclass(frozen=True)
class Odd:
    """An answer.

    Attributes:
        answer: Its bytes.
        begun: Whether half of the file is there already, so that the rest is asked for.
        is_right: Whether the download should end well; None where either is.
    """

    answer: bytes
    begun: bool = False
    is_right: bool | None = False


def _statuses() -> Iterator[tuple[str, Odd]]:
    for code in (
        204, 205, 206, 300, 301, 304, 305, 306, 400, 401, 402, 403, 404, 405, 407, 408,
        410, 418, 421, 425, 429, 451, 500, 501, 502, 503, 504, 505, 511, 599, 600, 999,
    ):  # fmt: skip
        yield f"status {code}", Odd(b"HTTP/1.1 %d X\r\n%b\r\n" % (code, _LENGTH))
    for line in (
        b"HTTP/1.1 fine", b"HTTP/1.1 2000 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 -200 OK",
        b"HTTP/1.1 0x200 OK", b"HTTP/1.1 200.5 OK", b"HTTP/1.1", b"HTTP/ 200 OK",
        b"HTP/1.1 200 OK", b"ICY 200 OK", b"hello", b"", b"\0" * 100, b"\xff\xfe" * 50,
        b"HTTP/1.1 200 " + b"a" * 70_000,
    ):  # fmt: skip
        text = line[:24].decode("latin-1")
        yield f"status line {text!r}", Odd(line + b"\r\n" + _LENGTH + b"\r\n" + CONTENT)
    yield "no answer at all", Odd(b"")
    yield "switching protocols", Odd(b"HTTP/1.1 101 Switching\r\n\r\n")
    yield "continue, and then nothing", Odd(b"HTTP/1.1 100 Continue\r\n\r\n")
    hint = b"HTTP/1.1 100 Continue\r\n\r\n"
    yield "continue, and then the file", Odd(hint * 3 + _WHOLE, is_right=True)


def _headers() -> Iterator[tuple[str, Odd]]:
    for name, header in {
        "a line without a colon": b"nonsense\r\n",
        "a line that begins with one": b": nonsense\r\n",
        "NUL": b"X: a\0b\r\n",
        "odd bytes": b"X: \xff\xfe\r\n",
        "a bare CR": b"X: a\rb\r\n",
        "a folded line": b"X: a\r\n b\r\n",
        "an escape": b"X: \x1b[2J\r\n",
        "an odd validator": b"ETag: \x1b[2J\r\n",
    }.items():
        odd = Odd(OK + header + _LENGTH + b"\r\n" + CONTENT, is_right=None)
        yield f"header: {name}", odd
    yield "200 headers", Odd(OK + b"X: a\r\n" * 200 + _LENGTH + b"\r\n" + CONTENT)
    yield "a header of 100 kB", Odd(OK + b"X: %b\r\n\r\n" % (b"a" * 100_000))
    yield "headers that are cut", Odd(OK + b"Content-Le")
    newlines = _WHOLE[:-SIZE].replace(b"\r\n", b"\n") + CONTENT
    yield "bare newlines", Odd(newlines, is_right=None)


def _lengths() -> Iterator[tuple[str, Odd]]:
    for length in (
        b"-5", b"many", b"9" * 5000, b"9" * 19, b"0", b"%d" % (SIZE + 1),
        b"%d" % (SIZE - 1), b"%d" % 2**63, b"1e3",
    ):  # fmt: skip
        answer = OK + b"Content-Length: %b\r\n\r\n" % length + CONTENT
        right = None if length in (b"many", b"-5", b"1e3") else False
        yield f"length {length[:22].decode()}", Odd(answer, is_right=right)
    for length in (b"", b" ", b"+%d" % SIZE, b"%d, %d" % (SIZE, SIZE), b"0x32000"):
        answer = OK + b"Content-Length: %b\r\n\r\n" % length + CONTENT
        yield f"length {length.decode()!r}", Odd(answer, is_right=None)
    two = OK + _LENGTH + b"Content-Length: 5\r\n\r\n" + CONTENT
    yield "two lengths", Odd(two, is_right=None)
    yield "cut in half", Odd(OK + _LENGTH + b"\r\n" + _HALF)
    yield "too long", Odd(OK + b"\r\n" + CONTENT + b"!")
    yield "other bytes", Odd(OK + _LENGTH + b"\r\n" + bytes(SIZE))
    yield "no length, all of it", Odd(OK + b"\r\n" + CONTENT, is_right=True)
    page = b"Content-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    yield "a page to log in", Odd(OK + page)
    packed = b"Content-Encoding: gzip\r\n"
    yield (
        "packed bytes",
        Odd(OK + packed + _LENGTH + b"\r\n" + b"\x1f\x8b" * (SIZE // 2)),
    )


def _chunks() -> Iterator[tuple[str, Odd]]:
    for size in (
        b"-5", b"many", b"f" * 17, b"F" * 5000, b"", b";", b"0x5", b"+5", b" 5 ",
        b"1_0", b"5;" + b"a" * 70_000,
    ):  # fmt: skip
        odd = Odd(CHUNKED + size + b"\r\nabcde\r\n0\r\n\r\n")
        yield f"chunk of {size[:20].decode()!r}", odd
    yield "chunks that are cut", Odd(CHUNKED + b"%x\r\n%b" % (SIZE, _HALF))
    yield "chunks without a last", Odd(CHUNKED + _CHUNKS[:-5], is_right=None)
    yield (
        "chunks without an end of line",
        Odd(CHUNKED + b"5\r\nabcde5\r\nabcde0\r\n\r\n"),
    )
    yield "no chunk", Odd(CHUNKED + b"0\r\n\r\n")
    yield (
        "chunks and a length",
        Odd(
            OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + _CHUNKS,
            is_right=None,
        ),
    )
    for coding in (b"gzip, chunked", b"identity", b"chunked, chunked", b"\x00"):
        answer = OK + b"Transfer-Encoding: %b\r\n\r\n" % coding + _CHUNKS
        yield f"coding {coding.decode()!r}", Odd(answer, is_right=None)


def _redirects() -> Iterator[tuple[str, Odd]]:
    for place in (
        b"http://[", b"http://[::1", b"http://[v1.x]/", b"http://a:b/", b"http://",
        b"http:///x", b"http://127.0.0.1:99999/", b"http://127.0.0.1:-1/",
        b"http://127.0.0.1:0/", b"http://127.0.0.1:1/", b"http://256.256.256.256/",
        b"http://a..b/", b"http://%b.org/" % (b"a" * 70), b"http://\xff\xfe/",
        b"http://127.0.0.1/a b", b"http://127.0.0.1:1/\x7f", b"http://\xf0\x9f\x90\x95/",
        b"http://user:pass@127.0.0.1:1/", b"file:///etc/passwd", b"ftp://127.0.0.1/x",
        b"data:,x", b"javascript:alert(1)", b"ws://127.0.0.1/", b"//", b"///", b"?",
        b"#", b"", b" ", b"\\\\127.0.0.1\\x", b"http:\\\\127.0.0.1", b"a" * 60_000,
    ):  # fmt: skip
        head = (
            b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % place
        )
        yield f"redirect to {place[:30].decode('latin-1')!r}", Odd(head)
    for code in (303, 307, 308):
        head = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % code
        yield f"redirect {code} to nowhere", Odd(head)
    two = b"Location: http://127.0.0.1:1/\r\nLocation: http://[\r\n"
    yield "two redirects", Odd(b"HTTP/1.1 302 Found\r\n" + two + b"\r\n")


def _ranges() -> Iterator[tuple[str, Odd]]:
    rest = CONTENT[SIZE // 2 :]
    for where in (
        b"", b"bytes", b"bytes 5-", b"bytes -5", b"bytes */%d" % SIZE, b"items 0-5",
        b"bytes %b-2/3" % (b"9" * 5000), b"bytes 5-2/1",
        b"bytes 0-%d/%d" % (SIZE, SIZE), b"bytes=%d-" % (SIZE // 2),
    ):  # fmt: skip
        head = b"HTTP/1.1 206 Partial\r\nContent-Range: %b\r\n\r\n" % where
        yield f"range {where[:20].decode()!r}", Odd(head + rest, begun=True)
    place = b"Content-Range: bytes %d-%d/%d\r\n" % (SIZE // 2, SIZE - 1, SIZE)
    head = b"HTTP/1.1 206 Partial\r\n" + place + b"\r\n"
    yield "the rest", Odd(head + rest, begun=True, is_right=True)
    yield "another rest", Odd(head + bytes(len(rest)), begun=True)
    yield "more than the rest", Odd(head + rest + b"!", begun=True)
    yield "never the rest", Odd(b"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n", True)
    yield "all instead of the rest", Odd(_WHOLE, begun=True, is_right=True)


def _waits() -> Iterator[tuple[str, Odd]]:
    for when in (
        b"-1", b"1000000000", b"9" * 5000, b"soon", b"", b"nan", b"1.5", b"1e9",
        b"Fri, 31 Dec 9999 23:59:59 GMT", b"Fri, 31 Dec 99999 23:59:59 GMT",
        b"Thu, 01 Jan 1970 00:00:00 GMT", b"Fri, 99 Foo 2026 99:99:99 GMT", b"\xff",
    ):  # fmt: skip
        head = (
            b"HTTP/1.1 503 Busy\r\nRetry-After: %b\r\nContent-Length: 0\r\n\r\n" % when
        )
        yield f"again after {when[:20].decode('latin-1')!r}", Odd(head)


FAST: dict[str, Odd] = {
    name: odd
    for make in (_statuses, _headers, _lengths, _chunks, _redirects, _ranges, _waits)
    for name, odd in make()
}
# First bytes, bytes without end, and seconds between them.
SLOW = {
    "headers": (OK + b"X-Slow: ", b"a", 0.02),
    "headers in lines": (OK, b"X-Slow: a\r\n", 0.02),
    "a status": (b"HTTP/1.", b"1", 0.02),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.0),
    "chunk line": (CHUNKED, b"0", 0.02),
    "chunk extension": (CHUNKED + b"1;", b"a", 0.02),
    "trailers": (CHUNKED + b"0\r\n", b"X-Slow: a\r\n", 0.0),
}


class Endless:
    """The same pieces for every connection."""

    def __init__(self, first: bytes, piece: bytes) -> None:
        self._first, self._piece = first, piece

    def __iter__(self) -> Iterator[bytes]:
        return itertools.chain([self._first], itertools.repeat(self._piece))


def outcome(odd: Odd, folder: Path) -> str | None:
    """Download from a server that answers so; say what went wrong, None if nothing."""
    path = folder / "model.pth"
    if odd.begun:
        path.with_name("model.pth.part").write_bytes(_HALF)
    with RawServer([odd.answer]) as server, impatient():
        try:
            download_verified(
                server.url,
                path,
                lambda file: None if file.read_bytes() == CONTENT else "other bytes",
                title="FCN/mtat",
                size=SIZE,
                limit=10**6,
                progress=False,
            )
        except WeightsError as error:
            if odd.is_right:
                return f"it was refused: {error}"
            if not str(error).isprintable():
                return f"it steers a terminal: {str(error)!r}"
            return None
    if odd.is_right is False:
        return "it was taken"
    return None if path.read_bytes() == CONTENT else "other bytes were taken"


def impatient() -> mock._patch_dict:
    """Let all waiting be short."""
    return mock.patch.multiple(
        download,
        ANSWER_SECONDS=0.5,
        SLOW_SECONDS=0.5,
        STALL_SECONDS=1.0,
        BACKOFF_SECONDS=0.005,
        LONGEST_WAIT=0.05,
    )
