"""KERASAUDIO_WEIGHTS: the user's own files, by name or by hash, never touched."""

import os
import sys
from pathlib import Path

import pytest

from kerasaudio.weights import WeightsError, fetch, local
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
    with pytest.warns(UserWarning, match="not used and not changed") as caught:
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
    with pytest.warns(UserWarning, match="not changed"):
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
    with pytest.warns(UserWarning, match="first, which is not a folder"):
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
