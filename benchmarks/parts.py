"""``python -m benchmarks.parts``: what two parts of a batch at a time gain.

Each network predicts batches with one part after the other and with two at a time, in
turn, in a process of its own on each backend, also networks and batches that are not
divided otherwise. The table has the median times of the clock in ms a clip, the median
of their ratios, and the largest difference of scores. Only a machine that has nothing
else to do, and two cores or more, says something.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.contest import ROOT
from benchmarks.networks import (
    EFFICIENT_AT_SAMPLES,
    PATCH_SAMPLES,
    SAMPLE_CNN_SAMPLES,
)

BACKENDS = ("jax", "torch")  # whose programs divide batches
NETWORKS: dict[str, tuple[str, dict[str, Any], int]] = {
    "musicnn": ("MusiCNN", {"weights": "mtat"}, PATCH_SAMPLES),
    "musicvgg": ("MusicVGG", {"weights": "mtat"}, PATCH_SAMPLES),
    "efficientat": ("EfficientAT", {"width": 0.4}, 32_000),
    "efficientat-10s": ("EfficientAT", {"width": 0.4}, EFFICIENT_AT_SAMPLES),
    "samplecnn": ("SampleCNN", {}, SAMPLE_CNN_SAMPLES),
    "yamnet": ("YAMNet", {"weights": "audioset"}, 15_600),
    "cnn14": ("CNN14", {}, 10 * 32_000),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for, and print a table."""
    options = _parser().parse_args(arguments)
    print("| network | backend | batch | one | two | times as fast | differs |")
    print("|---|---|---|---|---|---|---|")
    for name in options.only:
        for backend in options.backends:
            for row in _in_a_process(name, backend, options):
                cells = [name, backend, str(row["batch"])]
                cells += [f"{1000 * row[key]:.2f}" for key in ("one", "two")]
                cells += [f"{row['ratio']:.2f}", f"{row['differs']:.0e}"]
                print(f"| {' | '.join(cells)} |", flush=True)
    return 0


def measure(name: str, batches: Sequence[int], rounds: int) -> list[dict[str, float]]:
    """Return seconds a clip, their ratio and the difference of scores, for batches.

    Args:
        name: Key of `NETWORKS`.
        batches: Numbers of rows.
        rounds: Turns.
    """
    import keras
    import numpy as np

    import kerasaudio
    from benchmarks.keras_work import noise, predicting
    from kerasaudio.core.programs import side_by_side

    factory, given, samples = NETWORKS[name]
    model = getattr(kerasaudio, factory)(**given)
    side_by_side.PART_ROWS = 1
    if keras.backend.backend() == "torch":
        from kerasaudio.core.programs import torch_program
        from kerasaudio.core.programs.torch_steps.step import Step

        torch_program.PART_ROWS, Step.in_strips = 1, True
    rows: list[dict[str, float]] = []
    for batch in batches:
        work = predicting(model, noise(batch, samples))
        times: dict[int, list[float]] = {1: [], 2: []}
        scores: dict[int, Any] = {}
        for turn in range(rounds + 2):  # two of them only warm up
            for parts, measured in times.items():
                side_by_side.PARTS = parts
                start = time.perf_counter()
                scores[parts] = work()
                if turn > 1:
                    measured.append(time.perf_counter() - start)
        rows.append(
            {
                "batch": batch,
                "one": statistics.median(times[1]) / batch,
                "two": statistics.median(times[2]) / batch,
                "ratio": statistics.median(
                    one / two for one, two in zip(times[1], times[2], strict=True)
                ),
                "differs": float(np.abs(scores[1] - scores[2]).max()),
            }
        )
    return rows


def _in_a_process(
    name: str, backend: str, options: argparse.Namespace
) -> list[dict[str, float]]:
    words = json.dumps([name, options.batches, options.rounds])
    code = (
        "import json, sys; from benchmarks.parts import measure; "
        "print(json.dumps(measure(*json.loads(sys.argv[1]))))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, words],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return list(json.loads(process.stdout.splitlines()[-1]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.parts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--batches", nargs="+", type=int, default=[4, 8, 16, 32])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (7)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
