"""Servers without end or sense: given up in time, and the next one is asked."""

import datetime
import email.utils
import itertools
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kerasaudio.weights import DownloadError, WeightsError, cache, download, fetch
from support.manifests import CONTENT, MakeEntry, https
from support.raw_server import RawServer
from support.web_server import Served, WebServer

PATH = "/model.pth"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "model.pth.part"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(download, "SLOW_SECONDS", 0.5)


def get(url: str, part: Path, **changes: Any) -> bytes:
    options: dict[str, Any] = {"title": "FCN/mtat", "size": len(CONTENT)}
    options |= {"limit": 10**6, "progress": False} | changes
    download.download(url, part, **options)
    return part.read_bytes()


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


@pytest.mark.parametrize("what", SLOW)
def test_answers_without_end_are_given_up(what: str, part: Path) -> None:
    first, rest, pause = SLOW[what]
    start = time.monotonic()
    with (
        RawServer(Endless(first, rest), pause) as server,
        pytest.raises(DownloadError, match=r"no whole answer within 0\.5 s"),
    ):
        get(server.url, part)
    assert time.monotonic() - start < 5
    assert server.connections == download.ATTEMPTS
    assert not part.exists() or not part.stat().st_size


def test_chunks_are_read_and_a_slow_end_is_noticed(part: Path) -> None:
    chunks = [b"%x\r\n%b\r\n" % (len(CONTENT), CONTENT), b"0\r\n\r\n"]
    with RawServer([CHUNKED, *chunks]) as server:
        assert get(server.url, part) == CONTENT


NONSENSE = {
    "redirect to half an address": b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n",
    "redirect to no port": b"HTTP/1.1 302 Found\r\nLocation: http://a:b/\r\n",
    "redirect to a high port": b"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:99999/\r\n",
    "redirect to a long name": b"HTTP/1.1 302 F\r\nLocation: http://%b.org/\r\n"
    % (b"a" * 70),
    "redirect to odd bytes": b"HTTP/1.1 302 F\r\nLocation: http://\xff\xfe/\r\n",
    "a long length": OK + b"Content-Length: %b\r\n" % (b"9" * 5000),
    "a length below zero": OK + b"Content-Length: -5\r\n",
    "a length in words": OK + b"Content-Length: many\r\n",
    "no status": b"hello\r\n",
    "a status in words": b"HTTP/1.1 fine\r\n",
    "a negative chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc",
    "a chunk in words": OK + b"Transfer-Encoding: chunked\r\n\r\nmany\r\nabc",
    "nothing": b"",
}


@pytest.mark.parametrize("what", NONSENSE)
def test_after_nonsense_the_next_source_is_asked(
    what: str, server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    with RawServer([NONSENSE[what] + b"\r\n"]) as raw:
        entry = make_entry(https(raw.url), https(server.url + PATH))
        path, source = fetch(entry, progress=False)
    assert path.read_bytes() == CONTENT
    assert source.url == server.url + PATH
    assert raw.connections


def test_an_odd_range_is_no_beginning(part: Path) -> None:
    part.write_bytes(CONTENT[:1000])
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %b-2/3\r\n\r\n"
    with (
        RawServer([head % (b"9" * 5000)]) as server,
        pytest.raises(DownloadError, match="answered 206"),
    ):
        get(server.url, part)


@pytest.mark.parametrize("status", [503, 404])
def test_what_a_server_says_does_not_steer_a_terminal(part: Path, status: int) -> None:
    answer = b"HTTP/1.1 %d \x1b[2Jhello\x07\r\nContent-Length: 0\r\n\r\n" % status
    with (
        RawServer([answer]) as server,
        pytest.raises(DownloadError, match="hello") as info,
    ):
        get(server.url, part)
    assert str(info.value).isprintable()


def in_seconds(seconds: float) -> str:
    then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return email.utils.format_datetime(then)


@pytest.mark.parametrize(
    ("asked", "low", "high"),
    [
        ("7", 7, 7),
        (30, 20, 30),
        ("1000000", 60, 60),
        ("9" * 500, 60, 60),
        (10**6, 60, 60),
        (-50, 0, 0.1),
        ("-3", 0, 0.1),
        ("soon", 0, 0.1),
        ("", 0, 0.1),
    ],
)
def test_a_server_may_ask_to_wait_for_a_while(
    part: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: str | int,
    low: float,
    high: float,
) -> None:
    asked = asked if isinstance(asked, str) else in_seconds(asked)
    waits: list[float] = []
    monkeypatch.setattr(download.time, "sleep", waits.append)
    answer = f"HTTP/1.1 503 Busy\r\nRetry-After: {asked}\r\nContent-Length: 0\r\n\r\n"
    with (
        RawServer([answer.encode()]) as server,
        pytest.raises(DownloadError, match="HTTP 503"),
    ):
        get(server.url, part)
    assert len(waits) == 2
    assert all(low <= wait <= high for wait in waits)


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A file of the cache that someone else has locked."""
    monkeypatch.setattr(cache, "WAIT_SECONDS", 0.1)
    path = tmp_path / "downloads" / "model.pth"
    taken, over = threading.Event(), threading.Event()

    def hold() -> None:
        with cache.locked(path):
            taken.set()
            over.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(20)
    yield path, over
    over.set()
    thread.join()


def test_waiting_is_said(held: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path, over = held
    threading.Timer(0.5, over.set).start()
    with cache.locked(path):
        pass
    said = capsys.readouterr().err
    assert said.count("Waiting for another process") == 1
    assert f"({os.getpid()}) that downloads" in said
    assert "model.pth" in said
    assert [file.name for file in path.parent.iterdir()] == ["model.pth.lock"]


def test_nothing_is_said_where_nobody_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with cache.locked(tmp_path / "model.pth"):
        pass
    assert capsys.readouterr() == ("", "")


def test_waiting_for_one_who_does_nothing_has_an_end(
    held: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = held
    monkeypatch.setattr(cache, "IDLE_SECONDS", 0.3)
    with (
        pytest.raises(WeightsError, match=rf"process \({os.getpid()}\).* nothing for"),
        cache.locked(path),
    ):
        pass


def test_waiting_for_one_who_writes_goes_on(
    held: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, over = held
    monkeypatch.setattr(cache, "IDLE_SECONDS", 0.5)

    def write() -> None:
        for number in range(12):
            path.with_name("model.pth.part").write_bytes(bytes(number))
            time.sleep(0.1)
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    with cache.locked(path):
        assert over.is_set()
    writer.join()
