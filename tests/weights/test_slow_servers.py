"""Servers without end or sense: given up in time, and the next one is asked."""

import datetime
import email.utils
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from kerasaudio.files import cache, download
from kerasaudio.weights import DownloadError, WeightsError, fetch
from support.manifests import CONTENT, MakeEntry, https
from support.odd_servers import CHUNKED, FAST, SLOW, Endless, outcome
from support.raw_server import RawServer
from support.web_server import Served, WebServer

PATH = "/model.pth"


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


@pytest.mark.parametrize("what", SLOW)
def test_answers_without_end_are_given_up(what: str, part: Path) -> None:
    first, rest, pause = SLOW[what]
    start = time.monotonic()
    with (
        RawServer(Endless(first, rest), pause) as server,
        pytest.raises(DownloadError, match=r"no complete answer within 0\.5 s"),
    ):
        get(server.url, part)
    assert time.monotonic() - start < 5
    assert server.connections == download.ATTEMPTS
    assert not part.exists() or not part.stat().st_size


def test_chunks_are_read_and_a_slow_end_is_noticed(part: Path) -> None:
    chunks = [b"%x\r\n%b\r\n" % (len(CONTENT), CONTENT), b"0\r\n\r\n"]
    with RawServer([CHUNKED, *chunks]) as server:
        assert get(server.url, part) == CONTENT


@pytest.mark.parametrize("what", FAST)
def test_odd_answers_end_in_the_right_bytes_or_an_error(
    what: str, tmp_path: Path
) -> None:
    assert outcome(FAST[what], tmp_path) is None


def test_there_is_no_odd_answer_less() -> None:
    assert len(FAST) >= 95
    assert len(SLOW) >= 7


NONSENSE = [
    "no answer at all",
    "status line 'hello'",
    "cut in half",
    "other bytes",
    "chunk of 'many'",
    "redirect to 'http://['",
    "redirect to 'http://a:b/'",
    "again after 'soon'",
]


@pytest.mark.parametrize("what", NONSENSE)
def test_after_nonsense_the_next_source_is_asked(
    what: str, server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    with RawServer([FAST[what].answer]) as raw:
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
