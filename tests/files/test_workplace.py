"""What is made beside its target: alone, moved whole, and gone when its maker is."""

import os
import tempfile
import threading
from pathlib import Path

import pytest

from kerasaudio.files import workplace as room
from kerasaudio.files.whole_file import check_writable, write_text, writing_whole
from kerasaudio.files.workplace import (
    BusyError,
    remove_dead,
    temporary_folder,
    workplace,
)
from support.beside import end, names, needs_kill, start

WORKS = """
import sys
from pathlib import Path
from kerasaudio.files.workplace import workplace
with workplace(Path(sys.argv[1]), only="model") as place:
    (place.folder / "half").mkdir()
    (place.folder / "half" / "a").write_text("a")
    print("ready", flush=True)
    sys.stdin.read()
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
    monkeypatch.setattr(room, "lock_file", lambda _: False)
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
