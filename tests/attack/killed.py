"""python -m tests.attack.killed JOB [--quick]: kill one job at its steps.

A process of its own: it imports what takes long, and is then forked for each try. A
line of JSON a case: its name, and what went wrong or null.
"""

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from .kill_job import Job
from .kill_jobs import jobs
from .killing import KILLED, Operations, forked

_SECONDS = 60.0
_SAMPLE = 4  # steps spread over all, in a sample
_TOLERANCE = 1e-5
# TensorFlow removes them as its process exits, and leaves them where that is killed.
_TENSORFLOWS = "__autograph_generated_file"
_DIGITS = re.compile(r"[0-9a-f]{32}")


class Attack:
    """A job and its folders.

    given/  what the job reads
    old/    what is there before
    work/   out/, cache/ and tmp/ of a try: what is counted
    """

    def __init__(self, job: Job, base: Path) -> None:
        self._job, self._base = job, base
        self._given, self._old, self._work = (
            base / name for name in ("given", "old", "work")
        )
        self._log, self._found = base / "log", base / "found.npz"
        for folder in (self._given, self._old):
            folder.mkdir()

    def cases(self, quick: bool) -> Iterator[tuple[str, str | None]]:
        """Kill the job at its steps; give each case, and what went wrong or None."""
        self._fresh()
        self._do(lambda: self._job.prepare(self._given, self._old))
        if self._job.is_forked_warm:
            self._warm_up()
        self._fresh()
        steps = self._base / "steps"

        def count() -> None:
            operations = Operations(self._work, None)
            operations.watch()
            self._job.run(self._given, self._work / "out")
            done = operations.done
            sys.setprofile(None)
            steps.write_text(str(done))

        self._do(count)
        self._do(self._look)
        right, names = self._read(), self._names()
        shutil.copytree(self._work / "out", self._base / "new")
        for step in self._steps(int(steps.read_text()), quick):
            yield f"step {step}", self._try(step, right, names)

    def _steps(self, count: int, quick: bool) -> list[int]:
        last = self._job.last if quick else 2 * self._job.last
        spread = min(_SAMPLE if quick else self._job.most, count)
        evenly = np.linspace(1, count, spread).round().astype(int).tolist()
        return sorted({*evenly, *range(max(1, count - last + 1), count + 1)})

    def _try(
        self, step: int, right: dict[str, np.ndarray], names: list[str]
    ) -> str | None:
        self._fresh()

        def killed() -> None:
            Operations(self._work, step).watch()
            self._job.run(self._given, self._work / "out")

        status = forked(lambda: self._in_place(killed), self._log, _SECONDS)
        if status not in (0, KILLED):
            return f"it ended with {status} instead of being killed: {self._said()}"
        out = self._work / "out"
        if wrong := self._job.mixture(out, self._old, self._base / "new"):
            return f"killed, it left {wrong}"

        def again() -> None:
            self._job.run(self._given, out)
            self._look()

        status = forked(lambda: self._in_place(again), self._log, _SECONDS)
        if status != 0:
            return f"the second run ended with {status}: {self._said()}"
        if wrong := _differs(self._read(), right):
            return f"the second run ended with other {wrong}"
        left = sorted({*self._names()} - {*names})
        return f"the second run left {left}" if left else None

    def _fresh(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        shutil.copytree(self._old, self._work / "out")
        for name in ("cache", "tmp"):
            (self._work / name).mkdir()

    def _do(self, work: Any) -> None:
        if forked(lambda: self._in_place(work), self._log, _SECONDS) != 0:
            raise RuntimeError(self._said())

    def _warm_up(self) -> None:
        """Do the job once in this process: what it imports and builds is then there."""
        self._fresh()
        with (
            self._log.open("w") as log,
            contextlib.redirect_stdout(log),
            contextlib.redirect_stderr(log),
        ):
            self._in_place(lambda: self._job.run(self._given, self._work / "out"))

    def _in_place(self, work: Any) -> None:
        temporary = str(self._work / "tmp")
        os.environ |= {
            "KERASAUDIO_CACHE": str(self._work / "cache"),
            "TMPDIR": temporary,
        }
        tempfile.tempdir = temporary
        work()

    def _look(self) -> None:
        found: dict[str, Any] = self._job.look(self._work / "out")
        np.savez(self._found, **found)

    def _read(self) -> dict[str, np.ndarray]:
        with np.load(self._found) as found:
            return dict(found)

    def _names(self) -> list[str]:
        """List what is there, whatever its random names are."""
        found = (
            str(path.relative_to(self._work))
            for path in self._work.rglob("*")
            if not path.name.startswith(_TENSORFLOWS)
        )
        return sorted({_DIGITS.sub("*", name) for name in found})

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-1500:]


def _differs(found: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> str | None:
    if found.keys() != right.keys():
        return f"things: {sorted(found.keys() ^ right.keys())}"
    for name, wanted in right.items():
        values = found[name]
        if values.shape != wanted.shape:
            return f"{name}: {values.shape} instead of {wanted.shape}"
        if wanted.dtype.kind in "fiu":
            if not np.allclose(values, wanted, _TOLERANCE, _TOLERANCE):
                return f"{name}, by {np.abs(values - wanted).max():g}"
        elif (values != wanted).any():
            return name
    return None


def main(name: str, quick: bool) -> None:
    """Print the cases of a job."""
    job = jobs()[name]
    assert "keras" not in sys.modules
    os.environ["KERAS_BACKEND"] = job.backend
    job.imports()
    # Its thread, and its lock that processes share, do not bear forks and kills.
    tqdm.monitor_interval = 0
    tqdm.set_lock(threading.RLock())
    with tempfile.TemporaryDirectory() as folder:
        attack = Attack(job, Path(folder).resolve())
        for case in attack.cases(quick):
            print(json.dumps(case), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], "--quick" in sys.argv)
