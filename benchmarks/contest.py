"""Contests: every entry runs in its own process, and the entries take turns.

    start every worker -> round 1: A B C ... -> round 2: A B C ... -> times by round

The speed of a machine drifts, so only entries that took turns can be compared: the
ratio of two entries is computed for each round, and its median is reported.
"""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[1]
PATHS = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))  # what processes import
BACKENDS = ("tensorflow", "jax", "torch")


@dataclass(frozen=True)
class Entry:
    """Something to be timed.

    Attributes:
        name: As the table shows it.
        build: ``"module:function"`` that gives the callable to time.
        arguments: Of that function.
        backend: Keras backend it runs on, None if it is not Keras.
        needs: Modules that must be installed.
        ours: Whether it is kerasaudio's.
        trouble: Why it cannot be timed at all, "" if it can.
    """

    name: str
    build: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    backend: str | None = None
    needs: tuple[str, ...] = ()
    ours: bool = False
    trouble: str = ""

    def missing(self) -> list[str]:
        """Name the modules that are not installed."""
        modules = (*self.needs, *([self.backend] if self.backend else []))
        return [name for name in modules if importlib.util.find_spec(name) is None]


@dataclass(frozen=True)
class Target:
    """What our entries are meant to reach.

    Attributes:
        factor: How many times as fast as the fastest of the peers; None for a limit.
        seconds: Limit for one unit of work; None for another limit.
        growth: Limit of the peak of memory, in times that of a short file.
        beside: How many times the time of the fastest peer is added to the limit.
        peers: Beginnings of the names of the peers that count; "" counts all.
        same_backend: Count only peers that run on the backend of ours.
        backends: Ours that are meant.
        said: The target in words.
    """

    said: str
    factor: float | None = None
    seconds: float | None = None
    growth: float | None = None
    beside: float = 0.0
    peers: str | tuple[str, ...] = ""
    same_backend: bool = False
    backends: tuple[str, ...] = BACKENDS


@dataclass(frozen=True)
class Contest:
    """Entries that do the same work.

    Attributes:
        key: Word that picks it on the command line.
        title: What the work is.
        unit: What a time in the table stands for, such as "clip of 3 s".
        units: Units of work in one call.
        entries: In the order of the table.
        targets: Checked in the report.
        rounds: At most; 0 for as many as asked for.
    """

    key: str
    title: str
    unit: str
    units: int
    entries: Sequence[Entry]
    targets: Sequence[Target] = ()
    rounds: int = 0

    def on(self, backends: Sequence[str]) -> Self:
        """Leave out our entries on other backends."""
        kept = [e for e in self.entries if not e.ours or e.backend in backends]
        return replace(self, entries=kept)


@dataclass
class Result:
    """What came of one entry.

    Attributes:
        entry: What was timed.
        rounds: Seconds of every call, round by round.
        peaks: Peaks of memory in MB, with a short file and with the long one.
        trouble: Why there are no times, "" if there are.
        failed: Whether the trouble is an error, and not just something not installed.
    """

    entry: Entry
    rounds: list[list[float]] = field(default_factory=list)
    peaks: list[tuple[float, float]] = field(default_factory=list)
    trouble: str = ""
    failed: bool = False

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Begin the result of an entry, which may not be installed."""
        missing = entry.missing()
        said = f"not installed: {', '.join(missing)}" if missing else entry.trouble
        return cls(entry, trouble=said)

    def fail(self, message: str) -> None:
        """Note an error; what was timed before it does not count."""
        self.trouble, self.failed = f"failed: {message}", True
        self.rounds.clear()
        self.peaks.clear()

    @property
    def best(self) -> float:
        """Shortest call, in seconds."""
        return min(min(calls) for calls in self.rounds)

    @property
    def median(self) -> float:
        """Median call, in seconds."""
        return statistics.median(time for calls in self.rounds for time in calls)

    @property
    def growth(self) -> float:
        """Peak of memory with the long file, in times that with a short one."""
        return max(long / short for short, long in self.peaks)

    def times_as_fast_as(self, other: "Result") -> float:
        """Give the median over the rounds of the ratio of the best calls."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(min(theirs) / min(mine) for mine, theirs in pairs)


def run(contest: Contest, *, rounds: int, seconds: float) -> list[Result]:
    """Let the entries take turns.

    Args:
        contest: What to measure.
        rounds: Turns of every entry.
        seconds: Length of a turn; it ends with the call that exceeds it.
    """
    results = [Result.of(entry) for entry in contest.entries]
    with ExitStack() as stack:
        workers = []
        for result in results:
            if not result.trouble:
                worker = stack.enter_context(Worker(result.entry))
                if _ask(result, worker, {}) is not None:
                    workers.append((result, worker))
        for _ in range(min(rounds, contest.rounds or rounds)):
            for result, worker in workers:
                if not result.failed:
                    times = _ask(result, worker, {"seconds": seconds})
                    if times is not None:
                        result.rounds.append(times)
    return results


def _ask(
    result: Result, worker: "Worker", request: Mapping[str, Any]
) -> list[float] | None:
    """Give a worker's answer; note in `result` if it died instead."""
    try:
        return worker.ask(request)
    except ChildProcessError as error:
        result.fail(str(error))
        return None


class Worker:
    """The process of one entry; it waits, idle, until it is asked."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def __enter__(self) -> Self:
        environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONPATH=PATHS)
        if self._entry.backend:
            environment["KERAS_BACKEND"] = self._entry.backend
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "benchmarks.worker",
                self._entry.build,
                json.dumps(dict(self._entry.arguments)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
            cwd=ROOT,
        )
        return self

    def ask(self, request: Mapping[str, Any]) -> list[float]:
        """Send a request and wait for the answer.

        Raises:
            ChildProcessError: The process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(dict(request)) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = self._process.stdout.readline()
        if not line:
            raise ChildProcessError(self._last_words())
        return json.loads(line)

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return lines[-1] if lines else f"exit status {self._process.returncode}"

    def __exit__(self, *_: object) -> None:
        # A worker that is gone cannot take what is left in its pipe.
        with suppress(BrokenPipeError), self._process:
            pass
        self._process.wait()
        self._errors.close()
