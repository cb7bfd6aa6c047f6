"""Where files of published weights are: found by size, never downloaded."""

import os
from pathlib import Path

import pytest

from kerasaudio.files.cache import write_whole
from kerasaudio.weights import fetch, find, list_weights, local, whereabouts
from kerasaudio.weights.load import CONVERTERS_VERSION
from kerasaudio.weights.places import converted_path
from support.manifests import CONTENT, REVISION, MakeEntry, https, hub
from support.web_server import Served, WebServer

PATH = "/files/best_model.pth"
NOWHERE = "https://nowhere.invalid" + PATH
WRONG = CONTENT[:-1] + b"!"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own, beside one that does not exist."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv(
        "KERASAUDIO_WEIGHTS", os.pathsep.join([str(tmp_path / "none"), str(folder)])
    )
    return folder


def test_bundled_weights_are_in_the_package() -> None:
    (place,) = whereabouts([find("YAMNet", "audioset")])
    assert place.kind == "package"
    assert place.path is not None
    assert place.path.is_file()


def test_nothing_yet(make_entry: MakeEntry) -> None:
    assert whereabouts([make_entry(https(NOWHERE), hub())]) == [("download", None)]


def test_a_download_is_in_the_cache(server: WebServer, make_entry: MakeEntry) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH))
    path = fetch(entry).path
    assert whereabouts([entry]) == [("cache", path)]
    path.write_bytes(CONTENT[:-1])  # cut short: it will be downloaded again
    assert whereabouts([entry])[0].kind == "download"


def test_a_conversion_in_the_cache_is_enough(make_entry: MakeEntry) -> None:
    entry = make_entry(https(NOWHERE))
    path = converted_path(entry.sources[0], CONVERTERS_VERSION)
    write_whole(path, b"tensors")
    assert whereabouts([entry]) == [("cache", path)]


def test_the_cache_of_the_hub(tmp_path: Path, make_entry: MakeEntry) -> None:
    snapshots = tmp_path / "hub" / "models--someone--something" / "snapshots"
    path = snapshots / REVISION / "model.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert whereabouts([make_entry(hub())]) == [("hub cache", path)]


@pytest.mark.parametrize("name", ["best_model.pth", "deep/other name.pth"])
@pytest.mark.parametrize("size", [len(CONTENT), None], ids=["size known", "unknown"])
def test_a_folder_of_the_user(
    folder: Path, make_entry: MakeEntry, name: str, size: int | None
) -> None:
    entry = make_entry(https(NOWHERE, size=size))
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(WRONG)  # small files are told apart by their hash
    assert whereabouts([entry])[0].kind == "download"
    (folder / name).write_bytes(CONTENT + b"!")
    assert whereabouts([entry])[0].kind == "download"
    (folder / name).write_bytes(CONTENT)
    assert whereabouts([entry]) == [("user folder", folder / name)]


def test_large_files_are_not_read(
    folder: Path, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, algorithm: str) -> str:
        raise AssertionError(f"{path} was hashed")

    monkeypatch.setattr(local, "digest", refuse)
    size = 40_000_000
    entry = make_entry(https(NOWHERE, size=size))
    with (folder / "large.pth").open("wb") as file:
        file.truncate(size)  # a hole: it takes no space
    if os.name != "nt":
        (folder / "dead.pth").symlink_to(folder / "absent")
    assert whereabouts([entry]) == [("user folder", folder / "large.pth")]


def test_everything_at_once_and_without_a_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    for name in ("KERASAUDIO_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    entries = list_weights()
    for entry, place in zip(entries, whereabouts(entries), strict=True):
        assert entry.is_bundled == (place.kind == "package")
