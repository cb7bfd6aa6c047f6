"""Sounds as people keep them: folders, tables, tars."""

import io
import tarfile

import numpy as np
import pyarrow.dataset
import pytest
import soundfile

from support.class_fixtures import folder, network, sides  # noqa: F401
from support.tiny import RATE, tiny_model


def encoded(seconds, seed, form="wav"):
    content = io.BytesIO()
    noise = np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE))
    soundfile.write(content, noise, RATE, format=form)
    return content.getvalue()


def write_tar(path, members):
    """Write members, pairs of name and bytes."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def rows_of(out):
    """Return the rows of a data set as dictionaries, in order."""
    if not list(out.glob("part-*")):
        return []
    found = pyarrow.dataset.dataset(out, format="parquet").to_table().to_pylist()
    return sorted(found, key=lambda r: (r["path"], r["offset"] or 0, r["start"] or 0))


def errors_of(out):
    return rows_of(out / "_errors")


@pytest.fixture(scope="session")
def model():
    return tiny_model()


@pytest.fixture(scope="session")
def sounds(tmp_path_factory):
    """Six sounds of different lengths, one longer than is read at once; two bad."""
    folder = tmp_path_factory.mktemp("corpus") / "sounds"  # noqa: F811
    (folder / "deep").mkdir(parents=True)
    for number, seconds in enumerate([0.2, 0.5, 1.1, 1.3, 2.6, 41.7]):
        name = f"deep/{number}.wav" if number % 2 else f"{number}.flac"
        form = name.rpartition(".")[2]
        (folder / name).write_bytes(encoded(seconds, number, form))
    (folder / "bad.wav").write_text("no sound")
    (folder / "cut.wav").write_bytes(encoded(1.0, 9)[:9_000])
    return folder
