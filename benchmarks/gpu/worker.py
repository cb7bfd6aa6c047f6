"""Measure rows in a process for each backend, each within its time."""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.contest import PATHS, ROOT
from benchmarks.gpu.exact import REFERENCES
from benchmarks.gpu.rows import Row

START_SECONDS = 90  # of a process, until it names its device
REFERENCE_SECONDS = 90
Result = dict[str, Any]  # `figures` by name, or `trouble`


class Deadline:
    """The end of all measurements.

    Args:
        seconds: From now on.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, most: float) -> float:
        """Return the seconds that are left, at most these."""
        return max(0.0, min(most, self._end - time.monotonic()))


class Child:
    """The process of a backend.

    Args:
        backend: Backend of Keras.
        quick: Whether sizes are tiny, and the CPU is enough.
        **environment: More variables.
    """

    def __init__(self, backend: str, quick: bool, **environment: str) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "benchmarks.gpu.child",
                *(["quick"] if quick else []),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={
                **{k: v for k, v in os.environ.items() if k != "KERASAUDIO_PRECISION"},
                "KERAS_BACKEND": backend,
                "PYTHONPATH": PATHS,
                "TF_CPP_MIN_LOG_LEVEL": "3",
                # Processes share the device.
                "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
                "TF_FORCE_GPU_ALLOW_GROWTH": "true",
                **environment,
            },
        )
        self._answers: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._answers.put(line)
        self._answers.put("")

    def answer(self, seconds: float) -> Result | None:
        """Return the next answer; None if it does not come in time."""
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if not line:
            return {"trouble": f"the process ended ({self._process.wait()})"}
        found: Result = json.loads(line)
        return found

    def ask(self, function: str, seconds: float) -> Result | None:
        """Return what a row gives; None if it takes too long."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{function}\n")
            self._process.stdin.flush()
        return self.answer(seconds)

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._thread.join()


def measure(
    backend: str, rows: Sequence[Row], deadline: Deadline, quick: bool
) -> Iterator[tuple[Row, Result]]:
    """Measure rows on a backend; each gets figures, or the reason why not."""
    if find_spec(backend) is None:
        yield from ((row, {"trouble": f"{backend} is not installed"}) for row in rows)
        return
    child: Child | None = None
    said = ""
    for row in rows:
        if row.needs and find_spec(row.needs) is None:
            yield row, {"trouble": f"{row.needs} is not installed"}
            continue
        if not said and child is None:
            child = Child(backend, quick)
            seen = child.answer(deadline.left(START_SECONDS)) or {"trouble": "no start"}
            gpus = [d for d in seen.get("devices", ()) if not d.startswith("cpu")]
            if "trouble" in seen:
                said = seen["trouble"]
            elif not (gpus or quick):
                said = f"{backend} sees no GPU"
        # A CPU compiles more slowly than it computes.
        seconds = deadline.left(row.seconds * (3 if quick else 1))
        if said or seconds < 1:
            yield row, {"trouble": said or "no time left"}
            continue
        assert child is not None
        result = child.ask(row.function, seconds)
        if result is None or "ended" in result.get("trouble", ""):
            child.end()
            child = None  # another one measures the rows after this
        yield row, result or {"trouble": f"took more than {seconds:.0f} s"}
    if child is not None:
        child.end()


@contextmanager
def references(quick: bool, deadline: Deadline) -> Iterator[str]:
    """Compute what networks are compared with, on the CPU; yields trouble, or ""."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ[REFERENCES] = folder
        backend = next(b for b in ("torch", "tensorflow", "jax") if find_spec(b))
        child = Child(
            backend,
            quick,
            CUDA_VISIBLE_DEVICES="",
            JAX_PLATFORMS="cpu",
            JAX_ENABLE_X64="1",
        )
        try:
            child.answer(deadline.left(START_SECONDS))
            seconds = deadline.left(REFERENCE_SECONDS)
            found = child.ask("exact:references", seconds) or {"trouble": "too slow"}
            yield found.get("trouble", "")
        finally:
            child.end()
            del os.environ[REFERENCES]


def installed() -> list[str]:
    """Return the backends that are installed; the last one may find no time left."""
    return [backend for backend in ("torch", "jax", "tensorflow") if find_spec(backend)]


NO_CARD = "no GPU (nvidia-smi finds none)"


def card() -> str:
    """Return the name and the driver of the GPU, or `NO_CARD`."""
    try:
        process = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return NO_CARD
    name, _, driver = process.stdout.splitlines()[0].partition(", ")
    return f"{name}, driver {driver}"


def is_known(path: Path) -> bool:
    """Return whether a page can be written there."""
    return path.suffix == ".md" and path.parent.is_dir()
