"""The process of a backend: it measures one row after another, as it is told.

A line on standard input is ``module:function``; the answer is a line of JSON with
`figures`, or with `trouble`. The first line that it writes names the device.
"""

import importlib
import json
import os
import sys
from typing import Any


def main() -> None:
    """Answer lines until there are no more."""
    quick = sys.argv[1:] == ["quick"]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers

    def tell(**answer: Any) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    from kerasaudio.core.devices import devices

    tell(devices=devices())
    for line in sys.stdin:
        module, function = line.split(":")
        try:
            work = getattr(
                importlib.import_module(f"benchmarks.gpu.{module}"), function.strip()
            )
            tell(figures=work(quick=quick))
        except Exception as error:  # it is told, and the next row is measured
            text = str(error).strip().splitlines() or [""]
            tell(trouble=f"{type(error).__name__}: {text[0][:200]}")


if __name__ == "__main__":
    main()
