"""Measure `similarity.DiskIndex`: recall, time and memory with a million vectors.

python tools/measure_search.py ESC10/audio mn04_as_mAP_432.pt --folder /tmp/search

Lines of a table for docs/results/search.md. The vectors are windows of real sounds
(2 s, 0.5 s apart) by EfficientAT mn04, each with normal noise of `--noise` times the
standard deviation of its feature over the windows. Queries are made likewise, and are
not among them. The true neighbors are those of all distances. Every step is a process
of its own; that of the search imports only what searching needs, not Keras.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

CHECKOUT = Path(__file__).parents[1]
K = 10
FILE_ROWS = 100_000
PIECE_ROWS = 50  # windows of a file
STEPS = ("embed", "make", "build", "exact", "search")


def embed(options: argparse.Namespace) -> None:
    """Embed the windows of real sounds."""
    from kerasaudio.features import FeatureExtractor
    from kerasaudio.models import EfficientAT

    model = EfficientAT(weights=options.weights)
    extractor = FeatureExtractor(model, pool=None, window_seconds=2, hop_seconds=0.5)
    features = extractor.extract(options.sounds, progress=False)
    np.save(options.folder / "real.npy", features.vectors)
    (options.folder / "origin.json").write_text(json.dumps(features.origin))


def noisy(
    real: np.ndarray, rows: int, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """Return real vectors, drawn at random, with noise."""
    added = rng.standard_normal((rows, real.shape[1]), np.float32)
    return real[rng.integers(len(real), size=rows)] + added * real.std(0) * noise


def make(options: argparse.Namespace) -> None:
    """Write the data set, in files of 100,000 rows, and the queries."""
    from kerasaudio.features import parquet
    from kerasaudio.features.rows import Plan, Rows

    real = np.load(options.folder / "real.npy")
    origin = json.loads((options.folder / "origin.json").read_text())
    rng = np.random.default_rng(0)

    def pieces(first: int, rows: int) -> Iterator[tuple[Path, Rows]]:
        for start in range(first, first + rows, PIECE_ROWS):
            vectors = noisy(real, PIECE_ROWS, options.noise, rng)
            times = np.arange(PIECE_ROWS) / 2
            yield Path(f"sounds/{start:09}.wav"), Rows(vectors, times, times + 2)

    data = options.folder / "data"
    data.mkdir(exist_ok=True)
    for first in range(0, options.rows, FILE_ROWS):
        rows = min(FILE_ROWS, options.rows - first)
        plan = Plan(20, rows, real.shape[1], (), origin)
        parquet.write(data / f"{first:09}.parquet", plan, pieces(first, rows))
    queries = noisy(real, options.queries, options.noise, np.random.default_rng(1))
    np.save(options.folder / "queries.npy", queries)


def build(options: argparse.Namespace) -> None:
    """Build the index."""
    import kerasaudio

    before = memory()
    start = time.perf_counter()
    kerasaudio.similarity.DiskIndex.build(options.folder / "data", overwrite=True)
    seconds = time.perf_counter() - start
    print(f"built in {seconds:.0f} s, memory {before} and at most +{peak(before)} MB")


def exact(options: argparse.Namespace) -> None:
    """Find the true neighbors."""
    index = bare()(options.folder / "data")
    queries = np.load(options.folder / "queries.npy")
    found = index.nearest(queries, K, exact=True)
    np.save(options.folder / "true.npy", [[n.position for n in row] for row in found])


def search(options: argparse.Namespace) -> None:
    """Search, one query after another."""
    disk_index = bare()
    before = memory()
    start = time.perf_counter()
    index = disk_index(options.folder / "data")
    opened = time.perf_counter() - start
    resident = memory()
    queries = np.load(options.folder / "queries.npy")
    true = np.load(options.folder / "true.npy")
    index.nearest(queries[0], K)
    for state in ("cold", "warm"):
        if state == "cold":
            forget(options.folder / "data" / "_index")
        hits, times, began = 0, [], time.process_time()
        for query, wanted in zip(queries, true, strict=True):
            start = time.perf_counter()
            found = index.nearest(query, K)
            times.append(1e3 * (time.perf_counter() - start))
            hits += len(set(wanted.tolist()) & {n.position for n in found})
        busy = 1e3 * (time.process_time() - began) / len(queries)
        middle, late = np.percentile(times, [50, 99])
        print(
            f"{len(index):,} vectors, noise {options.noise}, {state}: recall@{K} "
            f"{hits / true.size:.4f}; a query: median {middle:.2f} ms, 99 % below "
            f"{late:.2f} ms, mean of the processor {busy:.2f} ms"
        )
    print(
        f"opened in {opened:.2f} s; resident MB: {before} before, {resident} opened, "
        f"{memory()} after {2 * len(queries)} queries, {memory('VmHWM')} at most"
    )


def bare() -> Any:
    """Import DiskIndex without Keras, which `import kerasaudio` starts."""
    for name in ("kerasaudio", "kerasaudio.similarity"):
        package = ModuleType(name)
        package.__path__ = [str(CHECKOUT / name.replace(".", "/"))]
        sys.modules[name] = package
    import faiss

    from kerasaudio.similarity.disk.index import DiskIndex

    assert "keras" not in sys.modules
    faiss.omp_set_num_threads(1)
    return DiskIndex


def forget(folder: Path) -> None:
    """Drop files from the page cache."""
    for path in folder.iterdir():
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def memory(field: str = "VmRSS") -> int:
    """Return the resident memory of this process in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) // 1000
    raise OSError(f"/proc/self/status has no {field}")


def peak(before: int) -> int:
    """Return by how much memory has grown at most, in MB."""
    return memory("VmHWM") - before


def main() -> None:
    """Run all steps, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    if len(options.steps) == 1:
        globals()[options.steps[0]](options)
        return
    words = sys.argv[1 : sys.argv.index("--steps")] if "--steps" in sys.argv else None
    given = sys.argv[1:] if words is None else words
    for step in options.steps:
        command = [sys.executable, __file__, *given, "--steps", step]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
