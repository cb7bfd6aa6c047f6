"""The process of one entry: builds the entry, then times it on request.

Requests are lines of JSON on standard input, answers go to standard output. The answer
to ``{}`` is ``[]`` when the entry is built and warm; the answer to ``{"seconds": s}``
is the seconds of every call of a turn.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

WARM_CALLS = 2


def turn(work: Callable[[], Any], seconds: float) -> list[float]:
    """Time calls until `seconds` are over; the first call only warms up."""
    work()
    times: list[float] = []
    while not times or sum(times) < seconds:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    build, arguments = sys.argv[1:]
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
