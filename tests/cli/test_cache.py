"""`kerasaudio cache`: what the library has written there, and no other file."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasaudio.cli import cache as command_module
from kerasaudio.datasets import archives, from_folder
from kerasaudio.features import FeatureExtractor
from kerasaudio.files import cached
from kerasaudio.files.cache import locked, write_whole
from kerasaudio.weights import load_state
from kerasaudio.weights import repository as repositories
from support import command, sounds
from support.manifests import CONTENT, https
from support.web_server import Served, WebServer

FILES = {"weights": 3, "repositories": 1, "features": 1, "decoded": 2, "datasets": 2}

LOCKING = """import sys
from pathlib import Path
from kerasaudio.files.cache import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "cache"
    monkeypatch.setenv("KERASAUDIO_CACHE", str(path))
    return path


@pytest.fixture
def full(folder, tmp_path, model, make_entry):
    """A cache that the library has filled with all kinds."""
    with WebServer() as server:
        server.files["/a.pth"] = Served(CONTENT)
        entry = make_entry(https(server.url + "/a.pth", format="torch"))
        load_state(entry, {"torch": lambda path: {"a/b": np.zeros(3, "float32")}})
    write_whole(repositories._record("someone/dogs", "main"), b"{}")
    root = sounds.class_folders(tmp_path / "set", {"a": 1, "b": 1})
    FeatureExtractor(model).extract(root, progress=False)
    from_folder(root).batches(model, training=False)
    archive = archives._packed_path("esc50", archives.ARCHIVES["esc50"])
    with locked(archive):
        for suffix in (".part", ".part.etag"):
            write_whole(archive.with_name(archive.name + suffix), b"begun")
    return folder


@pytest.fixture
def strangers(full, tmp_path):
    """Files that kerasaudio did not write, beside those that it did."""
    outside = tmp_path / "outside"
    place = next((full / "decoded").iterdir())
    names = [
        *("mine.txt", "weights/best.pth", "downloads/mine.pth", "datasets/set/a.zip"),
        *("decoded/16000-float32-v2/notes.txt", "features/mine/0.log"),
        f"decoded/{place.name}/old/{'0' * 32}.pcm",
    ]
    files = [full / name for name in names]
    files += [outside / f"{'0' * 32}.pcm", outside / "lock"]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"mine")
    (place / f"{'1' * 32}.pcm").symlink_to(outside / f"{'0' * 32}.pcm")
    (full / "decoded" / "8000-int16-v2").symlink_to(outside)
    (full / "downloads" / ("0" * 24)).symlink_to(outside)
    return files


def _inside(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_each_kind_with_its_size(run, full):
    status, out, err = run("cache")
    assert (status, err) == (0, "")
    first, *rows = out.splitlines()
    assert first == str(full)
    assert [row.split()[0] for row in rows] == [*cached.KINDS, "total"]
    assert [row.split()[1] for row in rows] == [*map(str, FILES.values()), "9"]

    found = json.loads(run("cache", "--json")[1])
    assert found["folder"] == str(full)
    assert {name: kind["files"] for name, kind in found["kinds"].items()} == FILES
    counted = [p for p in _inside(full) if p.suffix not in (".lock", ".pid")]
    sizes = sum(path.stat().st_size for path in counted)
    assert sum(kind["bytes"] for kind in found["kinds"].values()) == sizes


def test_one_kind_is_removed(run, full):
    status, out, err = run("cache", "--clear", "decoded", "features", "--yes")
    assert (status, err) == (0, "")
    assert out.startswith("Removed 3 files, ")
    kinds = json.loads(run("cache", "--json")[1])["kinds"]
    left = {name: kind["files"] for name, kind in kinds.items()}
    assert left == FILES | {"decoded": 0, "features": 0}
    assert not (full / "decoded").exists()


def test_nothing_else_is_removed(run, full, strangers):
    status, out, err = run("cache", "--clear", "--yes", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["files"] == sum(FILES.values())
    for file in strangers:
        assert file.read_bytes() == b"mine"
    left = {path for path in _inside(full) if path.suffix not in (".lock", ".pid")}
    links = {path for path in left if path.is_symlink()}
    assert {path.resolve() for path in left - links} <= set(strangers)


def test_a_linked_kind_is_left_alone(run, full, tmp_path):
    (full / "decoded").rename(tmp_path / "elsewhere")
    (full / "decoded").symlink_to(tmp_path / "elsewhere")
    status, _, err = run("cache", "--clear", "--yes")
    assert status == 0
    assert err == f"kerasaudio: {full / 'decoded'} is a link, and is left alone.\n"
    assert len(_inside(tmp_path / "elsewhere")) == 2


def test_a_file_that_another_process_downloads_stays(run, full):
    (converted,) = (full / "converted").rglob("*.safetensors")
    with subprocess.Popen(
        [sys.executable, "-c", LOCKING, converted],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(command.CHECKOUT)},
    ) as process:
        assert process.stdout.readline() == "locked\n"
        status, out, err = run("cache", "--clear", "weights", "--yes")
        process.stdin.close()
    assert status == 1
    assert f"{converted.parent} stays: another process uses it." in err
    assert out.startswith("Removed 1 file,")
    assert converted.exists()
    assert run("cache", "--clear", "weights", "--yes")[0] == 0
    assert not converted.exists()


def test_what_was_computed_is_computed_again(full, tmp_path, model):
    batches = from_folder(tmp_path / "set").batches(model, training=False)
    before = batches[0][0]
    cached.clear(["decoded"])
    np.testing.assert_array_equal(batches[0][0], before)
    again = from_folder(tmp_path / "set").batches(model, training=False)
    np.testing.assert_array_equal(again[0][0], before)


@pytest.mark.parametrize(
    ("answer", "status", "left"), [("y\n", 0, 0), ("\n", 1, 9), ("no\n", 1, 9)]
)
def test_it_asks(run, full, monkeypatch, answer, status, left):
    class Terminal:
        def isatty(self):
            return True

        def readline(self):
            return answer

    monkeypatch.setattr(command_module.sys, "stdin", Terminal())
    got, _, err = run("cache", "--clear")
    assert got == status
    assert err.startswith("Remove 9 files, 0.")
    assert sum(amount.files for amount in cached.held().values()) == left


def test_without_a_terminal_it_needs_a_yes(run, full, monkeypatch):
    monkeypatch.setattr(command_module.sys, "stdin", io.StringIO())
    status, out, err = run("cache", "--clear")
    assert (status, out) == (1, "")
    assert "pass --yes" in err
    assert len(_inside(full)) >= 9


def test_an_empty_cache(run, folder):
    assert run("cache")[1].splitlines()[-1].split()[:3] == ["total", "0", "files"]
    assert run("cache", "--clear") == (0, "Removed 0 files, 0.0 MB.\n", "")
    assert not folder.exists()


def test_bad_words(run, folder, monkeypatch):
    assert run("cache", "--yes")[0] == 1
    with pytest.raises(SystemExit):
        run("cache", "--clear", "everything")
    with pytest.raises(ValueError, match="kinds must be of weights, "):
        cached.clear(["everything"])
    monkeypatch.setattr(Path, "home", _homeless)
    monkeypatch.setenv("KERASAUDIO_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    status, _, err = run("cache")
    assert status == 1
    assert "KERASAUDIO_CACHE" in err


def _homeless():
    raise RuntimeError


def test_it_needs_no_keras(tmp_path):
    hidden = ("keras", *command.BACKENDS)
    status, out, err = command.run(tmp_path, "cache", hidden=hidden)
    assert (status, err) == (0, "")
    assert "total" in out
