"""From an entry to a verified file: where it is looked for, and what is made of it."""

import importlib
import socket
from pathlib import Path
from typing import Any

import pytest

from kerasaudio.files import cache
from kerasaudio.weights import WeightsError, fetch, fetch_companions, list_weights
from support.manifests import CONTENT, MakeEntry, git_blob, https
from support.web_server import Served, WebServer

PATH = "/files/best_model.pth"
WRONG = CONTENT[:-1] + b"!"
OTHER, OTHER_PATH = CONTENT[::-1], "/files/numbers.data"


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


def test_bundled_weights_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", refuse)
    bundled = [entry for entry in list_weights() if entry.is_bundled]
    assert {entry.title for entry in bundled} >= {
        "MusiCNN/mtat", "MusicVGG/msd", "YAMNet/audioset",
    }  # fmt: skip
    for entry in bundled:
        path, source = fetch(entry)
        assert path.stat().st_size == source.size


def test_the_package_holds_what_the_manifest_names_and_stays_small() -> None:
    folder = importlib.import_module("kerasaudio.weights.fetch")._BUNDLED
    named = {
        source.path
        for entry in list_weights()
        for source in entry.sources
        if source.kind == "bundled"
    }
    files = [path for path in folder.iterdir() if path.is_file()]
    assert {path.name for path in files} == named
    assert sum(path.stat().st_size for path in files) < 40e6


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


def two_files(server: WebServer) -> dict[str, Any]:
    """Give a source whose original consists of two files."""
    other = https(server.url + OTHER_PATH, OTHER)
    return https(server.url + PATH, companions=[other])


def test_all_files_of_an_original_are_downloaded_and_counted(
    server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    server.files[OTHER_PATH] = Served(OTHER)
    entry = make_entry(two_files(server))

    path, source = fetch(entry)

    assert entry.approximate_size == len(CONTENT) + len(OTHER)
    assert path.read_bytes() == CONTENT
    assert len(server.seen) == 2
    (other,) = fetch_companions(entry, source)
    assert other.read_bytes() == OTHER
    assert len(server.seen) == 2


def test_a_further_file_that_is_wrong_or_missing_is_named(
    server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(two_files(server))
    with pytest.raises(WeightsError, match=r"numbers\.data.* 404") as info:
        fetch(entry)
    assert f"The file numbers.data has {len(OTHER) / 1e6:.1f} MB" in str(info.value)
    server.files[OTHER_PATH] = Served(OTHER[:-1] + b"?")
    with pytest.raises(WeightsError, match="its sha256 is"):
        fetch(entry)


def test_all_files_of_an_original_are_found_in_the_users_folder(
    server: WebServer,
    make_entry: MakeEntry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "best_model.pth").write_bytes(CONTENT)
    (tmp_path / "renamed").write_bytes(OTHER)
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(tmp_path))
    entry = make_entry(two_files(server))

    found = fetch(entry)

    assert found.path == tmp_path / "best_model.pth"
    assert fetch_companions(entry, found.source) == [tmp_path / "renamed"]
    assert not server.seen
