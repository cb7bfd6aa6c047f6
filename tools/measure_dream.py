"""Measure how long dreams take, by size, iterations, octaves and layer.

    python tools/measure_dream.py --out build/dream                # ResNet50, a table
    python tools/measure_dream.py --out build/dream --live         # what is fast enough

Prints a row of docs/results/dream.md for each setting, and keeps them in
OUT/BACKEND.jsonl: the same command goes on where it was stopped. Weights are random, as
the time does not depend on them; picture and guide are drawn. Of --repeat runs after
the first, which compiles, the fastest counts: seconds, and seconds of processor over
all threads, which other work on the machine changes little.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasaudio.interpret import Dreamer, dream

STAGES = ("conv2_block3_out", "conv3_block4_out", "conv4_block6_out")


class Setting(NamedTuple):
    """A row of the table."""

    network: str
    layer: str
    size: int
    iterations: int
    octaves: int


# The authors' notebook: ResNet50, third stage, guide, 1 octave, 10 iterations.
TABLE = (
    *(Setting("ResNet50", STAGES[2], size, 10, 1) for size in (100, 200, 224, 400)),
    *(Setting("ResNet50", STAGES[2], 200, many, 1) for many in (1, 2, 5, 20)),
    *(Setting("ResNet50", STAGES[2], 200, 10, many) for many in (2, 3)),
    *(Setting("ResNet50", stage, 200, 10, 1) for stage in STAGES[:2]),
)
LIVE = tuple(
    Setting(network, layer, 200, iterations, 1)
    for network, layer, iterations in (
        ("ResNet50", STAGES[0], 2),
        ("MobileNetV2 0.35", "block_6_expand_relu", 4),
        ("MobileNetV2 0.35", "block_6_expand_relu", 10),
        ("MobileNetV2 0.35", "block_3_expand_relu", 4),
        ("MobileNetV2 0.35", "block_3_expand_relu", 10),
        ("MobileNetV2 0.35", "block_1_expand_relu", 4),
        ("MobileNetV2 0.35", "block_1_expand_relu", 10),
    )
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("build/dream"))
    parser.add_argument("--live", action="store_true", help="small networks, 200 x 200")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    log = options.out / f"{keras.backend.backend()}.jsonl"
    print("| network | layer | size | iterations | octaves | seconds | of processor |")
    print("|---|---|---|---|---|---|---|")
    for row in measured(LIVE if options.live else TABLE, log, options.repeat):
        print(
            f"| {row['network']} | `{row['layer']}` | {row['size']} x {row['size']} | "
            f"{row['iterations']} | {row['octaves']} | {row['seconds']:.2f} | "
            f"{row['processor']:.2f} |",
            flush=True,
        )


def measured(
    settings: Sequence[Setting], log: Path, repeat: int
) -> Iterator[dict[str, Any]]:
    """Yield a row for each setting; those that are in the log are not repeated."""
    lines = log.read_text().splitlines() if log.exists() else []
    known = {
        Setting(*(row[name] for name in Setting._fields)): row
        for row in map(json.loads, lines)
    }
    kept: dict[tuple[str, str], Dreamer] = {}
    for setting in settings:
        if setting not in known:
            key = setting.network, setting.layer
            if key not in kept:
                kept = {key: Dreamer(network(setting.network), setting.layer)}
            row = setting._asdict() | time_of(kept[key], setting, repeat)
            with log.open("a") as file:
                file.write(json.dumps(row) + "\n")
            known[setting] = row
        yield known[setting]


def network(name: str) -> keras.Model:
    """Return a network with random weights."""
    keras.utils.set_random_seed(0)
    shared: dict[str, Any] = {"include_top": False, "weights": None}
    if name == "ResNet50":
        return keras.applications.ResNet50(input_shape=(None, None, 3), **shared)
    alpha = float(name.removeprefix("MobileNetV2 "))
    return keras.applications.MobileNetV2((None, None, 3), alpha=alpha, **shared)


def time_of(dreamer: Dreamer, setting: Setting, repeat: int) -> dict[str, float]:
    """Return the least seconds, and seconds of processor, of a dream with a guide."""
    picture, guide = rings(setting.size, 24), rings(setting.size, 9)

    def run() -> None:
        dream(
            dreamer,
            picture,
            guide,
            octaves=setting.octaves,
            iterations=setting.iterations,
        )

    # TensorFlow makes its last program for new sizes in the second call.
    for _ in range(2):
        run()
    times = []
    for _ in range(repeat):
        began = time.perf_counter(), time.process_time()
        run()
        times.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    seconds, processor = np.min(times, axis=0)
    return {"seconds": float(seconds), "processor": float(processor)}


def rings(side: int, width: int) -> np.ndarray:
    """Draw colored rings."""
    radius = np.hypot(*(np.indices((side, side)) - side / 2))
    shades = [np.sin(2 * np.pi * radius / (width + more)) for more in range(3)]
    return (0.5 + 0.5 * np.stack(shades, axis=-1)).astype("float32")


if __name__ == "__main__":
    main()
