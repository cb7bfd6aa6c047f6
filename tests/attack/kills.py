"""SIGKILL between two operations on files; then the job is run again.

The second run must end with what a run gives that nobody killed, and leave no more
files. Of an export or an index a reader must find the old or the new one at any time.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .kill_job import Job
from .kill_jobs import jobs

NAME = "kills"
_CHECKOUT = Path(__file__).parents[2]
_TESTS = _CHECKOUT / "tests"
_ALONE = {  # forked, a process cannot use the threads of the one it came from
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONPATH": os.pathsep.join([str(_CHECKOUT), str(_TESTS)]),
}


class Killed:
    """The attack on one job."""

    def __init__(self, job: Job) -> None:
        self.NAME = f"kills: {job.name}"
        self._job = job

    def run(self, quick: bool) -> Iterator[tuple[str, str | None]]:
        """Kill the job at its steps, or at some of them."""
        words = [sys.executable, "-m", f"{__package__}.killed", self._job.name]
        process = subprocess.Popen(
            [*words, *(["--quick"] if quick else [])],
            cwd=_CHECKOUT,
            env=os.environ | _ALONE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        with process:
            for line in process.stdout:
                case, wrong = json.loads(line)
                yield case, wrong
        if process.returncode:
            yield "the attack itself", f"ended with {process.returncode}"


AREAS = [Killed(job) for job in jobs().values()] if hasattr(os, "fork") else []


def run(quick: bool) -> Iterator[tuple[str, str | None]]:
    """Attack all the jobs."""
    for area in AREAS:
        for case, wrong in area.run(quick):
            yield f"{area.NAME}, {case}", wrong
