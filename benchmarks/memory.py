"""``python -m benchmarks.memory``: the peak of memory of long work.

`tag` on a file of 3 hours, `FeatureExtractor.write` on a folder of 10,000 files, and
training steps, each in a process of its own on each backend: the largest resident
memory in MB, after the model was used once on a short sound, and at the end. With
--against, the same is measured with another checkout, such as one of `main`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import BACKENDS, ROOT
from benchmarks.folder import make_sounds
from benchmarks.long_file import write_noise

_BEGIN = """
import json, resource, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import numpy as np
import kerasaudio

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

path = Path(sys.argv[1])
"""
_END = 'print(json.dumps({"before": before, "peak": peak()}))'
WORK = {
    "tag": f"""{_BEGIN}
model = kerasaudio.YAMNet(weights="audioset")
model.tag(path / "short.wav")
before = peak()
model.tag(path / "long.wav")
{_END}""",
    "embed": f"""{_BEGIN}
model = kerasaudio.YAMNet(weights="audioset")
model.embed(path / "short.wav")
before = peak()
extractor = kerasaudio.FeatureExtractor(model, cache=path / sys.argv[2])
done = extractor.write(path / "sounds", path / sys.argv[2] / "out.npz")
assert done.computed == done.files, done
{_END}""",
    "training": f"""{_BEGIN}
model = kerasaudio.SampleCNN()
x = np.random.default_rng(0).normal(0, 0.1, (16, 59_049)).astype("float32")
y = np.zeros((16, 50), "float32")
before = peak()
model.compile("adam", "binary_crossentropy")
for _ in range(3):
    model.train_on_batch(x, y)
{_END}""",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for, and print a table."""
    options = _parser().parse_args(arguments)
    checkouts = [ROOT, *([options.against] if options.against else [])]
    titles = {
        "tag": f"`tag`, a file of {options.minutes} min, YAMNet",
        "embed": f"`FeatureExtractor.write`, {options.files:,} files of 1 s, YAMNet",
        "training": "SampleCNN, training step, 16 clips",
    }
    more = " | peak before this change" if options.against else ""
    print(f"| MB | backend | after the first call | peak{more} |")
    print("|---|---|---|---|" + ("---|" if options.against else ""))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if "tag" in options.only or "embed" in options.only:
            write_noise(folder / "short.wav", 1)
        if "tag" in options.only:
            write_noise(folder / "long.wav", options.minutes)
        if "embed" in options.only:
            make_sounds(folder / "sounds", options.files)
        for work in options.only:
            for backend in options.backends:
                found = [
                    measure(work, backend, folder, checkout) for checkout in checkouts
                ]
                cells = [f"{found[0]['before']:.0f}"]
                cells += [f"{each['peak']:.0f}" for each in found]
                row = " | ".join([titles[work], backend, *cells])
                print(f"| {row} |", flush=True)
    return 0


def measure(work: str, backend: str, folder: Path, checkout: Path) -> dict[str, float]:
    """Return the peaks of memory of a process in MB.

    Args:
        work: Key of `WORK`.
        backend: Backend of Keras.
        folder: Folder with the sounds.
        checkout: The folder whose package is imported.
    """
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        process = subprocess.run(
            [sys.executable, "-c", WORK[work], str(folder), Path(cache).name],
            cwd=checkout,
            env=os.environ
            | {
                "KERAS_BACKEND": backend,
                "PYTHONPATH": str(checkout),
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return dict(json.loads(process.stdout.splitlines()[-1]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=WORK, default=list(WORK))
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--minutes", type=int, default=180, help="of the long file")
    parser.add_argument("--files", type=int, default=10_000, help="in the folder")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    return parser


if __name__ == "__main__":
    sys.exit(main())
