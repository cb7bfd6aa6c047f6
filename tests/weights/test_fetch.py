"""From an entry to a verified file: where it is looked for, and what is made of it."""

import importlib
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerasaudio.weights import WeightsError, cache, fetch, list_weights, local, network
from support.manifests import CONTENT, MakeEntry, git_blob, https, hub
from support.web_server import Served, WebServer

PATH = "/files/best_model.pth"
WRONG = CONTENT[:-1] + b"!"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(folder))
    return folder


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_downloads_once(server: WebServer, make_entry: MakeEntry) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH))
    path, source = fetch(entry)
    assert path.read_bytes() == CONTENT
    assert source == entry.sources[0]
    assert cache.cache_folder() in path.parents
    assert fetch(entry).path == path
    assert len(server.requests(PATH)) == 1
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "best_model.pth",
        "best_model.pth.lock",
    ]


def test_a_git_blob_is_a_pin(server: WebServer, make_entry: MakeEntry) -> None:
    server.files[PATH] = Served(CONTENT)
    pin = {"sha256": "absent", "git_blob": git_blob()}
    assert fetch(make_entry(https(server.url + PATH, **pin))).path.is_file()
    pin = {"sha256": "absent", "git_blob": git_blob(WRONG)}
    with pytest.raises(WeightsError, match="its git_blob is"):
        fetch(make_entry(https(server.url + PATH, **pin), tag="other"))


@pytest.mark.parametrize("size", [len(CONTENT), None], ids=["size known", "unknown"])
def test_wrong_bytes_of_the_right_length(
    server: WebServer, make_entry: MakeEntry, size: int | None
) -> None:
    server.files[PATH] = Served(WRONG)
    entry = make_entry(https(server.url + PATH, size=size))
    with pytest.raises(WeightsError, match="damaged or has been changed") as info:
        fetch(entry)
    assert "its sha256 is" in str(info.value)
    assert not list(cache.cache_folder().rglob("best_model.pth*[!k]"))
    server.files[PATH] = Served(CONTENT)
    assert fetch(entry).path.read_bytes() == CONTENT


def test_a_damaged_cache_is_deleted_reported_and_filled_again(
    server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH))
    path = fetch(entry).path
    for damage in (WRONG, CONTENT[:100], b""):
        path.write_bytes(damage)
        with pytest.warns(UserWarning, match="was damaged .* deleted") as caught:
            assert fetch(entry).path.read_bytes() == CONTENT
        assert str(path) in str(caught[0].message)
    assert len(server.requests(PATH)) == 4


def test_a_damaged_cache_is_deleted_even_without_network(
    server: WebServer, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH))
    path = fetch(entry).path
    path.write_bytes(WRONG)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with (
        pytest.warns(UserWarning, match="was damaged"),
        pytest.raises(WeightsError, match="no network"),
    ):
        fetch(entry)
    assert not path.exists()


def refuse(*args: object, **kwargs: object) -> None:
    raise ConnectionRefusedError(111, "Connection refused")


def test_sources_are_tried_in_order(server: WebServer, make_entry: MakeEntry) -> None:
    server.files["/second"] = Served(CONTENT)
    entry = make_entry(https(server.url + "/first"), https(server.url + "/second"))
    assert fetch(entry).source is entry.sources[1]
    assert [seen.path for seen in server.seen] == ["/first", "/second"]


def test_what_lies_here_comes_before_the_network(
    server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    fetch(make_entry(https(server.url + PATH)))
    first = b"first" * 10_000
    server.files["/first"] = Served(first)
    entry = make_entry(
        https(server.url + "/first", first), https(server.url + PATH), tag="both"
    )
    assert fetch(entry).source is entry.sources[1]
    assert not server.requests("/first")


# Files of the user's


def test_by_name_without_network(folder: Path, make_entry: MakeEntry) -> None:
    (folder / "best_model.pth").write_bytes(CONTENT)
    before = snapshot(folder)
    entry = make_entry(https("https://nowhere.invalid" + PATH))
    assert fetch(entry).path == folder / "best_model.pth"
    assert snapshot(folder) == before


@pytest.mark.parametrize("size", [len(CONTENT), None], ids=["size known", "unknown"])
def test_by_hash_in_subfolders(
    folder: Path, make_entry: MakeEntry, size: int | None
) -> None:
    kept = folder / "a" / "b" / "whatever.pth"
    kept.parent.mkdir(parents=True)
    (folder / "a" / "before.pth").write_bytes(WRONG)
    kept.write_bytes(CONTENT)
    entry = make_entry(https("https://nowhere.invalid" + PATH, size=size))
    assert fetch(entry).path == kept
    entry = make_entry(
        https(
            "https://nowhere.invalid" + PATH,
            sha256="absent",
            git_blob=git_blob(),
            size=size,
        ),
        tag="other",
    )
    assert fetch(entry).path == kept


def test_of_a_hub_repository(folder: Path, make_entry: MakeEntry) -> None:
    (folder / "model.safetensors").write_bytes(CONTENT)
    assert fetch(make_entry(hub())).path == folder / "model.safetensors"


def test_a_wrong_file_is_reported_and_left(
    server: WebServer, folder: Path, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    (folder / "best_model.pth").write_bytes(WRONG)
    before = snapshot(folder)
    entry = make_entry(https(server.url + PATH))
    with pytest.warns(UserWarning, match="left as it is and not used") as caught:
        path = fetch(entry).path
    assert str(folder / "best_model.pth") in str(caught[0].message)
    assert folder not in path.parents
    assert snapshot(folder) == before


def test_a_wrong_file_and_no_network(folder: Path, make_entry: MakeEntry) -> None:
    (folder / "best_model.pth").write_bytes(WRONG)
    before = snapshot(folder)
    entry = make_entry(https("https://nowhere.invalid" + PATH))
    with (
        pytest.warns(UserWarning, match="its sha256 is"),
        pytest.raises(WeightsError, match="KERASAUDIO_WEIGHTS") as info,
    ):
        fetch(entry)
    assert str(folder) in str(info.value)
    assert snapshot(folder) == before


def test_a_right_file_beside_a_wrong_one(folder: Path, make_entry: MakeEntry) -> None:
    (folder / "best_model.pth").write_bytes(WRONG)
    (folder / "right.pth").write_bytes(CONTENT)
    entry = make_entry(https("https://nowhere.invalid" + PATH))
    with pytest.warns(UserWarning, match="left as it is"):
        assert fetch(entry).path == folder / "right.pth"


def test_files_of_other_presets_are_not_wrong(
    server: WebServer, folder: Path, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    other = make_entry(https("https://nowhere.invalid" + PATH, WRONG), tag="other")
    entry = make_entry(https(server.url + PATH))
    (folder / "best_model.pth").write_bytes(WRONG)
    assert fetch(other).path == folder / "best_model.pth"
    assert fetch(entry).path.read_bytes() == CONTENT  # and no warning


def test_several_folders_some_absent(
    tmp_path: Path, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "best_model.pth").write_bytes(CONTENT)
    folders = [str(tmp_path / "first"), str(tmp_path / "second")]
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", os.pathsep.join(folders))
    with pytest.warns(UserWarning, match="first, which is no folder"):
        path = fetch(make_entry(https("https://nowhere.invalid" + PATH))).path
    assert path == tmp_path / "second" / "best_model.pth"


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need a POSIX")
def test_loops_pipes_and_dead_links(folder: Path, make_entry: MakeEntry) -> None:
    deep = folder / "deep" / "deeper"
    deep.mkdir(parents=True)
    (deep / "up").symlink_to(folder)
    (deep / "itself").symlink_to(deep / "itself")
    (deep / "dead.pth").symlink_to(folder / "none")
    os.mkfifo(deep / "best_model.pth")
    os.mkfifo(folder / "best_model.pth")
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "found.pth").write_bytes(CONTENT)
    (folder / "linked").symlink_to(elsewhere)
    entry = make_entry(https("https://nowhere.invalid" + PATH))
    assert fetch(entry).path == folder / "linked" / "found.pth"


def test_other_sizes_are_not_hashed_and_none_twice(
    folder: Path, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    digest = local.digest

    def count(path: Path, algorithm: local.Algorithm) -> str:
        hashed.append(path.name)
        return digest(path, algorithm)

    monkeypatch.setattr(local, "digest", count)
    (folder / "larger.pth").write_bytes(CONTENT + b"!")
    (folder / "same size.pth").write_bytes(WRONG)
    entry = make_entry(https("https://nowhere.invalid" + PATH))
    for _ in range(2):
        with pytest.raises(WeightsError):
            fetch(entry)
    assert hashed == ["same size.pth"]
    (folder / "same size.pth").write_bytes(CONTENT)
    os.utime(folder / "same size.pth", (1, 1))
    assert fetch(entry).path == folder / "same size.pth"


def test_a_file_changed_behind_the_memory_is_not_taken(
    folder: Path, make_entry: MakeEntry
) -> None:
    kept = folder / "kept.pth"
    kept.write_bytes(CONTENT)
    entry = make_entry(https("https://nowhere.invalid" + PATH))
    assert fetch(entry).path == kept
    status = kept.stat()
    kept.write_bytes(WRONG)
    os.utime(kept, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(WeightsError):
        fetch(entry)


# Files of the package


def test_bundled_weights_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", refuse)
    bundled = [entry for entry in list_weights() if entry.is_bundled]
    assert {entry.title for entry in bundled} >= {"MusiCNN/mtat", "MusicVGG/msd"}
    for entry in bundled:
        path, source = fetch(entry)
        assert path.stat().st_size == source.size


def test_a_damaged_installation(
    tmp_path: Path, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("kerasaudio.weights.fetch")
    monkeypatch.setattr(module, "_BUNDLED", tmp_path)
    source = https("https://example.org/x") | {"kind": "bundled", "path": "mine"}
    del source["url"]
    entry = make_entry(source)
    (tmp_path / "mine").write_bytes(CONTENT)
    assert fetch(entry).path == tmp_path / "mine"
    (tmp_path / "mine").write_bytes(WRONG)
    with pytest.raises(WeightsError, match="installation is damaged"):
        fetch(entry)
    (tmp_path / "mine").unlink()
    with pytest.raises(WeightsError, match="No such file"):
        fetch(entry)


# No network, no space


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
def test_silence_is_known_in_three_seconds(make_entry: MakeEntry) -> None:
    entry = make_entry(hub(size=None), https("https://nowhere.invalid/model.pth"))
    start = time.monotonic()
    with pytest.raises(WeightsError) as info:
        fetch(entry)
    assert time.monotonic() - start < 3
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


@pytest.mark.parametrize("missing", [1, 100])
def test_a_full_disk_is_noticed_before(
    server: WebServer,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
    missing: int,
) -> None:
    from kerasaudio.weights import download

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
    path = cache.downloaded_path(entry.sources[0])
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
    path = cache.downloaded_path(make_entry(https(url)).sources[0])
    assert path.parent.parent == cache.cache_folder() / "downloads"
    assert not set(path.name) & set(r"\/:")
