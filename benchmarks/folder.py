"""``python -m benchmarks.folder``: a folder of short files, and a simple loop.

Makes a folder of one-second sounds of mixed rates, channels and formats, and turns
them into vectors, each time in a separate process: with `FeatureExtractor.write`, and
with a simple loop of `model.embed` over the files; and, as a limit, the network alone
on ready windows, in batches of the extractor's size. They take turns in rounds. Prints
clips per second, processor time, the peak memory of the process, and the medians of
the ratios of the rounds. Compiling is not counted: each has run on some files before.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
SHAPES = (
    (16_000, 1, ".wav"),
    (44_100, 2, ".wav"),
    (8_000, 1, ".flac"),
    (22_050, 1, ".ogg"),
)
_BEGIN = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
import kerasaudio
from kerasaudio.core.windowed import waveform_windows
from kerasaudio.models import FACTORIES

name, weights, folder, count, cache = sys.argv[1:]
model = FACTORIES[name](weights=weights or None)
paths = kerasaudio.find_audio(folder)[: int(count)]
extractor = kerasaudio.FeatureExtractor(model, cache=cache)
size = extractor.batch_size
first, paths = paths[:size], paths[size:]
clips = len(paths)
"""
_START = """
begin, busy = time.perf_counter(), time.process_time()
"""
_END = """
seconds, busy = time.perf_counter() - begin, time.process_time() - busy
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
facts = {"clips": clips, "seconds": seconds, "busy": busy, "peak_mb": peak}
print(json.dumps(facts))
"""
EXTRACTOR = f"""{_BEGIN}
extractor.extract(first, progress=False)
{_START}
done = extractor.write(paths, Path(cache, "out.npz"), overwrite=True, progress=False)
assert (done.files, done.computed) == (len(paths), len(paths)), done
{_END}"""
PLAIN_LOOP = f"""{_BEGIN}
model.embed(first[0])
{_START}
vectors = [model.embed(path) for path in paths]
{_END}"""
NETWORK = f"""{_BEGIN}
spec, predict = extractor.spec, extractor.network.predict_on_batch
windows = [next(waveform_windows(spec, path)).samples for path in first]
batch = np.stack(windows)
predict(batch)
clips = max(clips // size, 1) * size
{_START}
for _ in range(clips // size):
    predict(batch)
{_END}"""
LARGEST_BATCH = 32  # of a FeatureExtractor by itself
ENTRIES = {"extractor": EXTRACTOR, "loop": PLAIN_LOOP, "network": NETWORK}


def make_sounds(folder: Path, count: int) -> None:
    """Write one-second noises, some loud, some quiet."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for number in range(count):
        rate, channels, suffix = SHAPES[number % len(SHAPES)]
        sound = rng.normal(0, rng.uniform(0.01, 0.2), (rate, channels))
        soundfile.write(folder / f"{number:06}{suffix}", sound, rate)


def measure(code: str, *arguments: str) -> dict[str, float]:
    """Run one of the two in a process of its own."""
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(process.stdout.splitlines()[-1]))


def main(words: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument(
        "--loop-clips", type=int, default=1_000, help="of the loop and the network"
    )
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--model", default="MusiCNN")
    parser.add_argument("--weights", default="", help="default: random ones")
    options = parser.parse_args(words)
    if min(options.clips, options.loop_clips) <= LARGEST_BATCH:
        parser.error(f"at least {LARGEST_BATCH + 1} clips: a batch is not counted")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ENTRIES}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "sounds")
        make_sounds(folder, options.clips)
        for number in range(options.rounds):
            for name, code in ENTRIES.items():
                cache = Path(temporary, f"{name}{number}")
                cache.mkdir()
                clips = options.clips if name == "extractor" else options.loop_clips
                model = (options.model, options.weights, str(folder))
                runs[name].append(measure(code, *model, str(clips), str(cache)))
    for name, rounds in runs.items():
        clock, busy = (_per_clip(rounds, key) for key in ("seconds", "busy"))
        speed, peak = 1 / np.median(clock), max(run["peak_mb"] for run in rounds)
        print(
            f"{name:9} {rounds[0]['clips']:6} clips {speed:7.1f} clips/s "
            f"{1000 * np.median(busy):6.2f} ms of the processor a clip, "
            f"peak {peak:6.0f} MB"
        )
    for name in ("extractor", "network"):
        clock, busy = (
            np.median(_per_clip(runs["loop"], key) / _per_clip(runs[name], key))
            for key in ("seconds", "busy")
        )
        print(f"loop / {name}: {clock:.2f} by the clock, {busy:.2f} of the processor")


def _per_clip(rounds: list[dict[str, float]], key: str) -> np.ndarray:
    return np.array([run[key] / run["clips"] for run in rounds])


if __name__ == "__main__":
    main()
