"""``python -m benchmarks.growth``: how time grows with batch, length and files.

YAMNet on the backend of Keras: batches of 1 to 256 windows, one sound of 1 s to 1 h, a
folder of 10 and more files of 1 s. Each time is the least of some calls, in seconds of
the processor, all threads together, which other work on the machine disturbs less. A
straight line, a + b n, is fitted so that its largest errors, of the time, are small.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = 2.0  # of repeats
MOST = 5  # repeats
BATCHES = tuple(2**power for power in range(9))
LENGTHS = (1, 3, 10, 30, 100, 300, 1_000, 3_600)
FILES = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
Points = list[tuple[int, float]]


def least(work: Callable[[], Any]) -> float:
    """Return the least processor time of some calls in seconds; the first warms up."""
    work()
    times: list[float] = []
    while len(times) < MOST and sum(times) < SECONDS:
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def batches(model: Any, most: int) -> Iterator[tuple[int, float]]:
    """Yield the number of windows, and the time of one batch of them."""
    from benchmarks.keras_work import noise

    for count in BATCHES:
        if count <= most:
            windows = noise(count, model.spec.window_samples)
            yield count, least(lambda x=windows: model.predict_on_batch(x))


def lengths(model: Any, most: int) -> Iterator[tuple[int, float]]:
    """Yield the length of a sound in seconds, and the time of `embed`."""
    from benchmarks.keras_work import noise

    rate = model.spec.sample_rate
    for seconds in LENGTHS:
        if seconds <= most:
            (sound,) = noise(1, seconds * rate)
            yield seconds, least(lambda x=sound: model.embed(x, rate))


def files(model: Any, most: int) -> Iterator[tuple[int, float]]:
    """Yield the number of files, and the time of `FeatureExtractor.extract`."""
    from benchmarks.folder import make_sounds
    from kerasaudio import FeatureExtractor

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_sounds(folder / "sounds", most)
        paths = sorted((folder / "sounds").iterdir())
        FeatureExtractor(model, cache=folder / "warm").extract(paths[:10])
        for count in FILES:
            if count <= most:
                extractor = FeatureExtractor(model, cache=folder / str(count))
                begin = time.process_time()
                assert not extractor.extract(paths[:count]).failed
                yield count, time.process_time() - begin


def line(points: Points) -> tuple[float, float, float]:
    """Return a and b of a + b n, and the largest error, as a share of the time.

    The squares of these shares are least.
    """
    n, seconds = np.array(points, "float64").T
    shares = np.stack([1 / seconds, n / seconds], axis=1)
    (a, b), *_ = np.linalg.lstsq(shares, np.ones(len(n)), rcond=None)
    return float(a), float(b), float(np.abs((a + b * n) / seconds - 1).max())


def text(title: str, unit: str, points: Points) -> str:
    """Return a table with the line in Markdown."""
    a, b, error = line(points)
    lines = [
        f"### {title}",
        "",
        f"{1e3 * a:.3g} ms + {1e3 * b:.3g} ms for each of the {unit}; the largest "
        f"error of this line is {error:.0%}.",
        "",
        f"| {unit} | s of the processor | ms each | of the line |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {n:,} | {seconds:.3g} | {1e3 * seconds / n:.3g} | "
        f"{seconds / (a + b * n):.2f} |"
        for n, seconds in points
    ]
    return "\n".join([*lines, ""])


WORK: dict[str, tuple[Any, str, str, int]] = {
    "batch": (batches, "Batches of windows", "windows", BATCHES[-1]),
    "length": (lengths, "One sound, `embed`", "seconds", LENGTHS[-1]),
    "files": (files, "Files of 1 s, `FeatureExtractor.extract`", "files", 10_000),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for, and print it."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.growth",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=WORK, default=list(WORK))
    for name, (*_, unit, most) in WORK.items():
        parser.add_argument(
            f"--{name}", type=int, default=most, help=f"most {unit} ({most:,})"
        )
    options = parser.parse_args(arguments)
    import keras

    import kerasaudio

    model = kerasaudio.YAMNet(weights="audioset")
    for name in options.only:
        measure, title, unit, _ = WORK[name]
        points = []
        for point in measure(model, getattr(options, name)):
            print(*point, file=sys.stderr, flush=True)
            points.append(point)
        print(text(f"{title}, {keras.backend.backend()}", unit, points), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
