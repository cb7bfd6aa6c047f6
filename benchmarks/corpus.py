"""``python -m benchmarks.corpus``: engines against each other, and killed runs.

engines: a folder of one-second sounds to vectors, by the local engine and by Ray with
one worker and with two, each in a process of its own, in turn. Prints clips a second
(without loading the model and starting Ray) and the peak memory of a process that
computes. kills: `kerasaudio embed --engine local` is killed at random moments and
started again until it ends; then rows are counted and compared with those of a run that
nobody killed.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.folder import make_sounds

ROOT = Path(__file__).parents[1]
_ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
_RUN = """
import json, resource, sys, threading, time
from pathlib import Path
import kerasaudio

folder, out, model, engine, workers = sys.argv[1:]
peak = [0]

def watch():
    while True:
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                facts = dict(
                    line.split(":", 1) for line in status.read_text().splitlines()
                )
                title = (status.parent / "cmdline").read_bytes()
                if title.startswith(b"ray::KerasaudioWorker"):
                    peak[0] = max(peak[0], int(facts["VmRSS"].split()[0]))
            except (OSError, KeyError, ValueError):
                continue
        time.sleep(0.5)

if engine == "ray":
    threading.Thread(target=watch, daemon=True).start()
report = kerasaudio.corpus.run(
    folder, model, out=out, engine=engine, workers=int(workers) or None
)
if engine == "local":
    peak[0] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert not report.failed, report.failed
print(json.dumps({"rate": report.computed / report.seconds, "mb": peak[0] / 1024}))
"""
_ENGINES = (("local", 0), ("ray", 1), ("ray", 2))


def engines(clips: int, model: str, rounds: int) -> None:
    """Print the speed and the memory of each engine."""
    rates: dict[tuple[str, int], list[float]] = {engine: [] for engine in _ENGINES}
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "sounds"
        make_sounds(folder, clips)
        for number in range(rounds):
            for engine, workers in _ENGINES:
                out = Path(base) / f"{engine}-{workers}-{number}"
                words = [str(folder), str(out), model, engine, str(workers)]
                found = _measured(words)
                rates[engine, workers].append(found["rate"])
                print(engine, workers, found, f"load {os.getloadavg()[0]:.1f}")
                sys.stdout.flush()
    print({engine: round(float(np.median(all_)), 2) for engine, all_ in rates.items()})


def _measured(words: Sequence[str]) -> dict[str, float]:
    process = subprocess.run(
        [sys.executable, "-c", _RUN, *words],
        env=_ENVIRONMENT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(process.stdout.splitlines()[-1]))


def kills(clips: int, model: str, times: int, most_seconds: float) -> None:
    """Kill runs at random moments, and print what the last one left."""
    dice = random.Random(0)
    with tempfile.TemporaryDirectory() as base:
        folder, out, whole = (Path(base) / n for n in ("sounds", "out", "whole"))
        make_sounds(folder, clips)
        killed = runs = 0
        while True:
            runs += 1
            process = subprocess.Popen(_command(folder, out, model), env=_ENVIRONMENT)
            # Most of the first seconds are the start of Python: there nothing happens.
            while killed < times and process.poll() is None:
                if list(out.glob(".kerasaudio-*")):
                    break
                time.sleep(0.05)
            try:
                limit = dice.uniform(0, most_seconds) if killed < times else None
                if process.wait(limit) == 0:
                    break
                raise RuntimeError("the run failed")
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed += 1
                print(f"killed {killed}, {len(list(out.rglob('*.parquet')))} files")
                sys.stdout.flush()
        subprocess.run(_command(folder, whole, model), env=_ENVIRONMENT, check=True)
        _compare(out, whole, clips)
        print({"clips": clips, "runs": runs, "killed": killed})


def _command(folder: Path, out: Path, model: str) -> list[str]:
    words = ["embed", str(folder), "--model", model, "--engine", "local"]
    return [sys.executable, "-m", "kerasaudio.cli", *words, "--out", str(out)]


def _compare(out: Path, whole: Path, clips: int) -> None:
    import pandas

    found, right = (
        pandas.read_parquet(folder).sort_values("path") for folder in (out, whole)
    )
    lost = clips - found["path"].nunique()
    double = len(found) - found["path"].nunique()
    same = np.allclose(
        np.stack(found["embedding"]), np.stack(right["embedding"]), 1e-5, 1e-6
    )
    print({"rows": len(found), "lost": lost, "double": double, "same": same})


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("engines", "kills"))
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--model", default="BarkNet/esc10")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--most-seconds", type=float, default=6.0)
    options = parser.parse_args()
    if options.what == "engines":
        engines(options.clips, options.model, options.rounds)
    else:
        kills(options.clips, options.model, options.kills, options.most_seconds)


if __name__ == "__main__":
    main()
