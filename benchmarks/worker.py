"""The process of one entry: builds the entry, then times it on request.

Requests are lines of JSON on standard input, answers go to standard output. The answer
to ``{}`` is ``[]`` when the entry is built and warm; the answer to ``{"seconds": s}``
is the seconds of every call of a turn: of the clock, or if `ONE_CORE` is in the
environment, of the processor on one core, which other programs disturb less.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

WARM_CALLS = 2
ONE_CORE = "KERASAUDIO_BENCHMARKS_ONE_CORE"
clock = time.process_time if os.environ.get(ONE_CORE) else time.perf_counter


def turn(work: Callable[[], Any], seconds: float) -> list[float]:
    """Time calls until `seconds` are over; the first call only warms up."""
    work()
    times: list[float] = []
    while not times or sum(times) < seconds:
        start = clock()
        work()
        times.append(clock() - start)
    return times


def main() -> None:
    build, arguments = sys.argv[1:]
    if os.environ.get(ONE_CORE):  # before libraries count the cores
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    # What libraries print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, function = build.split(":")
    work = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    for _ in range(WARM_CALLS):
        work()
    for line in sys.stdin:
        request = json.loads(line)
        times = turn(work, request["seconds"]) if request else []
        print(json.dumps(times), file=answers, flush=True)


if __name__ == "__main__":
    main()
