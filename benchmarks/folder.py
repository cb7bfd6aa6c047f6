"""``python -m benchmarks.folder``: a folder of short files, and a simple loop.

Makes a folder of one-second sounds of mixed rates, channels and formats, and turns
them into vectors twice, each time in a separate process: with `FeatureExtractor.write`,
and with a simple loop of `model.embed` over the files. Prints clips per second, the
ratio, and the peak memory of the process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
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
import kerasaudio
from kerasaudio.models import FACTORIES

name, weights, folder, count = sys.argv[1:]
model = FACTORIES[name](weights=weights or None)
paths = kerasaudio.find_audio(folder)[: int(count)]
model.embed(paths[0])
begin = time.perf_counter()
"""
_END = """
seconds = time.perf_counter() - begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"clips": len(paths), "seconds": seconds, "peak_mb": peak}))
"""
EXTRACTOR = f"""{_BEGIN}
extractor = kerasaudio.FeatureExtractor(model, cache=Path(folder).parent / "cache")
done = extractor.write(paths, Path(folder).parent / "out.npz", overwrite=True)
assert (done.files, done.computed) == (len(paths), len(paths)), done
{_END}"""
PLAIN_LOOP = f"""{_BEGIN}
vectors = [model.embed(path) for path in paths]
{_END}"""


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


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--loop-clips", type=int, default=1_000, help="of the loop")
    parser.add_argument("--model", default="MusiCNN")
    parser.add_argument("--weights", default="", help="default: random ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "sounds")
        make_sounds(folder, options.clips)
        model = (options.model, options.weights, str(folder))
        ours = measure(EXTRACTOR, *model, str(options.clips))
        loop = measure(PLAIN_LOOP, *model, str(options.loop_clips))
    speeds = [run["clips"] / run["seconds"] for run in (ours, loop)]
    for name, run, speed in zip(
        ("extractor", "loop"), (ours, loop), speeds, strict=True
    ):
        print(
            f"{name:9} {run['clips']:6} clips {speed:7.1f} clips/s "
            f"peak {run['peak_mb']:6.0f} MB"
        )
    print(f"ratio {speeds[0] / speeds[1]:.2f}")


if __name__ == "__main__":
    main()
