"""What is made beside its target: alone, moved whole, and gone when its maker is."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from kerasaudio import workplace as room
from kerasaudio.whole_file import check_writable, write_text, writing_whole
from kerasaudio.workplace import BusyError, remove_dead, temporary_folder, workplace

FOLDER = Path(room.__file__).parent  # without the package, which takes seconds
needs_kill = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def start(code, *arguments):
    """Start a process that prints a line when it is as far as wanted."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(FOLDER)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline().strip() == b"ready"
    return process


def end(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


WORKS = """
import sys
from pathlib import Path
from workplace import workplace
with workplace(Path(sys.argv[1]), only="model") as place:
    (place.folder / "half").mkdir()
    (place.folder / "half" / "a").write_text("a")
    print("ready", flush=True)
    sys.stdin.read()
"""
MOVED = """
import sys
from pathlib import Path
from workplace import workplace
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
import workplace
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
    workplace._exchange = lambda *_: False
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
def test_what_a_killed_process_left_is_removed_and_what_a_live_one_has_is_not(
    tmp_path,
):
    live = start(WORKS, tmp_path)
    kept = names(tmp_path)
    assert len(kept) == 1
    write_text(tmp_path / "other.txt", "x")
    assert names(tmp_path) == [*kept, "other.txt"]

    end(live)
    check_writable(tmp_path / "other.txt")

    assert names(tmp_path) == ["other.txt"]


@needs_kill
def test_two_do_not_work_at_one_target(tmp_path):
    first = start(WORKS, tmp_path)
    with (
        pytest.raises(BusyError, match=rf"process \(pid {first.pid}\) is writing"),
        workplace(tmp_path, only="model"),
    ):
        pass
    with workplace(tmp_path, only="another"), workplace(tmp_path):
        pass
    end(first)
    with workplace(tmp_path, only="model") as place:
        assert names(place.folder) == ["lock"]
    assert names(tmp_path) == []


def test_many_threads_take_turns_at_one_target(tmp_path):
    inside, most, refused = [], [], []

    def work():
        for _ in range(20):
            try:
                with workplace(tmp_path, only="model"):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
            except BusyError as error:
                refused.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) + len(refused) == 160
    assert names(tmp_path) == []


def test_many_threads_write_whole_files(tmp_path):
    def work(number):
        for _ in range(20):
            write_text(tmp_path / "a.txt", f"{number}" * 1000)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set((tmp_path / "a.txt").read_text())) == 1
    assert names(tmp_path) == ["a.txt"]


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
        monkeypatch.setattr(room, "_exchange", lambda *_: False)
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
    assert room._exchange(one, other)
    assert (names(one), names(other)) == (["other"], ["one"])
    with pytest.raises(FileNotFoundError):
        room._exchange(one, tmp_path / "missing")


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


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_to_nothing_in_the_way_ends(tmp_path):
    with workplace(tmp_path, only="x") as place:
        taken = place.folder
    taken.symlink_to(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError), workplace(tmp_path, only="x"):
        pass


def test_where_it_works_does_not_depend_on_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    with workplace(Path()) as place:
        monkeypatch.chdir("other")
        (place.folder / "a").write_text("a")
        place.put(place.folder / "a")
    assert names(tmp_path) == ["a", "other"]
    assert names(tmp_path / "other") == []


def test_a_disk_without_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "_lock", lambda _: False)
    with workplace(tmp_path, only="a.txt"):
        write_text(tmp_path / "a.txt", "x")
        with (
            pytest.raises(BusyError, match=r"delete .*\.kerasaudio-"),
            workplace(tmp_path, only="a.txt"),
        ):
            pass
    assert names(tmp_path) == ["a.txt"]
    with writing_whole(tmp_path / "a.txt") as path:
        path.write_text("y")
        check_writable(tmp_path / "b.txt")  # and removes nothing
    assert (tmp_path / "a.txt").read_text() == "y"


def test_what_is_not_ours_stays(tmp_path):
    for name in (".kerasaudio-0123", "kerasaudio-0123456789abcdef", ".kerasaudio"):
        (tmp_path / name).mkdir()
    (tmp_path / ".kerasaudio-0123456789abcdef").write_text("a file")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".kerasaudio-fedcba9876543210").symlink_to(tmp_path / "elsewhere")
    before = names(tmp_path)
    remove_dead(tmp_path)
    assert names(tmp_path) == before


@needs_kill
def test_a_temporary_folder_of_a_killed_process_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = WORKS.replace('workplace(Path(sys.argv[1]), only="model")', "_open()")
    code = code.replace("import workplace\n", "import Workplace, temporary_folder\n")
    opening = (
        "import contextlib\n"
        "@contextlib.contextmanager\n"
        "def _open():\n"
        "    with temporary_folder() as folder:\n"
        "        yield Workplace(folder)\n"
    )
    code = code.replace("with _open", f"{opening}with _open")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = start(code)
    (left,) = names(tmp_path)
    with temporary_folder() as folder:
        assert folder.stat().st_mode & 0o077 == 0
        assert left in names(tmp_path)
    end(process)
    with temporary_folder() as folder:
        assert names(tmp_path) == [folder.name]
    assert names(tmp_path) == []
