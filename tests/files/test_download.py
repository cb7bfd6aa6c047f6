"""Plain web semantics: resuming, redirects, bounds, servers that misbehave."""

import io
import time
from pathlib import Path

import pytest

from kerasaudio.files import download
from kerasaudio.weights import DownloadError
from support.downloads import HALF, PATH, get
from support.manifests import CONTENT
from support.web_server import Served, WebServer


def ranges(server: WebServer) -> list[str | None]:
    return [seen.headers.get("Range") for seen in server.requests(PATH)]


@pytest.mark.parametrize("size", [len(CONTENT), None], ids=["size known", "unknown"])
@pytest.mark.parametrize("length", [True, False], ids=["length sent", "not sent"])
def test_whole(server: WebServer, part: Path, size: int | None, length: bool) -> None:
    server.files[PATH] = Served(CONTENT, length=length)
    assert get(server, part, size=size) == CONTENT
    assert len(server.seen) == 1


@pytest.mark.parametrize("size", [len(CONTENT), None], ids=["size known", "unknown"])
def test_cut_in_half_and_continued(
    server: WebServer, part: Path, size: int | None
) -> None:
    served = Served(CONTENT, cuts=[HALF, 1000])
    server.files[PATH] = served
    assert get(server, part, size=size) == CONTENT
    assert ranges(server) == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]
    etag = server.seen[1].headers["If-Range"]
    assert etag.startswith('"')


def test_cut_without_a_length_is_noticed(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(CONTENT, cuts=[HALF], length=False)
    assert get(server, part) == CONTENT


def test_continued_by_a_later_call(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(CONTENT, cuts=[HALF, 0, 0, 0, 0])
    with pytest.raises(DownloadError, match=rf"cut at {HALF:,} of {len(CONTENT):,}"):
        get(server, part)
    assert part.stat().st_size == HALF
    server.files[PATH].cuts.clear()
    server.seen.clear()
    assert get(server, part) == CONTENT
    assert ranges(server) == [f"bytes={HALF}-"]


def test_a_complete_part_asks_for_nothing(server: WebServer, part: Path) -> None:
    part.write_bytes(CONTENT)
    assert get(server, part) == CONTENT
    assert not server.seen


def test_a_part_that_is_too_long_is_thrown_away(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(CONTENT)
    part.write_bytes(CONTENT + b"!")
    assert get(server, part) == CONTENT
    assert ranges(server) == [None]


def test_a_part_that_the_server_finds_too_long(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(CONTENT)
    part.write_bytes(CONTENT + b"!")
    assert get(server, part, size=None) == CONTENT
    assert ranges(server) == [f"bytes={len(CONTENT) + 1}-", None]


def test_a_server_that_cannot_continue(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(CONTENT, ranges=False, cuts=[HALF])
    assert get(server, part) == CONTENT
    assert ranges(server) == [None, f"bytes={HALF}-"]


def test_a_file_changed_meanwhile_starts_over(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(b"?" * len(CONTENT), cuts=[HALF, 0, 0, 0])
    with pytest.raises(DownloadError):
        get(server, part)
    server.files[PATH] = Served(CONTENT)
    assert get(server, part) == CONTENT


def test_a_weak_etag_is_no_validator(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(CONTENT, etag='W/"weak"', cuts=[HALF])
    assert get(server, part) == CONTENT
    assert "If-Range" not in server.seen[1].headers


def test_another_range_than_asked_for(server: WebServer, part: Path) -> None:
    part.write_bytes(CONTENT[:HALF])
    wrong = {"Content-Range": f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}"}
    server.files[PATH] = Served(CONTENT, headers=wrong)
    assert get(server, part) == CONTENT
    assert ranges(server) == [f"bytes={HALF}-", None]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_troubles_are_tried_again(
    server: WebServer, part: Path, status: int
) -> None:
    server.files[PATH] = Served(CONTENT, refusals=[status, status])
    assert get(server, part) == CONTENT
    assert len(server.seen) == 3


def test_lasting_troubles_are_given_up(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(status=503)
    with pytest.raises(DownloadError, match="HTTP 503"):
        get(server, part)
    assert len(server.seen) == download.ATTEMPTS


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
def test_refusals_are_final(server: WebServer, part: Path, status: int) -> None:
    server.files[PATH] = Served(status=status)
    with pytest.raises(DownloadError, match=f"HTTP {status}") as info:
        get(server, part)
    assert info.value.status == status
    assert len(server.seen) == 1
    assert not part.exists()


def test_crumbs_do_not_go_on_forever(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(CONTENT, cuts=[1] * 1000)
    with pytest.raises(DownloadError, match="3 attempts"):
        get(server, part)
    assert part.read_bytes() == CONTENT[:3]


def test_many_cuts_with_enough_between_are_survived(
    server: WebServer, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ENOUGH", 10_000)
    server.files[PATH] = Served(CONTENT, cuts=[10_000] * 10)
    assert get(server, part) == CONTENT


def test_a_stalled_download_is_continued(
    server: WebServer, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "STALL_SECONDS", 0.2)
    server.files[PATH] = Served(CONTENT, stalls=True, chunk=HALF)
    assert get(server, part) == CONTENT
    assert ranges(server) == [None, f"bytes={HALF}-"]


def test_a_server_that_keeps_stalling(
    server: WebServer, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "STALL_SECONDS", 0.2)
    server.files[PATH] = Served(CONTENT, stalls=True, chunk=1000)
    start = time.monotonic()
    with pytest.raises(DownloadError, match=r"no answer for 0\.2 seconds"):
        get(server, part)
    assert time.monotonic() - start < 5
    assert part.read_bytes() == CONTENT[:3000]


def test_a_server_that_never_answers(
    server: WebServer, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(
        "support.web_server._Handler.do_GET",
        lambda self: self.owner.closing.wait(20),
    )
    with pytest.raises(DownloadError, match=r"no answer for 0\.2 seconds"):
        get(server, part)


def test_a_trickle(
    server: WebServer, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "SLOW_SECONDS", 0.3)
    monkeypatch.setattr(download, "SLOW_RATE", 10**6)
    server.files[PATH] = Served(CONTENT, chunk=100, pause=0.05)
    with pytest.raises(DownloadError, match="bytes in 0 seconds"):
        get(server, part)
    assert CONTENT.startswith(part.read_bytes())
    assert part.stat().st_size > 0


def test_another_size_is_not_downloaded(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(CONTENT + b"!")
    with pytest.raises(DownloadError, match=r"204,801 bytes instead of 204,800$"):
        get(server, part)
    assert not part.exists()


def test_a_login_page_is_named(server: WebServer, part: Path) -> None:
    page = {"Content-Type": "text/html; charset=utf-8"}
    server.files[PATH] = Served(b"<html>log in", headers=page)
    with pytest.raises(DownloadError, match="does this network require a login"):
        get(server, part)


def test_more_than_was_promised_is_not_written(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(CONTENT + b"!", length=False)
    with pytest.raises(DownloadError, match="more than 204,800 bytes"):
        get(server, part)
    assert not part.exists()


@pytest.mark.parametrize("length", [True, False], ids=["length sent", "not sent"])
def test_an_unknown_size_is_bounded(
    server: WebServer, part: Path, length: bool
) -> None:
    server.files[PATH] = Served(CONTENT, length=length)
    with pytest.raises(DownloadError, match=r"100,000"):
        get(server, part, size=None, limit=100_000)
    assert not part.exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_on_terminals(
    server: WebServer,
    part: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    progress: bool,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    server.files[PATH] = Served(CONTENT, cuts=[HALF])
    get(server, part, progress=progress)
    assert ("FCN/mtat: 100%" in terminal.getvalue()) is progress
    assert ("205k/205k" in terminal.getvalue()) is progress
    assert capsys.readouterr().out == ""


def test_no_bar_elsewhere(
    server: WebServer, part: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.files[PATH] = Served(CONTENT)
    get(server, part, progress=True)
    assert capsys.readouterr() == ("", "")
