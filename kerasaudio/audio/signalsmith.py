"""Signalsmith Stretch in this process, or in several others at once.

python-stretch keeps Python's lock while it computes, so threads gain nothing. This file
is also the program of the other processes; it imports nothing of kerasaudio, because
that would take seconds. Request and answer: a line of JSON, then float32 samples.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any, BinaryIO

import numpy as np


def stretched(
    samples: np.ndarray,
    sample_rate: int,
    length: int,
    *,
    rate: float = 1.0,
    semitones: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """Return `length` samples of a mono float32 waveform with other speed and pitch.

    Raises:
        ImportError: python-stretch is not installed.
    """
    from python_stretch.Signalsmith import Stretch

    stretcher: Any = Stretch(seed)
    stretcher.preset(1, sample_rate)
    if rate != 1:
        stretcher.setTimeFactor(rate)
    if semitones:
        stretcher.setTransposeSemitones(semitones)
    # The library refuses arrays that are read-only, such as a view of the cache.
    writable = np.require(samples[None], np.float32, ["C", "W"])
    out = stretcher.process(writable)[0][:length]
    # The library rounds lengths down.
    return np.pad(out, (0, length - len(out))).astype(np.float32, copy=False)


class Processes:
    """Processes that stretch, one for each thread that asks at the same time."""

    def __init__(self) -> None:
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def stretched(
        self, samples: np.ndarray, sample_rate: int, length: int, **settings: float
    ) -> np.ndarray | None:
        """Return what `stretched` returns; None if no process can do it."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        try:
            process = process or _started()
            assert process.stdin is not None
            assert process.stdout is not None
            asked = {"sample_rate": sample_rate, "length": length, **settings}
            _send(process.stdin, samples, asked)
            _, answer = _received(process.stdout)
        except (OSError, ValueError):  # it could not start, or has ended
            if process is not None:
                _ended(process)
            return None
        with self._lock:
            self._idle.append(process)
        return answer

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            _ended(process)


def _started() -> subprocess.Popen[bytes]:
    if getattr(sys, "frozen", False):
        raise OSError("a frozen program cannot start Python")
    return subprocess.Popen(
        [sys.executable, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _send(pipe: BinaryIO | Any, samples: np.ndarray, facts: dict[str, Any]) -> None:
    head = json.dumps({**facts, "samples": len(samples)})
    pipe.write(head.encode() + b"\n")
    pipe.write(np.ascontiguousarray(samples, "<f4").tobytes())
    pipe.flush()


def _received(pipe: BinaryIO | Any) -> tuple[dict[str, Any], np.ndarray]:
    """Return the facts and the samples.

    Raises:
        ValueError: The pipe has ended.
    """
    facts = json.loads(pipe.readline())
    size = 4 * facts.pop("samples")
    content = pipe.read(size)
    if len(content) < size:
        raise ValueError("the pipe has ended")
    return facts, np.frombuffer(content, "<f4").astype(np.float32, copy=False)


def _serve() -> None:
    """Answer until there are no more requests."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that asks
    while True:
        try:
            asked, samples = _received(sys.stdin.buffer)
        except ValueError:
            return
        _send(sys.stdout.buffer, stretched(samples, **asked), {})


if __name__ == "__main__":
    _serve()
