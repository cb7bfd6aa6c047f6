"""Tables and logs that a disk changed: read whole, or named, or computed again."""

import json
import os
import struct
import zlib

import numpy as np
import pytest

from kerasaudio import FeatureExtractor, load_features
from kerasaudio.cli import main
from kerasaudio.features import npz, parquet
from kerasaudio.features.rows import Rows
from kerasaudio.features.store import FileState, Store
from support import features_table
from support.damage import COUNT, damaged, read_or_named

SUFFIXES = [".npz", ".parquet"]


@pytest.fixture
def table():
    return features_table.make()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_table_is_read_whole_or_named(table, tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = table.save(tmp_path / f"table{suffix}")
    refused = 0
    for content in damaged(path.read_bytes(), COUNT):
        path.write_bytes(content)
        found = read_or_named(load_features, path)
        refused += found is None
        if found is not None:
            np.testing.assert_array_equal(found.vectors, table.vectors)
            np.testing.assert_array_equal(found.starts, table.starts)
            np.testing.assert_array_equal(found.ends, table.ends)
            assert (found.paths, found.failed) == (table.paths, table.failed)
            assert found.origin == table.origin
    assert COUNT / 2 < refused < COUNT


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("part", range(0, 100, 7))
def test_a_damaged_table_is_written_again(model, folder, cache, tmp_path, suffix, part):
    """Also where only its vectors are damaged, and what it says of itself is right."""
    extractor = FeatureExtractor(model, cache=cache)
    out = tmp_path / f"out{suffix}"
    extractor.write(folder, out)
    content = bytearray(out.read_bytes())
    wanted = load_features(out)
    content[len(content) * part // 100] ^= 4
    out.write_bytes(content)

    extractor.write(folder, out, overwrite=True)

    np.testing.assert_array_equal(load_features(out).vectors, wanted.vectors)


def rewrite(file, changes):
    with np.load(file) as archive:
        arrays = dict(archive)
    np.savez(file, **arrays | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"embedding": np.zeros(5, "float32")},
        {"embedding": np.zeros((5, 2, 2), "float32")},
        {"embedding": np.zeros((5, 4), "complex64")},
        {"embedding": np.zeros((5, 4), "datetime64[s]")},
        {"embedding": np.zeros((5, 4), "U1")},
        {"embedding": np.zeros((5, 4), bool)},
        {"start": np.full(5, np.inf)},
        {"start": np.zeros((5, 1))},
        {"start": np.zeros(4)},
        {"end": np.zeros(5, "U1")},
        {"end": np.full(5, np.nan)},
        {"path": np.zeros(5)},
        {"path": np.array("a.wav")},
        {"facts": np.array("{}")},
        {"facts": np.array("[" * 100_000)},
        {"facts": np.array(json.dumps({"origin": "x", "failed": []}))},
        {"facts": np.array(json.dumps({"origin": {}, "failed": [1]}))},
    ],
)
def test_a_table_that_makes_no_sense_is_named(table, tmp_path, changes):
    path = table.save(tmp_path / "table.npz")
    rewrite(path, changes)
    with pytest.raises(ValueError, match=r"table\.npz' is not a table of features"):
        load_features(path)


def test_nearest_in_a_table_that_does_not_say_who_made_it(
    model, folder, table, tmp_path, capsys
):
    path = table.save(tmp_path / "table.npz")
    facts = {"origin": {}, "contents": None, "failed": []}
    rewrite(path, {"facts": np.array(json.dumps(facts))})
    model.save(tmp_path / "tiny.keras")
    query = str(folder / "one.wav")
    options = ["--model", str(tmp_path / "tiny.keras")]
    assert main(["nearest", query, str(path), *options]) == 1
    assert "an unknown network" in capsys.readouterr().err


FILES = [FileState(f"/{name}.wav", 10, 20) for name in "abc"]


@pytest.fixture
def log(tmp_path, rng):
    """The log of a store of three files."""
    with Store(tmp_path / "store") as store:
        for number, file in enumerate(FILES):
            rows = rng.normal(size=(number + 1, 4)).astype("float32")
            store.add(file, Rows(rows, np.arange(number + 1.0), np.ones(number + 1)))
    (log,) = (tmp_path / "store").iterdir()
    return log


def contents(log):
    store = Store(log.parent)
    return [None if (rows := store.get(f)) is None else rows.to_bytes() for f in FILES]


def test_what_a_damaged_log_holds_is_whole_or_absent(log):
    wanted = contents(log)
    assert None not in wanted
    absent = 0
    for content in damaged(log.read_bytes(), COUNT):
        log.write_bytes(content)
        for found, right in zip(contents(log), wanted, strict=True):
            assert found in (None, right)
            absent += found is None
    assert COUNT / 2 < absent < 3 * COUNT


@pytest.mark.parametrize("zeros", [1, 7, 8, 9, 16, 4096, 2**21])
def test_zeros_behind_a_log_harm_nothing(log, zeros):
    wanted = contents(log)
    with log.open("ab") as file:
        file.write(bytes(zeros))
    assert contents(log) == wanted


def test_records_of_another_kind_are_absent(log):
    wanted = contents(log)
    for header in (b"{}", b"[]", b"\xff", b'{"rows": 1, "width": "x", "crc": 0}', b"1"):
        content = struct.pack("<II", len(header), zlib.crc32(header)) + header
        log.with_name("other.log").write_bytes(b"kerasaudio features 1\n" + content)
        assert contents(log) == wanted


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("rows", "width"), [(-1, 1), (-1, -6), (0.5, 0), (True, 1)])
def test_sizes_that_none_can_have_are_absent(rows, width, log):
    wanted = contents(log)
    facts = {"path": "/x.wav", "size": 1, "modified_ns": 2, "crc": 0}
    header = json.dumps(facts | {"rows": rows, "width": width}).encode()
    content = struct.pack("<II", len(header), zlib.crc32(header)) + header
    log.with_name("other.log").write_bytes(b"kerasaudio features 1\n" + content)
    assert contents(log) == wanted
    assert Store(log.parent).rows_of(FileState("/x.wav", 1, 2)) is None


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be opened there either")
def test_a_folder_with_the_name_of_a_log_is_no_log(log):
    wanted = contents(log)
    log.with_name("folder.log").mkdir()
    assert contents(log) == wanted


def test_embedding_goes_on_behind_a_power_cut(model, folder, cache):
    wanted = FeatureExtractor(model, cache=cache).extract(folder)
    (log,) = cache.rglob("*.log")
    with log.open("ab") as file:
        file.write(bytes(8))
    again = FeatureExtractor(model, cache=cache).extract(folder)
    np.testing.assert_array_equal(again.vectors, wanted.vectors)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_counts_as_whole_can_be_read(model, folder, cache, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    FeatureExtractor(model, cache=cache).write(folder, out)
    content, wanted = out.read_bytes(), load_features(out)
    is_whole = {".npz": npz, ".parquet": parquet}[suffix].is_whole
    rng = np.random.default_rng(0)
    for _ in range(500):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        out.write_bytes(damaged)
        if is_whole(out):
            np.testing.assert_array_equal(load_features(out).vectors, wanted.vectors)
