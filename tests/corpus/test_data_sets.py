"""Data sets of Hugging Face: the numbers of files, in any order, bytes or paths."""

import importlib
import pickle
import shutil
import sys

import numpy as np
import pytest

from kerasaudio import corpus
from kerasaudio.corpus import fleet, output, remote
from kerasaudio.corpus.sources import clips_of, number_of_rows

from .conftest import encoded, errors_of, rows_of

datasets = pytest.importorskip(
    "datasets", reason='datasets is not installed: pip install ".[datasets]"'
)
if not hasattr(datasets, "Dataset"):  # the folder tests/datasets
    pytest.skip("datasets is not installed", allow_module_level=True)

run_room = importlib.import_module("kerasaudio.corpus.run")
CLOSE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture(scope="module")
def files(sounds):
    return sorted(path for path in sounds.rglob("*.*") if path.is_file())


def cell(path, name=None):
    return {"bytes": path.read_bytes(), "path": name or path.name}


def made(cells):
    rows = {"sound": cells, "label": list(range(len(cells)))}
    return datasets.Dataset.from_dict(rows).cast_column("sound", datasets.Audio())


def stored(dataset):
    return dataset.cast_column("sound", datasets.Audio(decode=False))


FORMS = {
    "rows": lambda dataset, folder: dataset,
    "decoded by nobody": lambda dataset, folder: stored(dataset),
    "tensors": lambda dataset, folder: dataset.with_format("numpy"),
    "streamed": lambda dataset, folder: dataset.to_iterable_dataset(num_shards=2),
    "of unknown types": lambda dataset, folder: (
        stored(dataset).to_iterable_dataset().map(lambda row: {"more": row["label"]})
    ),
    "saved": lambda dataset, folder: (dataset.save_to_disk(folder), folder)[1],
}


@pytest.mark.parametrize("form", FORMS)
def test_the_numbers_of_the_files(files, model, out, tmp_path, form):
    source = FORMS[form](made(list(map(cell, files))), tmp_path / "saved")
    report = corpus.run(source, model, out=out, pool=None)
    assert (report.clips, report.computed) == (6, 8)
    whole = [path for path in files if path.stem.isdigit()]
    assert report.bytes == sum(path.stat().st_size for path in whole)
    corpus.run(files, model, out=tmp_path / "files", pool=None)
    names = {str(path): (path.name, number) for number, path in enumerate(files)}
    for here, there in (
        (rows_of(out), rows_of(tmp_path / "files")),
        (errors_of(out), errors_of(tmp_path / "files")),
    ):
        right = {(*names[row["path"]], row["start"]): row for row in there}
        assert len(here) == len(right) > 0
        for row in here:
            other = right[row["path"], row["offset"], row["start"]]
            if "embedding" in row:
                vectors = row.pop("embedding"), other["embedding"]
                np.testing.assert_allclose(*vectors, **CLOSE)
            else:
                assert row["path"] in row["error"]
                assert row.pop("error").replace(row["path"], "") == other[
                    "error"
                ].replace(other["path"], "")
            assert row == {key: other[key] for key in row} | {
                "path": row["path"],
                "offset": row["offset"],
            }
    assert corpus.run(source, model, out=out, pool=None).computed == 0


def test_rows_are_known_in_any_order(files, model, out):
    good = [path for path in files if path.stem.isdigit()][:4]
    cells = [cell(path) for path in good]
    cells += [cell(good[0], "x.wav"), cells[1], *2 * [cells[2] | {"path": None}]]
    dataset = made(cells)
    first = corpus.run(dataset.select(range(3)), model, out=out)
    assert (first.clips, first.computed) == (3, 3)
    more = corpus.run(dataset.to_iterable_dataset().shuffle(1), model, out=out)
    assert (more.clips, more.computed) == (8, 5)
    names = [row["path"] for row in rows_of(out)]
    assert sorted(name for name in names if not name.startswith("row ")) == sorted(
        [path.name for path in good] + ["x.wav", good[1].name]
    )
    cells[1] = cell(good[3], good[1].name)  # another content under the same name
    assert corpus.run(made(cells), model, out=out).computed == 1
    assert len(rows_of(out)) == 9


def test_rows_without_bytes_are_files(files, model, out, tmp_path):
    good = next(path for path in files if path.stem == "4")
    cells = [
        {"bytes": None, "path": str(good)},
        {"bytes": None, "path": str(tmp_path / "absent.wav")},
        {"bytes": None, "path": None},
        None,
    ]
    report = corpus.run(made(cells), model, out=out)
    assert (report.clips, dict(report.failed)) == (1, {"bad row": 2, "missing": 1})
    assert {row["error"] for row in errors_of(out)} >= {
        "Row 2 of the data set has no audio.",
        "Row 3 of the data set has no audio.",
    }
    assert corpus.run(good, model, out=out).computed == 0
    table = datasets.Dataset.from_dict({"sound": [str(good)], "other": ["a"]})
    with pytest.raises(ValueError, match=r"0 such columns among 'sound', 'other'"):
        corpus.run(table, model, out=tmp_path / "two")
    table = table.cast_column("sound", datasets.Audio())
    assert corpus.run(table, model, out=out).computed == 0


def test_memory_is_bounded(model, out, monkeypatch):
    """Few rows are held at a time, of what is listed and of what waits for a commit."""
    content = encoded(0.2, 1)
    monkeypatch.setattr(run_room, "_AHEAD_BYTES", 3 * len(content))
    cells = [{"bytes": encoded(0.2, n), "path": None} for n in range(8)]
    ahead, is_all = run_room._listed_ahead(clips_of(made(cells)))
    assert (len(ahead), is_all) == (3, False)
    assert number_of_rows([made(cells), made(cells[:2])]) == 10  # for the progress bar
    assert number_of_rows([made(cells).to_iterable_dataset()]) is None
    held = []
    monkeypatch.setattr(
        output.Output, "add", lambda self, result: held.append(result.clip.content)
    )
    corpus.run(made(cells), model, out=out)
    assert held == [None] * 8


@pytest.mark.parametrize("most", [600.0, 0.3])
def test_rows_are_sent_to_other_machines(files, model, tmp_path, monkeypatch, most):
    """Their bytes are sent once, in chunks; a worker needs no file of the sender's."""
    monkeypatch.setattr(remote, "_MOST_SECONDS", most)
    folder = tmp_path / "there"
    shutil.copytree(files[0].parent, folder)
    dataset = made([cell(path) for path in sorted(folder.iterdir()) if path.is_file()])
    clips = list(clips_of(dataset))
    chunks = list(fleet._chunks(iter(clips)))
    assert all(
        sum(clip.size for clip in chunk.clips[:-1]) < fleet._CHUNK_BYTES
        for chunk in chunks
    )
    shutil.rmtree(folder)
    path = tmp_path / "tiny.keras"
    model.save(path)
    worker = remote.Worker(path.read_bytes(), {"task": "embed"})
    sent = pickle.loads(pickle.dumps(clips))
    whole, _ = worker.run(sent, None)
    decoded = pickle.loads(pickle.dumps(remote.decoded(8000, "raise", sent)))
    bare = [clip.without_content() for clip in sent]
    split, _ = worker.run(bare, decoded)
    assert len(whole) == len(split) == len(clips)
    for found in (whole, split):
        assert all(result.clip.content is None for result in found)
        assert {r.clip.digest for r in found} == {clip.digest for clip in clips}
    by_name = {result.clip.path: result for result in whole}
    for result in split:
        right = by_name[result.clip.path]
        assert (result.error, result.kind) == (right.error, right.kind)
        for row, other in zip(result.rows, right.rows, strict=True):
            np.testing.assert_allclose(row[2], other[2], **CLOSE)


def test_data_sets_that_cannot_be_used(files, model, out, tmp_path, monkeypatch):
    dataset = made(list(map(cell, files[:2])))
    splits = datasets.DatasetDict(train=dataset, test=dataset)
    two = dataset.add_column("again", dataset.data["sound"])
    saved, both = tmp_path / "saved", tmp_path / "both"
    dataset.save_to_disk(saved)
    splits.save_to_disk(both)
    stream = stored(dataset).to_iterable_dataset()
    unknown = stream.map(lambda row: {"sound": 1}).remove_columns("label")

    def broken():
        yield {"sound": cell(files[0])}
        raise RuntimeError("403: key=secret")

    for source, error, says in [
        (splits, ValueError, r"one split.*'train', 'test'"),
        (both, ValueError, r"several splits.*train"),
        (dataset.remove_columns("sound"), ValueError, "0 such columns among 'label'"),
        (two, ValueError, "2 such columns"),
        (unknown, ValueError, "row 0, whose types are not known with 0 such columns"),
        (datasets.IterableDataset.from_generator(broken), OSError, r"Row 1.*Runtime"),
        ([3], ValueError, r"a source must be a path.*int"),
    ]:
        with pytest.raises(error, match=f"(?i){says}") as told:
            corpus.run(source, model, out=out)
        assert "secret" not in str(told.value)
        assert told.value.__suppress_context__ or told.value.__cause__ is None
    assert not out.exists()
    assert corpus.run(both / "train", model, out=out).computed == 2
    (next(saved.glob("*.arrow"))).write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read"):
        corpus.run(saved, model, out=out)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match=r'pip install "datasets'):
        corpus.run(saved, model, out=out)
