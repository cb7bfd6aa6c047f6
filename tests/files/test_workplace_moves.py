"""What is moved beside a target: whole, in one step, or not at all."""

import os
import sys
from pathlib import Path

import pytest

from kerasaudio.files import workplace as room
from kerasaudio.files.whole_file import write_text
from kerasaudio.files.workplace import remove_dead, workplace
from support.beside import end, names, needs_kill, start

MOVED = """
import sys
from pathlib import Path
from kerasaudio.files.workplace import workplace
parent = Path(sys.argv[1])
(parent / "model").mkdir()
(parent / "model" / "a").write_text("old")
with workplace(parent) as place:
    (place.folder / "model").mkdir()
    (place.folder / "model" / "a").write_text("new")
    place.put(place.folder / "model")
    print("ready", flush=True)
    sys.stdin.read()
"""


MOVES = """
import os, sys
from pathlib import Path
from kerasaudio.files import workplace
parent, steps, exchange = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
names = sys.argv[4:]
real = os.replace
def replace(*paths):
    global steps
    if steps == 0:
        os.kill(os.getpid(), 9)
    steps -= 1
    real(*paths)
if exchange == "no":
    workplace.exchange = lambda *_: False
with workplace.workplace(parent, only=names[-1]) as place:
    made = []
    for name in names:
        path = place.folder / name
        if "." in name:
            path.write_text("new")
        else:
            path.mkdir()
            (path / "in").write_text("new")
        made.append(path)
    print("ready", flush=True)
    os.replace = replace
    place.put(*made)
"""


@needs_kill
@pytest.mark.parametrize("exchange", ["yes", "no"])
@pytest.mark.parametrize(
    "parts", [("model",), ("model.tflite",), ("m.bin", "m.xml")], ids=str
)
@pytest.mark.parametrize("there", [True, False], ids=["replaces", "new"])
def test_a_move_that_was_killed_is_finished_or_never_was(
    tmp_path, parts, exchange, there
):
    for steps in range(12):
        parent = tmp_path / str(steps)
        parent.mkdir()
        for name in parts if there else ():
            path = parent / name
            if "." in name:
                path.write_text("old")
            else:
                path.mkdir()
                (path / "in").write_text("old")
                (path / "more").write_text("old")
        process = start(MOVES, parent, steps, exchange, *parts)
        process.communicate()
        if process.returncode == 0:
            assert steps > 0
            assert contents(parent) == {"new"}
            return
        found = {p.name for p in parent.iterdir() if not p.name.startswith(".")}
        if parts[-1] in found:  # who reads now
            assert len(contents(parent)) == 1

        remove_dead(parent)

        found = names(parent)
        assert found == sorted(parts) or (found == [] and not there)
        assert contents(parent) <= {"old", "new"}
        assert len(contents(parent)) <= 1
    pytest.fail("it never ended")


def contents(parent):
    """Give what is in the visible files, as who follows the last of them reads it."""
    found = [p for p in parent.rglob("*") if p.is_file()]
    visible = [p for p in found if not p.relative_to(parent).parts[0].startswith(".")]
    return {path.read_text() for path in visible}


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(room, "exchange", lambda *_: False)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old").write_text("old")
    with workplace(tmp_path) as place:
        made = place.folder / "model"
        made.mkdir()
        (made / "new").write_text("new")
        place.put(made)
    assert names(tmp_path) == ["model"]
    assert names(tmp_path / "model") == ["new"]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has a call of its own")
def test_linux_exchanges_folders_in_one_step(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / folder.name).touch()
    assert room.exchange(one, other)
    assert (names(one), names(other)) == (["other"], ["one"])
    with pytest.raises(FileNotFoundError):
        room.exchange(one, tmp_path / "missing")


def test_a_move_that_fails_leaves_the_old(tmp_path, monkeypatch):
    for name in ("m.bin", "m.xml"):
        (tmp_path / name).write_text("old")
    real = os.replace

    def replace(source, target):
        if Path(target) == tmp_path / "m.bin":
            raise PermissionError(13, "in use", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with workplace(tmp_path) as place:
        made = [place.folder / name for name in ("m.bin", "m.xml")]
        for path in made:
            path.write_text("new")
        with pytest.raises(PermissionError):
            place.put(*made)
    assert names(tmp_path) == ["m.bin", "m.xml"]
    assert contents(tmp_path) == {"old"}


@needs_kill
def test_what_was_replaced_and_then_deleted_does_not_come_back(tmp_path):
    process = start(MOVED, tmp_path)
    end(process)
    assert (tmp_path / "model" / "a").read_text() == "new"
    (tmp_path / "model" / "a").unlink()
    (tmp_path / "model").rmdir()

    write_text(tmp_path / "other", "x")

    assert names(tmp_path) == ["other"]
