"""Files of thousands of lengths on jax, which compiles a program for each shape.

Each run is a process of its own. A network may be compiled for at most 8 shapes, and
the resident memory, after each file, may lie 200 MB above that after the first.
"""

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from .child import run_child

NAME = "lengths on jax"
MEMORY = 200  # MB
PROGRAMS = 8
# What is run, on how many files, and on how many quickly.
RUNS = {
    "EfficientAT tag": (3_000, 0),
    "EfficientAT embed": (3_000, 0),
    "YAMNet tag": (3_000, 0),
    "YAMNet predict": (3_000, 0),
    "SpeechGRU tag": (3_000, 20),
    "LeNetMFCC embed": (3_000, 0),
    "SoundEventCRNN tag": (3_000, 0),
    "SoundEventCRNN frames": (3_000, 0),
    "LogMelCNN tag": (3_000, 20),
    "a layer of one's own, tag": (500, 20),
}
_ROOM = Path(__file__).parent


def run(quick: bool) -> Iterator[tuple[str, str | None]]:
    """Give each run."""
    if sys.platform != "linux" or importlib.util.find_spec("jax") is None:  # /proc
        return
    for name, (most, few) in RUNS.items():
        files = few if quick else most
        if files:
            yield f"{name}, {files:,} lengths", measure(name, files)


def measure(name: str, files: int) -> str | None:
    """Run one in a process of its own; say what grew, and by how much."""
    said, failed = run_child("growth_jax_child", name, str(files), KERAS_BACKEND="jax")
    if failed is not None:
        return failed
    told = json.loads(said.splitlines()[-1])
    wrong = []
    if told["grown"] > MEMORY:
        wrong.append(f"memory grew by {told['grown']:.0f} MB")
    if told["programs"] > PROGRAMS and "own" not in name:
        wrong.append(f"{told['programs']} programs were compiled")
    return ", ".join(wrong) or None
