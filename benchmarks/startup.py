"""The time before the first prediction, in new processes.

Every run starts a new Python process, which reports the seconds of the measured part:
importing kerasaudio after keras, making a model with cached weights, or all from the
first import to the first tags, beside importing TensorFlow alone.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from benchmarks.contest import BACKENDS, ROOT, Contest, Entry, Result, Target

_TIMED = """
import time
{before}
start = time.perf_counter()
{timed}
print(time.perf_counter() - start)
"""
IMPORT = _TIMED.format(before="import keras", timed="import kerasaudio")
PRESET = _TIMED.format(
    before="import kerasaudio", timed="kerasaudio.{factory}(weights={tag!r})"
)
FIRST_TAG = _TIMED.format(
    before="",
    timed=(
        "import kerasaudio\n"
        "kerasaudio.load('YAMNet/audioset').tag('examples/groove.ogg')"
    ),
)


def contests(weights: Path | None) -> list[Contest]:
    """Give the contests.

    Args:
        weights: Folder with the weights that do not come with the package; None leaves
            them out.
    """
    elsewhere = "" if weights else "not measured: give --weights"
    folder = {"KERASAUDIO_WEIGHTS": str(weights)} if weights else {}
    first_tag = _contest(
        "YAMNet/audioset from a cold start to the first tags, a file of 10 s",
        FIRST_TAG,
        Target(
            "at most 1.2 times import tensorflow, and 1.5 s",
            seconds=1.5,
            beside=1.2,
        ),
    ).on(["tensorflow"])
    alone = _TIMED.format(before="", timed="import tensorflow")
    peer = Entry("import tensorflow", alone, backend="tensorflow")
    return [
        replace(first_tag, entries=[*first_tag.entries, peer]),
        _contest(
            "import kerasaudio, above import keras",
            IMPORT,
            Target("at most 0.3 s", seconds=0.3),
        ),
        *(
            _contest(
                f"Load {factory}/{tag}, cached",
                PRESET.format(factory=factory, tag=tag),
                Target("at most 2 s", seconds=2.0),
                environment,
                trouble,
            )
            for factory, tag, environment, trouble in (
                ("MusiCNN", "mtat", {}, ""),
                ("EfficientAT", "audioset", folder, elsewhere),
            )
        ),
    ]


def _contest(
    title: str,
    program: str,
    target: Target,
    environment: Mapping[str, str] = MappingProxyType({}),
    trouble: str = "",
) -> Contest:
    entries = [
        Entry(
            f"kerasaudio, {name}",
            program,
            environment,
            name,
            ours=True,
            trouble=trouble,
        )
        for name in BACKENDS
    ]
    return Contest("startup", title, "time", 1, entries, [target])


def run(contest: Contest, *, rounds: int) -> list[Result]:
    """Let the backends take turns, a fresh process each.

    Of several rounds the first only fills caches: Python's own, and that of weights.
    """
    results = [Result.of(entry) for entry in contest.entries]
    warming = 1 if rounds > 1 else 0
    for turn in range(rounds + warming):
        for result in _able(results):
            seconds = _time(result)
            if seconds is not None and turn >= warming:
                result.rounds.append([seconds])
    return results


def _able(results: Iterable[Result]) -> list[Result]:
    return [result for result in results if not result.trouble]


def _time(result: Result) -> float | None:
    entry = result.entry
    assert entry.backend is not None
    environment = dict(
        os.environ,
        **entry.arguments,
        KERAS_BACKEND=entry.backend,
        TF_CPP_MIN_LOG_LEVEL="3",
        PYTHONPATH=str(ROOT),
    )
    process = subprocess.run(
        [sys.executable, "-c", entry.build],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if process.returncode:
        result.fail((process.stderr.strip().splitlines() or ["no message"])[-1])
        return None
    return float(process.stdout.split()[-1])
