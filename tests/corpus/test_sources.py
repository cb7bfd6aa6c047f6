"""Tables, tars and addresses; what is wrong with them is told, and nothing is lost."""

import io
import tarfile

import fsspec
import numpy as np
import pandas
import pytest

from kerasaudio import FeatureExtractor, corpus, load_audio
from kerasaudio.corpus import clips as clips_room
from kerasaudio.corpus.sources import clips_of
from support.tiny import RATE

from .conftest import encoded, errors_of, rows_of, write_tar

CLOSE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def kinds(out):
    return {row["kind"] for row in errors_of(out)}


TIMES = [(None, None), (0.5, 1.5), (2.0, None), (None, 0.75), (1.0, 40.0)]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_of_parts_of_files(sounds, model, out, tmp_path, suffix):
    table = sounds.parent / f"table{suffix}"
    rows = [("sounds/deep/5.wav", *times) for times in TIMES]
    frame = pandas.DataFrame(rows, columns=["path", "start", "end"])
    if suffix == ".csv":
        frame.to_csv(table, index=False)
    else:
        frame.to_parquet(table)
    corpus.run(table, model, out=out)

    extractor = FeatureExtractor(model)
    path = sounds / "deep" / "5.wav"
    found = {(row["start"], row["end"]): row["embedding"] for row in rows_of(out)}
    assert len(found) == len(TIMES)
    for start, end in TIMES:
        first, last = start or 0.0, end or 41.7
        sound = load_audio(path, RATE, offset=first, duration=last - first)
        (times,) = [t for t in found if t == pytest.approx((first, last), abs=1e-3)]
        np.testing.assert_allclose(found[times], extractor(sound, RATE), **CLOSE)


def test_rows_that_are_not_possible(sounds, model, out):
    table = sounds.parent / "bad.csv"
    table.write_text(
        "path,start,end\nsounds/0.flac,,\nsounds/0.flac,3,1\nsounds/0.flac,x,\n,,\n"
        "sounds/absent.wav,,\nsounds/0.flac,7,9\nsounds/0.flac,-1,\nsounds/0.flac,,\n"
    )
    report = corpus.run(table, model, out=out)
    assert (report.clips, report.computed) == (1, 7)
    assert dict(report.failed) == {"bad row": 4, "missing": 1, "unusable": 1}
    told = [row["error"] for row in errors_of(out)]
    assert any("row 2 of" in text and "start '3', end '1'" in text for text in told)


def in_parquet(**columns):
    return pandas.DataFrame(columns).to_parquet()


def test_a_parquet_table_of_another_schema(sounds, model, out):
    times = {"start": [0.1, 0.2], "end": ["soon", "0.4"]}
    days = pandas.to_datetime(["2026-01-01", "2026-01-02"])
    for number, columns in enumerate(
        [
            {"path": [1, 2]},
            {"path": ["sounds/deep/5.wav"] * 2, **times},
            {"path": ["sounds/deep/5.wav"] * 2, "start": days},
            {"path": [["sounds/deep/5.wav"]] * 2},
        ]
    ):
        table = sounds.parent / f"other{number}.parquet"
        table.write_bytes(in_parquet(**columns))
        corpus.run(table, model, out=out)
    assert [row["kind"] for row in errors_of(out)] == 7 * ["bad row"]
    (row,) = rows_of(out)
    assert (row["start"], row["end"]) == pytest.approx((0.2, 0.4), abs=1e-3)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"file,start\nx.wav,1\n", "lacks the columns path"),
        ("a.csv", b"path,start\nx.wav\n", "fewer fields"),
        ("a.parquet", b"PAR1 nothing", "is not a Parquet table"),
        ("a.parquet", in_parquet(file=["x.wav"]), "lacks the columns path"),
        ("a.tar.gz", b"", "Unpack it"),
    ],
)
def test_sources_that_are_not_readable(model, out, tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=says):
        corpus.run(tmp_path / name, model, out=out)
    assert not out.exists()


def test_sources_that_are_missing(model, out, tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder named"):
        corpus.run(tmp_path / "absent", model, out=out)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ValueError, match="contains no audio"):
        corpus.run(tmp_path / "nothing", model, out=out)


MEMBERS = [
    ("a/one.x.wav", encoded(0.6, 1)),
    ("a/one.json", b"{}"),
    ("two.flac", encoded(1.2, 2, "flac")),
    ("a/one.x.wav", encoded(0.9, 3)),  # the same name again, another sound
    ("long.wav", encoded(35.0, 4)),
    ("empty.wav", b""),
]


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_tar(model, out, tmp_path, monkeypatch, in_memory):
    if not in_memory:
        monkeypatch.setattr(clips_room, "_IN_MEMORY", 10)
    write_tar(tmp_path / "000.tar", MEMBERS)
    report = corpus.run(tmp_path, model, out=out)
    assert (report.clips, dict(report.failed)) == (4, {"not decodable": 1})
    sizes = [len(c) for n, c in MEMBERS if c and not n.endswith("json")]
    assert report.bytes == sum(sizes)
    extractor = FeatureExtractor(model)
    wanted = [(n, c) for n, c in MEMBERS if c and not n.endswith("json")]
    for row, (name, content) in zip(rows_of(out), wanted, strict=True):
        assert row["path"] == str(tmp_path / "000.tar")
        assert row["member"] == name
        vector = extractor(io.BytesIO(content))
        np.testing.assert_allclose(row["embedding"], vector, **CLOSE)
    (error,) = errors_of(out)
    assert error["member"] == "empty.wav"
    assert "'empty.wav'" in error["error"]
    assert corpus.run(tmp_path, model, out=out).computed == 0


def test_a_tar_that_was_cut_anywhere(model, tmp_path):
    members = [(f"{n}.wav", encoded(0.3, n)) for n in range(4)]
    write_tar(tmp_path / "whole.tar", members)
    content = (tmp_path / "whole.tar").read_bytes()
    begins = [clip.offset for clip in clips_of(tmp_path / "whole.tar")]
    body = begins[2] + 1000
    for number, size in enumerate([begins[2], begins[2] + 200, body, begins[1] + 512]):
        tar, out = tmp_path / f"{number}.tar", tmp_path / f"out{number}"
        tar.write_bytes(content[:size])
        first = corpus.run(tar, model, out=out)
        assert 1 <= first.clips <= 2
        assert kinds(out) == {"truncated"}
        assert any(row["member"] is None for row in errors_of(out))
        tar.write_bytes(content)  # copied again
        again = corpus.run(tar, model, out=out, retry_failed=True)
        assert (again.clips, dict(again.failed)) == (4, {})
        assert len(rows_of(out)) == 4


def test_what_a_tar_must_not_contain(model, out, tmp_path):
    tar = tmp_path / "evil.tar"
    names = ["../out.wav", "/etc/x.wav", "a/../../b.wav", "..\\c.wav", "C:\\d.wav"]
    write_tar(tar, [("good.wav", encoded(0.5, 0)), *((n, b"") for n in names)])
    with tarfile.open(tar, "a") as more:
        link = tarfile.TarInfo("link.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        more.addfile(link)
    report = corpus.run(tar, model, out=out)
    assert (report.clips, dict(report.failed)) == (1, {"unusable": 6})
    told = sorted(row["error"] for row in errors_of(out))
    assert sum("leads out of the tar" in text for text in told) == 5
    assert sum("is a link" in text for text in told) == 1


def test_a_file_that_is_no_tar(model, out, tmp_path):
    (tmp_path / "a.tar").write_bytes(b"nothing" * 300)
    corpus.run(tmp_path / "a.tar", model, out=out)
    assert kinds(out) == {"not decodable"}


@pytest.fixture
def memory():
    """A file system in memory, as buckets are: with addresses alone."""
    system = fsspec.filesystem("memory")
    system.pipe("/bucket/one.wav", encoded(0.7, 1))
    system.pipe("/bucket/deep/two.flac", encoded(0.9, 2, "flac"))
    system.pipe("/bucket/notes.txt", b"no sound")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for number in (3, 4):
            member = tarfile.TarInfo(f"{number}.wav")
            sound = encoded(0.6, number)
            member.size = len(sound)
            tar.addfile(member, io.BytesIO(sound))
    system.pipe("/bucket/shards/0.tar", content.getvalue())
    yield system
    system.rm("/bucket", recursive=True)


@pytest.mark.usefixtures("memory")
def test_addresses(model, out, tmp_path):
    report = corpus.run("memory://bucket", model, out=out)
    assert (report.clips, dict(report.failed)) == (4, {})
    rows = {(row["path"], row["member"]): row["embedding"] for row in rows_of(out)}
    extractor = FeatureExtractor(model)
    for key, sound in {
        ("memory:///bucket/one.wav", None): encoded(0.7, 1),
        ("memory:///bucket/deep/two.flac", None): encoded(0.9, 2, "flac"),
        ("memory:///bucket/shards/0.tar", "4.wav"): encoded(0.6, 4),
    }.items():
        vector = extractor(io.BytesIO(sound))
        np.testing.assert_allclose(rows[key], vector, **CLOSE)
    assert corpus.run("memory://bucket", model, out=out).computed == 0
    shards = corpus.run("memory://bucket/shards/*.tar", model, out=tmp_path / "two")
    assert shards.clips == 2


@pytest.mark.usefixtures("memory")
def test_tables_of_addresses(model, out, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(
        "path,start,end\nmemory://bucket/one.wav,0.1,0.6\nmemory://bucket/absent.wav,,\n"
    )
    report = corpus.run(table, model, out=out)
    assert (report.clips, dict(report.failed)) == (1, {"missing": 1})
    (row,) = rows_of(out)
    assert (row["start"], row["end"]) == pytest.approx((0.1, 0.6))
    frame = pandas.DataFrame({"path": ["deep/two.flac"]})
    frame.to_parquet("memory://bucket/table.parquet")
    report = corpus.run("memory://bucket/table.parquet", model, out=tmp_path / "two")
    assert report.clips == 1


def test_a_file_address_is_the_file(sounds, model, out):
    assert corpus.run(f"file://{sounds}", model, out=out).clips == 6


@pytest.mark.parametrize(
    ("address", "error", "says"),
    [
        ("memory://absent/", FileNotFoundError, "There is"),
        ("gopher://a/b.wav", ValueError, "gopher"),
        ("https://me:secret@host/a.wav", ValueError, "must not contain"),
    ],
)
def test_addresses_that_cannot_be_read(model, out, address, error, says):
    with pytest.raises(error, match=says) as told:
        corpus.run(address, model, out=out)
    assert "secret" not in str(told.value)


def test_errors_of_file_systems_do_not_tell_secrets(model, out, memory, monkeypatch):
    def refuse(*arguments, **settings):
        raise RuntimeError("403: key=secret")

    with monkeypatch.context() as patched:
        patched.setattr(type(memory), "info", refuse)
        patched.setattr(type(memory), "isdir", lambda *arguments: False)
        with pytest.raises(OSError, match="Check the address") as told:
            corpus.run("memory://bucket/one.wav", model, out=out)
    assert "secret" not in str(told.value)
