"""No network, no space, no permission: known in seconds, with what to do."""

import importlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerasaudio.files import cache, download, network
from kerasaudio.weights import WeightsError, fetch, list_weights
from kerasaudio.weights.places import downloaded_path
from support.manifests import CONTENT, MakeEntry, https, hub
from support.web_server import Served, WebServer

PATH = "/files/best_model.pth"
WRONG = CONTENT[:-1] + b"!"


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A network that swallows what is sent into it."""
    over = threading.Event()

    def connect(*args: object, **kwargs: object) -> None:
        over.wait(20)
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", connect)
        yield
        over.set()


@pytest.mark.usefixtures("silence")
def test_silence_of_two_sources_is_one_wait(make_entry: MakeEntry) -> None:
    entry = make_entry(hub(size=None), https("https://nowhere.invalid/model.pth"))
    start = time.monotonic()
    with pytest.raises(WeightsError) as info:
        fetch(entry)
    assert time.monotonic() - start < 3.9
    assert str(info.value).count("no network: no answer within 2 seconds") == 2


@pytest.mark.parametrize("how", ["refused", "no such host"])
def test_no_network_is_known_in_three_seconds(
    how: str, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{closed_port()}/model.pth"
    if how == "no such host":
        url = "https://nowhere.invalid/model.pth"
    monkeypatch.setenv("HF_ENDPOINT", url.rpartition("/")[0])
    entry = make_entry(hub(size=None), https(url, size=None), https(url + "2"))
    start = time.monotonic()
    with pytest.raises(WeightsError, match="no network") as info:
        fetch(entry)
    assert time.monotonic() - start < 3
    message = str(info.value)
    for part in ("FCN/mtat", "someone/something", url, "KERASAUDIO_WEIGHTS", "0.2 MB"):
        assert part in message
    assert message.count("no network") == 3


def test_the_error_names_the_presets_that_need_none() -> None:
    entry = next(e for e in list_weights("SampleCNN") if e.tag == "mtat")
    module = importlib.import_module("kerasaudio.weights.fetch")
    message = module._message(entry, {entry.sources[0]: "no network"})
    assert "about 7.5 MB" in message
    assert "MusiCNN/mtat" in message
    assert entry.sources[0].url in message


@pytest.mark.parametrize(
    "url", ["https://" + "a" * 70 + ".org/x", "https://a:99999/x", "https://a:b/x"]
)
def test_impossible_addresses(url: str) -> None:
    assert list(network.unreachable({1: url})) == [1]


def test_a_proxy_is_what_must_be_reached(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {"far": "https://nowhere.invalid/x", "near": server.url + "/x"}
    assert list(network.unreachable(urls)) == ["far"]
    monkeypatch.setenv("https_proxy", server.url)
    assert not network.unreachable(urls)
    monkeypatch.setenv("https_proxy", server.url.removeprefix("http://"))
    assert not network.unreachable(urls)
    monkeypatch.setenv("no_proxy", "nowhere.invalid")
    assert list(network.unreachable(urls)) == ["far"]


@pytest.mark.parametrize("kind", ["socks4", "socks5", "SOCKS5h"])
def test_a_socks_proxy_is_named(
    make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    proxy = f"{kind}://someone:secret@127.0.0.1:{closed_port()}"
    monkeypatch.setenv("https_proxy", proxy)
    url = "https://nowhere.invalid/model.pth"
    with pytest.raises(WeightsError, match="set https_proxy to an HTTP proxy") as info:
        fetch(make_entry(https(url)))
    assert "unset it" in str(info.value)
    assert kind.lower() in str(info.value)
    assert "secret" not in str(info.value)


def test_a_socks_proxy_met_on_the_way_is_named_at_once(
    server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1080")
    server.files[PATH] = Served(location="https://nowhere.invalid/model.pth")
    options = {"title": "FCN/mtat", "size": None, "limit": 10**6, "progress": False}
    with pytest.raises(WeightsError, match=r"not supported") as info:
        download.download(server.url + PATH, tmp_path / "part", **options)
    assert "attempts" not in str(info.value)
    assert len(server.seen) == 1


def test_a_proxy_for_all_addresses_is_named(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    urls = {"far": "https://nowhere.invalid/x", "near": server.url + "/x"}
    problems = network.unreachable(urls)
    assert list(problems) == ["far"]
    assert "all_proxy is not used" in problems["far"]


@pytest.mark.parametrize("missing", [1, 100])
def test_a_full_disk_is_noticed_before(
    server: WebServer,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
    missing: int,
) -> None:
    usage = type("Usage", (), {"free": len(CONTENT) - missing})
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: usage)
    server.files[PATH] = Served(CONTENT)
    with pytest.raises(WeightsError, match="KERASAUDIO_CACHE to another") as info:
        fetch(make_entry(https(server.url + PATH)))
    assert f"{len(CONTENT) - missing:,} free" in str(info.value)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is Linux's")
def test_a_disk_that_fills_up(server: WebServer, make_entry: MakeEntry) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH))
    path = downloaded_path(entry.sources[0])
    path.parent.mkdir(parents=True)
    part = path.with_name(f"{path.name}.part")
    part.symlink_to("/dev/full")
    with pytest.raises(WeightsError, match="No space left on device"):
        fetch(entry)
    assert not part.is_symlink()


def test_a_cache_that_cannot_be_written(
    server: WebServer,
    make_entry: MakeEntry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "file" / "cache"))
    server.files[PATH] = Served(CONTENT)
    with pytest.raises(WeightsError, match="set KERASAUDIO_CACHE"):
        fetch(make_entry(https(server.url + PATH)))


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("KERASAUDIO_CACHE")
    monkeypatch.setattr(cache.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_folder() == tmp_path / "xdg" / "kerasaudio"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.cache_folder() == Path.home() / ".cache" / "kerasaudio"
    monkeypatch.setattr(cache.sys, "platform", "darwin")
    assert cache.cache_folder() == Path.home() / "Library" / "Caches" / "kerasaudio"
    monkeypatch.setattr(cache.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache.cache_folder() == tmp_path / "local" / "kerasaudio"


def test_names_of_a_manifest_cannot_leave_the_cache(make_entry: MakeEntry) -> None:
    url = "https://example.org/a/..%5C..%2F..%3Anul.pth"
    path = downloaded_path(make_entry(https(url)).sources[0])
    assert path.parent.parent == cache.cache_folder() / "downloads"
    assert not set(path.name) & set(r"\/:")
