#!/usr/bin/env bash
# python-stretch 0.3.1 (Signalsmith Stretch): `process` keeps Python's global lock while
# it computes, and refuses arrays that are read-only.
#
# Guess: it takes a float32 array and returns another, so it works on a file mapped into
# memory, and other threads run meanwhile, as with numpy, soxr and soundfile.
# Seen: a thread that only counts stands still for the whole call, so that a pool of
# threads is no faster than one; and a read-only array, such as a view of np.memmap(...,
# "r") or of np.frombuffer(bytes), is a TypeError that names the right dtype and shape.
# Way round: other processes instead of threads, and a copy of read-only arrays.
# Output seen:
#   python-stretch 0.3.1
#   the counting thread stood still for 100 % of the call
#   read-only: TypeError process(): incompatible function arguments.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet python-stretch==0.3.1 numpy==2.2.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import threading
import time

import numpy as np
from python_stretch.Signalsmith import Stretch

print("python-stretch", importlib.metadata.version("python-stretch"))
noise = np.random.default_rng(0).normal(0, 0.1, (1, 60 * 44_100)).astype("float32")


def stretcher():
    made = Stretch(0)
    made.preset(1, 44_100)
    made.setTimeFactor(0.9)
    return made


seen, is_over = [time.perf_counter()], threading.Event()


def count():
    while not is_over.is_set():
        seen.append(time.perf_counter())
        time.sleep(0.001)


thread = threading.Thread(target=count)
thread.start()
time.sleep(0.1)
ready = stretcher()
begin = time.perf_counter()
ready.process(noise)
end = time.perf_counter()
is_over.set()
thread.join()
during = [t for t in seen if begin <= t <= end]
still = np.diff([begin, *during, end]).max() / (end - begin)
print(f"the counting thread stood still for {100 * still:.0f} % of the call")
assert still > 0.9, "other threads run during the call now"

frozen = noise.copy()
frozen.flags.writeable = False
try:
    stretcher().process(frozen)
except TypeError as error:
    print("read-only: TypeError", str(error).splitlines()[0].split(" The ")[0])
else:
    raise AssertionError("read-only arrays are taken now")
PYTHON
