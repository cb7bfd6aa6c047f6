"""Redirects: to the web only, encrypted, and without the user's secrets."""

import urllib.error
from pathlib import Path

import pytest

from kerasaudio.files import network
from kerasaudio.weights import DownloadError
from support.downloads import HALF, PATH, get
from support.manifests import CONTENT
from support.web_server import Served, WebServer


def test_redirects_are_followed(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(location="/b")
    server.files["/b"] = Served(location=server.other_name + "/c")
    server.files["/c"] = Served(CONTENT)
    assert get(server, part) == CONTENT


def test_the_range_is_kept_over_redirects(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(location="/b")
    server.files["/b"] = Served(CONTENT, cuts=[HALF])
    assert get(server, part) == CONTENT
    assert server.requests("/b")[1].headers["Range"] == f"bytes={HALF}-"


def test_circles_come_to_an_end(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(location=PATH)
    with pytest.raises(DownloadError, match="HTTP 302"):
        get(server, part)
    assert len(server.seen) < 20


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "gopher://a/b"]
)
def test_redirects_lead_to_the_web_only(
    server: WebServer, part: Path, location: str
) -> None:
    server.files[PATH] = Served(location=location)
    with pytest.raises(DownloadError, match=r"not an encrypted web address|HTTP 302"):
        get(server, part)
    assert not part.exists()


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ("https://a/x", "https://b/y", True),
        ("http://127.0.0.1/x", "https://b/y", True),
        ("http://127.0.0.1/x", "http://127.0.0.1/y", True),
        ("https://a/x", "http://a/x", False),
        ("https://a/x", "http://127.0.0.1/x", False),
        ("https://a/x", "file:///x", False),
        ("http://127.0.0.1/x", "ftp://a/x", False),
    ],
)
def test_redirects_stay_encrypted(old: str, new: str, allowed: bool) -> None:
    assert network.may_redirect(old, new) is allowed


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_only_the_web_is_opened(url: str) -> None:
    with pytest.raises(urllib.error.URLError, match="unknown url type"):
        network.opener().open(url)


def test_secrets_stay_with_their_host(server: WebServer, part: Path) -> None:
    server.files[PATH] = Served(location="/same")
    server.files["/same"] = Served(location=server.other_name + "/other")
    server.files["/other"] = Served(CONTENT)
    get(server, part, headers={"Authorization": "Bearer secret"})
    sent = {seen.path: seen.headers.get("Authorization") for seen in server.seen}
    assert sent == {PATH: "Bearer secret", "/same": "Bearer secret", "/other": None}
