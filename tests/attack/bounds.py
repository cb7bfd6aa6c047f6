"""Headers, rates, folds, archives and uploads that promise far too much.

Each is fed to a process that may take `ALLOWANCE` more than after its imports.
What comes must be the documented error, or, where a file holds something, what it has.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .child import environment

NAME = "bounds"
ALLOWANCE = 512 * 2**20
ROOM = Path(__file__).parent
_SECONDS = 600
# What each module of cases needs.
GROUPS = {
    "promising_sounds": "kerasaudio",
    "promising_files": "h5py",
    "promising_archives": "kerasaudio",
    "promising_uploads": "fastapi",
}


def run(quick: bool) -> Iterator[tuple[str, str | None]]:
    """Give each case; a process that ends is followed by another for the rest."""
    if sys.platform != "linux":  # elsewhere the limit does not hold
        return
    for group, needs in GROUPS.items():
        if importlib.util.find_spec(needs) is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            yield from _group(group, Path(folder), quick)


def _group(group: str, folder: Path, quick: bool) -> Iterator[tuple[str, str | None]]:
    after = ""
    while True:
        last, is_over = after, False
        for line in _child(group, folder, after, quick):
            said = json.loads(line)
            if said["state"] == "over":
                is_over = True
            elif said["state"] == "begins":
                last = said["case"]
            else:
                after = said["case"]
                yield after, said["wrong"]
        if is_over:
            return
        yield last or group, "the process ended"
        if last == after:
            return
        after = last


def _child(group: str, folder: Path, after: str, quick: bool) -> Iterator[str]:
    child = [sys.executable, "-m", "tests.attack.bounds_child"]
    process = subprocess.Popen(
        [*child, group, str(folder), after] + ["--quick"] * quick,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
    )
    assert process.stdout is not None
    with process:
        yield from (line for line in process.stdout if line.startswith('{"state"'))
        process.wait(_SECONDS)
