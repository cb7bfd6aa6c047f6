"""The first call of a process, in milliseconds: what compiling costs.

Two processes follow each other with the same folders, so that the second finds what
the first has kept.
"""

import os
import subprocess
import sys
import tempfile

from benchmarks.contest import PATHS, ROOT

_BEGIN = """
import time
import kerasaudio
from benchmarks.gpu.fast import _mn04
model, batch = _mn04({quick})
begin = time.perf_counter()
"""
_END = "print(1e3 * (time.perf_counter() - begin))"
PREDICT = f"{_BEGIN}model.predict_on_batch(batch)\n{_END}"
FIT = f"""{_BEGIN}
import numpy as np
model.compile("sgd", "binary_crossentropy")
model.train_on_batch(batch, np.zeros((len(batch), 527), "float32"))
{_END}"""


def predict(quick: bool) -> dict[str, float]:
    """The first prediction."""
    return _twice(PREDICT, quick)


def fit(quick: bool) -> dict[str, float]:
    """The first training step."""
    return _twice(FIT, quick)


def _twice(code: str, quick: bool) -> dict[str, float]:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PYTHONPATH=PATHS, KERASAUDIO_CACHE=folder)
        for name in ("ms", "second process ms"):
            process = subprocess.run(
                [sys.executable, "-c", code.format(quick=quick)],
                env=environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            found[name] = float(process.stdout.split()[-1])
    return found
