"""The scores of every frame of a long file: seconds, and the peak of memory.

Every run is a new process, which hears a file of one minute, then a long one. Ours is
`find_events`, whose windows overlap, so that all frames are those of the whole clip.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contest import BACKENDS, PATHS, ROOT, Contest, Entry, Result, Target
from benchmarks.seeded import NEEDS

MINUTES = 60
RATE = 32_000
WINDOW, HOP = 327_680, 225_280  # those of `find_events`
NETWORK = {"factory": "CNN14DecisionLevelMax", "golden": "panns_cnn14_dlmax"}


def ours(factory: str, golden: str) -> Callable[[str], Any]:
    """`find_events`, as work on a path."""
    from benchmarks import seeded
    from kerasaudio.events import find_events

    model = seeded.ours(factory, golden)
    return lambda path: find_events(model, path)


def contests(minutes: int) -> list[Contest]:
    """Give the contest for a file of this length."""
    peer = "benchmarks.peers.panns:hear_file"
    return [
        Contest(
            "decision-level",
            f"CNN14DecisionLevelMax, every frame of a file of {minutes} min",
            "minute of sound",
            minutes,
            [
                *(
                    Entry(
                        f"kerasaudio, {name}",
                        f"{__name__}:ours",
                        NETWORK,
                        name,
                        NEEDS,
                        ours=True,
                    )
                    for name in BACKENDS
                ),
                *(
                    Entry(
                        f"twin of the original, torch, windows {how}",
                        peer,
                        {**NETWORK, "window": WINDOW, "hop": hop},
                        "torch",
                        NEEDS,
                    )
                    for how, hop in (("as ours", HOP), ("side by side", WINDOW))
                ),
            ],
            [
                Target(
                    "not slower than the original with the same windows",
                    1.0,
                    peers="twin of the original, torch, windows as ours",
                ),
                Target("less than 1.5 times the memory of one minute", growth=1.5),
            ],
            rounds=3,
        )
    ]


def run(contest: Contest, *, rounds: int) -> list[Result]:
    """Let the entries take turns, a fresh process each."""
    results = [Result.of(entry) for entry in contest.entries]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{name}.wav") for name in ("short", "long")]
        for path, minutes in zip(paths, (1, contest.units), strict=True):
            write_noise(path, minutes)
        for _ in range(min(rounds, contest.rounds)):
            for result in results:
                if not result.trouble:
                    _measure(result, paths)
    return results


def write_noise(path: Path, minutes: int) -> None:
    """Write noise, minute by minute."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        for _ in range(minutes):
            file.write(rng.normal(0, 0.1, 60 * RATE))


def _measure(result: Result, paths: list[Path]) -> None:
    entry = result.entry
    assert entry.backend is not None
    process = subprocess.run(
        [
            sys.executable,
            "-m",
            __name__,
            entry.build,
            json.dumps(dict(entry.arguments)),
            *map(str, paths),
        ],
        env=dict(
            os.environ,
            KERAS_BACKEND=entry.backend,
            TF_CPP_MIN_LOG_LEVEL="3",
            PYTHONPATH=PATHS,
        ),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if process.returncode:
        result.fail((process.stderr.strip().splitlines() or ["no message"])[-1])
        return
    found = json.loads(process.stdout.splitlines()[-1])
    result.rounds.append([found["seconds"]])
    result.peaks.append((found["short_mb"], found["long_mb"]))


def main() -> None:
    """Hear both files; print the seconds of the second, and the peaks after each."""
    build, arguments, short, long = sys.argv[1:]
    module, function = build.split(":")
    hear = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    hear(short)
    short_mb = _peak()
    start = time.perf_counter()
    hear(long)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "short_mb": short_mb, "long_mb": _peak()}))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
