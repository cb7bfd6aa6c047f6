"""Time published networks on a clip of 10 s, on one thread, and write the page.

    python tools/time_clips.py
    python tools/time_clips.py YAMNet/audioset MusiCNN/mtat --rounds 5

Without names, all networks are timed whose file is on this machine. Each is timed in a
process of its own on one core: `tag` (or `embed`, without classes) on TensorFlow, with
everything that it does to a waveform at the network's rate, and the network exported to
LiteRT, one window after another. The networks take turns in rounds; the least time of
all rounds counts. Run it on a machine that has nothing else to do.

It writes docs/results/clip-times.md; networks that are not timed keep their figures.
Then run tools/readme_weights.py.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from doc_site import clip_times
from doc_site.clip_times import Times
from doc_site.tables import table

from kerasaudio.files.whole_file import write_text
from kerasaudio.weights import list_weights, whereabouts

CHECKOUT = Path(__file__).parents[1]
SECONDS = 10
LEAST_REPEATS = 3
TURN_SECONDS = 1.0  # of repeats, once the first call is over
ONE_THREAD = {
    "KERAS_BACKEND": "tensorflow",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
HEAD = """\
# A clip of 10 s

Milliseconds that a published network takes for 10 s of noise at its own rate, on one
thread of a CPU, front-end included. TensorFlow is `model.tag` (`model.embed` if there
are no classes), in the windows that the network hears a clip in. LiteRT is the float32
export, one such window after another. Each figure is the least of several rounds, in
which the networks took turns. An empty cell has not been measured yet.

```text
python tools/time_clips.py && python tools/readme_weights.py
```

"""


def time_one(title: str, folder: Path) -> Times:
    """Time a preset in this process.

    Args:
        title: Factory and tag.
        folder: Where the export is written.
    """
    from kerasaudio import load
    from kerasaudio.core.windowed import waveform_windows
    from kerasaudio.exporting import export
    from kerasaudio.exporting.litert import artifact

    model = load(title)
    spec = model.spec
    rate = spec.sample_rate
    noise = np.random.default_rng(0).normal(0, 0.1, SECONDS * rate).astype("float32")
    windows = [window.samples for window in waveform_windows(spec, noise, rate)]
    name, options = ("embed", {}) if spec.labels is None else ("tag", {"top": 1})
    hear = partial(getattr(model, name), noise, rate, **options)
    hear()
    tensorflow = least_seconds(hear)
    path = folder / "model.tflite"
    length = len(windows[0]) if spec.clip_samples is None else spec.clip_samples
    export(model, path, verify=False, input_seconds=length / rate)
    window = windows[0][None, -length:]  # without the samples before it

    def run(repeats: int) -> float:
        return min(artifact.run(path, window, repeats, 1).seconds)

    repeats = max(LEAST_REPEATS, int(TURN_SECONDS / run(1)))
    return Times(len(windows), 1e3 * tensorflow, 1e3 * len(windows) * run(repeats))


def least_seconds(work: Callable[[], object]) -> float:
    """Repeat work for about a second; give the least time."""
    times: list[float] = []
    while len(times) < LEAST_REPEATS or sum(times) < TURN_SECONDS:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def command(title: str) -> list[str]:
    """Give the words that time a preset in a process."""
    return [__file__, "--here", title]


def time_apart(title: str) -> Times:
    """Time a preset in a new process on one core.

    Raises:
        RuntimeError: It failed.
    """
    paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, *command(title)],
        env=os.environ
        | ONE_THREAD
        | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{title} was not timed:\n{done.stderr}")
    return Times(*json.loads(done.stdout.splitlines()[-1]))


def least(rounds: Sequence[Times]) -> Times:
    """Give the least times of the rounds of a preset."""
    return Times(
        rounds[0].windows,
        min(times.tensorflow for times in rounds),
        min(times.litert for times in rounds),
    )


def page(found: Mapping[str, Times], conditions: str) -> str:
    """Write the page.

    Args:
        found: Times by preset; published presets that are not in it have empty cells.
        conditions: Machine and versions.
    """
    titles = dict.fromkeys([*(entry.title for entry in list_weights()), *found])
    rows = [
        (title, *(found[title].cells() if title in found else ("", "", "")))
        for title in titles
    ]
    return f"{HEAD}{conditions}{table(clip_times.HEADING, rows)}\n"


def conditions() -> str:
    """Tell the machine and the versions of a run."""
    named = ("keras", "tensorflow", "ai-edge-litert")
    return (
        f"{platform.system()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, "
        f"{', '.join(f'{name} {version(name)}' for name in named)}.\n\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Time what is asked for, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="*", metavar="FACTORY/TAG")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only-print", action="store_true", help="print the figures, write nothing"
    )
    parser.add_argument("--here", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.here:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(time_one(options.here, Path(folder))))
        return
    entries = list_weights()
    places = zip(entries, whereabouts(entries), strict=True)
    here = [entry.title for entry, place in places if place.kind != "download"]
    rounds: dict[str, list[Times]] = {}
    for number in range(options.rounds):
        for title in options.networks or here:
            rounds.setdefault(title, []).append(time_apart(title))
            print(number + 1, title, *rounds[title][-1].cells(), flush=True)
    if not options.only_print:
        timed = {title: least(all_) for title, all_ in rounds.items()}
        text = page(clip_times.read() | timed, conditions())
        write_text(clip_times.PAGE, text)


if __name__ == "__main__":
    main()
