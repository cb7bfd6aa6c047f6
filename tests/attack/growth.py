"""What goes on for long must not grow: memory, file descriptors, threads.

Each run is a process of its own, on each backend that is installed. It tells its
resident memory when a tenth is done (all is compiled and loaded by then) and at the
end; in between it may grow by `MEMORY` at most, by `INDEX` for each file that a cache
keeps, whose list is read as a whole, and by no descriptor and no thread.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from .child import run_child

NAME = "growth"
MEMORY = 48  # MiB
INDEX = 700 / 2**20
BACKENDS = ("tensorflow", "jax", "torch")
# What is run, how much of it, and how much of it quickly.
RUNS = {
    "tag of 3 hours": (3 * 3600, 600),
    "listen for 24 hours": (24 * 3600, 1_200),
    "models built": (200, 10),
    "files embedded": (100_000, 1_000),
    "files decoded": (20_000, 1_000),
}
_ROOM = Path(__file__).parent


def run(quick: bool) -> Iterator[tuple[str, str | None]]:
    """Give each run on each backend; a quick one, on the chosen backend alone."""
    if sys.platform != "linux":  # /proc
        return
    chosen = os.environ.get("KERAS_BACKEND", "tensorflow")
    backends = [chosen] if quick else BACKENDS
    for backend in backends:
        if importlib.util.find_spec(backend) is None:
            continue
        for name, (most, few) in RUNS.items():
            yield f"{name}, {backend}", measure(name, few if quick else most, backend)


def measure(name: str, amount: int, backend: str) -> str | None:
    """Run one in a process of its own; say what grew, and by how much."""
    said, wrong = run_child(
        "growth_child",
        *(name, str(amount)),
        KERAS_BACKEND=backend,
        OMP_NUM_THREADS="1",  # on busy machines torch's wait for each other
    )
    if wrong is not None:
        return wrong
    early, late = (json.loads(line) for line in said.splitlines()[-2:])
    print(f"{name}, {backend}: {early} {late}", file=sys.stderr, flush=True)
    grown = {key: late[key] - early[key] for key in late}
    memory = MEMORY + (INDEX * amount if name.startswith("files") else 0)
    allowed = {"memory": memory, "descriptors": 0, "threads": 0}
    more = [f"{key} +{grown[key]}" for key in allowed if grown[key] > allowed[key]]
    return ", ".join(more) or None
