"""Parquet data sets of vectors: clusters with noise, in files as kerasaudio's."""

from pathlib import Path

import numpy as np

from kerasaudio.features import Features

ORIGIN = {"model": "Tiny", "fingerprint": "0123", "weights_hash": "sha256:00"}


def clustered(rows, width=32, clusters=40, noise=0.5, seed=0):
    """Give vectors around centers that depend on the width alone."""
    rng = np.random.default_rng((1, seed))
    centers = np.random.default_rng(0).normal(size=(clusters, width))
    chosen = centers[rng.integers(clusters, size=rows)]
    return (chosen + noise * rng.normal(size=(rows, width))).astype("float32")


def write(path, vectors, origin=ORIGIN, windows=2):
    """Write a table, in which each file has some windows of half a second."""
    names = tuple(
        Path(f"{path.stem}/{row // windows}.wav") for row in range(len(vectors))
    )
    starts = (np.arange(len(vectors)) % windows) / 2
    path.parent.mkdir(parents=True, exist_ok=True)
    table = Features(np.asarray(vectors), names, starts, starts + 0.5, (), origin)
    return table.save(path, overwrite=True)


def write_set(folder, vectors, files=3):
    """Write several files, one in a folder below, and one that readers skip."""
    parts = np.array_split(vectors, files)
    write(folder / "deep" / "a.parquet", parts[0])
    for number, part in enumerate(parts[1:]):
        write(folder / f"z{number}.parquet", part)
    (folder / "_half.parquet").write_bytes(b"PAR1")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.parquet").write_bytes(b"PAR1")
    return folder
