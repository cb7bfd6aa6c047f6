"""Tables on disk: whole, with their origin, safe to read."""

import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest

import kerasaudio
from kerasaudio import FeatureExtractor, Features, load_features

SUFFIXES = [".npz", ".parquet"]


@pytest.fixture
def extractor(model, cache):
    return FeatureExtractor(model, pool=None, cache=cache)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_written_equals_extracted(extractor, folder, tmp_path, suffix):
    expected = extractor.extract(folder)
    done = extractor.write(folder, tmp_path / f"out{suffix}")
    saved = expected.save(tmp_path / f"saved{suffix}")

    assert (done.files, done.rows, len(done.failed)) == (6, len(expected), 2)
    for path in (done.path, saved):
        found = load_features(path)
        np.testing.assert_array_equal(found.vectors, expected.vectors)
        np.testing.assert_array_equal(found.starts, expected.starts)
        np.testing.assert_array_equal(found.ends, expected.ends)
        assert found.vectors.dtype == np.float32
        assert (found.paths, found.failed) == (expected.paths, expected.failed)
        assert found.origin == expected.origin
        assert found.origin["kerasaudio"] == kerasaudio.__version__
    assert not list(tmp_path.glob(".*.tmp"))


def test_parquet_is_readable_by_others(extractor, folder, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(extractor.write(folder, tmp_path / "x.parquet").path)
    row = table.slice(0, 1).to_pylist()[0]
    assert row["path"].endswith("long.wav")
    assert (row["start"], row["end"], len(row["embedding"])) == (0.0, 0.5, 6)
    assert row["model"] == "Tiny"
    assert row["weights_hash"] == extractor.origin["weights_hash"]
    assert row["kerasaudio_version"] == kerasaudio.__version__


def test_npz_is_readable_by_numpy_alone(extractor, folder, tmp_path):
    path = extractor.write(folder, tmp_path / "x.npz").path
    with np.load(path, allow_pickle=False) as archive:
        assert archive["embedding"].shape == (len(archive["path"]), 6)
        assert str(archive["model"]) == "Tiny"
        assert len(json.loads(str(archive["facts"]))["failed"]) == 2


def test_names_that_are_not_utf8(extractor, folder, tmp_path):
    try:
        odd = os.fsdecode(b"\xff odd.wav")
        (folder / odd).write_bytes((folder / "one.wav").read_bytes())
    except (OSError, UnicodeError):
        pytest.skip("this file system takes UTF-8 names only")
    for suffix in SUFFIXES:
        found = load_features(extractor.write(folder, tmp_path / f"x{suffix}").path)
        assert sum(path.name.endswith(" odd.wav") for path in found.paths) == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_brought_up_to_date(extractor, folder, tmp_path, suffix):
    out = tmp_path / f"x{suffix}"
    extractor.write(folder, out)
    before = out.stat()
    assert extractor.write(folder, out).computed == 0
    assert out.stat().st_ino == before.st_ino  # left as it is
    (folder / "two.wav").unlink()
    assert extractor.write(folder, out).files == 5
    assert len({path.name for path in load_features(out).paths}) == 5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_there_is_not_overwritten(extractor, model, folder, tmp_path, suffix):
    out = tmp_path / f"x{suffix}"
    out.write_text("my diary")
    with pytest.raises(FileExistsError, match="not a table of features"):
        extractor.write(folder, out)
    assert out.read_text() == "my diary"

    extractor.write(folder, out, overwrite=True)
    with pytest.raises(FileExistsError, match="holds Tiny, with other settings"):
        FeatureExtractor(model, pool="max").write(folder, out)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        load_features(out).save(out)


@pytest.mark.parametrize("name", ["x.csv", "x", "x.npy"])
def test_other_suffixes(extractor, folder, tmp_path, name):
    with pytest.raises(ValueError, match=r"\.npz or \.parquet"):
        extractor.write(folder, tmp_path / name)
    with pytest.raises(ValueError, match=r"\.npz or \.parquet"):
        load_features(tmp_path / name)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"PAR1 cut PAR1"])
def test_damaged_tables(tmp_path, suffix, content):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a table of features"):
        load_features(path)


def test_nothing_is_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "exploded"),))

    path = tmp_path / "x.npz"
    buffer = io.BytesIO()
    header = {"descr": "|O", "fortran_order": False, "shape": ()}
    np.lib.format.write_array_header_1_0(buffer, header)
    buffer.write(pickle.dumps(Bomb()))
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("embedding", "path", "start", "end", "facts"):
            archive.writestr(f"{name}.npy", buffer.getvalue())
    with pytest.raises(ValueError, match="not a table of features"):
        load_features(path)
    assert not (tmp_path / "exploded").exists()


def test_missing_table(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_features(tmp_path / "x.npz")


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match='pip install "pyarrow>='):
        load_features(tmp_path / "x.parquet")


def test_the_repr_is_a_line_without_numbers(extractor, folder):
    features = extractor.extract(folder)
    assert len(features.failed) == 2
    size = f"{len(features)} x 6"
    assert repr(features) == f"Features({size}, files=6, failed=2)"
    nothing = Features(np.zeros((0, 6), "float32"), (), np.zeros(0), np.zeros(0))
    assert repr(nothing) == "Features(0 x 6, files=0, failed=0)"
