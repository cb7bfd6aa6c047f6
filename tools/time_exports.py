"""Time the exports of tools/measure_exports.py, and print its tables.

    python tools/time_exports.py build/exports --peer yamnet.tflite

Each export scores one clip again and again, on one thread and on two; the exports take
turns in rounds, so that a busy minute hits all of them. A peer is a .tflite that is
timed beside them on noise of its own input's shape. Run it on a quiet machine: it
writes the median and the least time of each to OUT/times.json. What is in that is not
timed again.
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.exporting.convert import module_of
from kerasaudio.exporting.formats import FORMATS
from kerasaudio.exporting.timing import run_and_time
from kerasaudio.files.whole_file import write_text

THREADS = (1, 2)
SECONDS = 0.2  # of each turn, at least two clips
Turn = Callable[[int, int], list[float]]  # repeats, threads -> seconds of each


def turn_of(path: Path, format_name: str, samples: int) -> Turn:
    """Give how an export is timed."""
    module = module_of(FORMATS[format_name])
    noise = np.random.default_rng(0).normal(0, 0.1, (1, samples)).astype("float32")
    return lambda repeats, threads: list(
        module.run(path, noise, repeats, threads).seconds
    )


def turn_of_peer(path: Path) -> Turn:
    """Give how a .tflite of any input is timed."""
    from ai_edge_litert.interpreter import Interpreter

    def turn(repeats: int, threads: int) -> list[float]:
        interpreter = Interpreter(model_path=str(path), num_threads=threads)
        interpreter.allocate_tensors()
        place = interpreter.get_input_details()[0]
        noise = np.random.default_rng(0).normal(0, 0.1, place["shape"])

        def one(row: np.ndarray) -> np.ndarray:
            interpreter.set_tensor(place["index"], row[0])
            interpreter.invoke()
            return np.zeros(1)

        return run_and_time(one, noise.astype("float32")[None], repeats).seconds

    return turn


def time_all(turns: dict[str, Turn], rounds: int) -> dict[str, dict[str, float]]:
    """Let all take turns; give milliseconds, the median and the least of each."""
    repeats = {
        name: min(200, max(2, int(SECONDS / np.median(turn(3, 1)))))
        for name, turn in turns.items()
    }
    found: dict[str, list[float]] = {}
    for number in range(rounds):
        for name, turn in turns.items():
            for threads in THREADS:
                times = turn(repeats[name], threads)
                found.setdefault(f"{name} {threads}", []).append(np.median(times))
        print(f"round {number + 1} of {rounds}, load {os.getloadavg()[0]:.1f}")
    return {
        name: {"ms": 1000 * float(np.median(all_)), "least": 1000 * float(min(all_))}
        for name, all_ in found.items()
    }


def table(name: str, rows: dict[str, Any], times: dict[str, Any]) -> str:
    """Give a network's figures as Markdown."""
    factory, colon, file = name.partition("@")[0].partition(":")
    lines = [
        f"### {factory}{colon}{Path(file).name}, {rows['seconds']:.3g} s, "
        f"{percent(rows['accuracy'])} in Keras",
        "",
        "| export | size, MB | 1 thread, ms | 2 threads, ms | real-time factor "
        "| largest difference | same best label | accuracy |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for export, found in rows["exports"].items():
        if "error" in found:
            lines.append(f"| {export} | {found['error'].partition('(')[0]} |")
            continue
        one, two = (
            times.get(f"{name} {export} {count}", {}).get("ms", float("nan"))
            for count in THREADS
        )
        compared = found["verification"]
        same, accuracy = compared["top1_agreement"], found.get("accuracy")
        lines.append(
            f"| {export} | {found['size_bytes'] / 1e6:.3f} | {one:.2f} | {two:.2f} "
            f"| {one / 1000 / rows['seconds']:.4f} | {compared['max_difference']:.0e} "
            f"| {percent(same)} | {percent(accuracy)} |"
        )
    return "\n".join([*lines, ""])


def percent(share: float | None) -> str:
    """Give a share in percent, or nothing."""
    return "" if share is None else f"{100 * share:.1f} %"


def main() -> None:
    """Time, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder of tools/measure_exports.py")
    parser.add_argument("--peer", type=Path, action="append", default=[])
    parser.add_argument(
        "--rounds", type=int, default=2, help="0: only print what was timed before"
    )
    options = parser.parse_args()
    measured = json.loads((options.out / "exports.json").read_text(encoding="utf-8"))
    turns = {f"peer {peer.name}": turn_of_peer(peer) for peer in options.peer}
    for name, rows in measured.items():
        for export, found in rows["exports"].items():
            if "error" not in found:
                path = options.out / rows["folder"] / found["path"]
                form, samples = found["format"], found["input_samples"]
                turns[f"{name} {export}"] = turn_of(path, form, samples)
    file = options.out / "times.json"
    times = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    turns = {name: turn for name, turn in turns.items() if f"{name} 1" not in times}
    if turns and options.rounds:
        times |= time_all(turns, options.rounds)
        write_text(file, json.dumps(times, indent=1))
    for name, rows in measured.items():
        print(table(name, rows, times))
    for name in times:
        if name.startswith("peer"):
            print(name, times[name])


if __name__ == "__main__":
    main()
