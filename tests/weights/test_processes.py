"""Two processes that want the same file at once download it once."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kerasaudio.weights import fetch
from kerasaudio.weights.places import downloaded_path
from support.manifests import CONTENT, MakeEntry, https
from support.web_server import Served, WebServer

PATH = "/model.pth"
FETCH = """
import sys, time
from pathlib import Path
from kerasaudio.weights import fetch, find
ready, go = map(Path, sys.argv[1:])
ready.touch()
while not go.exists():
    time.sleep(0.01)
path, source = fetch(find("FCN", "mtat"), progress=False)
print(source.pin, path)
"""


@pytest.mark.slow
def test_processes_download_once(
    server: WebServer, make_entry: MakeEntry, tmp_path: Path
) -> None:
    # Long enough that the second comes while the first is at it.
    server.files[PATH] = Served(CONTENT, chunk=len(CONTENT) // 10, pause=0.1)
    entry = make_entry(https(server.url + PATH))
    go = tmp_path / "go"
    ready = [tmp_path / f"ready{number}" for number in range(2)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FETCH, str(file), str(go)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for file in ready
    ]
    try:
        deadline = time.monotonic() + 120
        while not all(file.exists() for file in ready):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        go.touch()
        outputs = [process.communicate(timeout=60) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    assert len(server.requests(PATH)) == 1
    assert fetch(entry).path.read_bytes() == CONTENT


def test_threads_download_once(server: WebServer, make_entry: MakeEntry) -> None:
    server.files[PATH] = Served(CONTENT, chunk=len(CONTENT) // 4, pause=0.05)
    entry = make_entry(https(server.url + PATH))
    paths: list[Path] = []
    threads = [
        threading.Thread(target=lambda: paths.append(fetch(entry, progress=False).path))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert len(server.requests(PATH)) == 1


def test_what_a_killed_process_left_is_continued(
    server: WebServer, make_entry: MakeEntry, tmp_path: Path
) -> None:
    server.files[PATH] = Served(CONTENT, chunk=len(CONTENT) // 20, pause=0.1)
    entry = make_entry(https(server.url + PATH))
    go = tmp_path / "go"
    go.touch()
    command = [sys.executable, "-c", FETCH, str(tmp_path / "ready"), str(go)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while not (parts := list((tmp_path / "cache").rglob("*.part"))) or (
            parts[0].stat().st_size < len(CONTENT) // 10
        ):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    have = parts[0].stat().st_size
    assert 0 < have < len(CONTENT)
    server.files[PATH] = Served(CONTENT)
    assert fetch(entry).path.read_bytes() == CONTENT
    assert server.seen[-1].headers["Range"] == f"bytes={have}-"


def test_what_a_killed_process_left_beside_a_whole_file_is_removed(
    server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH))
    path = fetch(entry).path
    kept = sorted(path.parent.iterdir())
    path.with_name(f"{path.name}.pid").write_text("123456")
    (path.parent / ".kerasaudio-0123456789abcdef").mkdir()
    assert fetch(entry).path == path
    assert sorted(path.parent.iterdir()) == kept


def test_a_damaged_beginning_is_given_up_after_one_try(
    server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT, cuts=[1000, 0, 0, 0])
    entry = make_entry(https(server.url + PATH))
    with pytest.raises(OSError, match="was cut at 1,000"):
        fetch(entry)
    server.files[PATH].cuts.clear()
    (part,) = downloaded_path(entry.sources[0]).parent.glob("*.part")
    part.write_bytes(b"?" * 1000)
    server.seen.clear()
    assert fetch(entry).path.read_bytes() == CONTENT
    assert [seen.headers.get("Range") for seen in server.seen] == ["bytes=1000-", None]
