"""Addresses: servers of this machine, and what gives access to others is never told."""

import contextlib
import io
import logging
import sys
import threading
import traceback
import warnings
from http.server import ThreadingHTTPServer

import fsspec
import numpy as np
import pandas
import pyarrow.dataset
import pytest

from kerasaudio import FeatureExtractor, corpus
from kerasaudio.corpus import clips as clips_room
from kerasaudio.corpus.hidden import check_no_password, lasting, shown
from kerasaudio.corpus.sources import clips_of

from .conftest import encoded, errors_of, rows_of, write_tar
from .servers import Handler

CLOSE = {"rtol": 1e-6, "atol": 1e-6}
SIGNED = "X-Amz-Date=1&X-Amz-Credential=AKIA%2Fme&X-Amz-Signature="


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """The content of the servers by path."""
    folder = tmp_path_factory.mktemp("bucket")
    (folder / "one.wav").write_bytes(encoded(0.7, 1))
    (folder / "two.flac").write_bytes(encoded(0.9, 2, "flac"))
    write_tar(folder / "0.tar", [(f"{n}.wav", encoded(0.6, n)) for n in (3, 4)])
    for name in ("notes.txt", "a.tar.gz", "a.csv"):
        (folder / name).write_bytes(b"no sound")
    table = pandas.DataFrame({"path": ["one.wav"], "start": [0.1], "end": [0.6]})
    table.to_parquet(folder / "table.parquet")
    return {f"/bucket/{path.name}": path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def server(bucket):
    pytest.importorskip(
        "aiohttp", reason='aiohttp is not installed: pip install ".[http]"'
    )
    Handler.content = bucket
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def check(rows, folder, bucket, model):
    extractor = FeatureExtractor(model)
    found = {(row["path"], row["member"]): row["embedding"] for row in rows}
    sounds = {
        (f"{folder}/one.wav", None): bucket["/bucket/one.wav"],
        (f"{folder}/two.flac", None): bucket["/bucket/two.flac"],
        (f"{folder}/0.tar", "3.wav"): encoded(0.6, 3),
        (f"{folder}/0.tar", "4.wav"): encoded(0.6, 4),
    }
    assert found.keys() == sounds.keys()
    for key, sound in sounds.items():
        np.testing.assert_allclose(found[key], extractor(io.BytesIO(sound)), **CLOSE)


def test_the_web(server, bucket, model, out, tmp_path):
    report = corpus.run(f"{server}/bucket/", model, out=out)
    assert (report.clips, dict(report.failed)) == (4, {})
    check(rows_of(out), f"{server}/bucket", bucket, model)
    assert corpus.run(f"{server}/bucket/*.wav", model, out=out).computed == 0
    corpus.run(f"{server}/bucket/table.parquet", model, out=tmp_path / "two")
    (row,) = rows_of(tmp_path / "two")
    assert (row["start"], row["end"]) == pytest.approx((0.1, 0.6))
    for address in (f"{server}/bucket/absent.wav", f"{server}/absent/"):
        with pytest.raises(FileNotFoundError, match="There is no"):
            corpus.run(address, model, out=tmp_path / "three")


def test_a_server_that_sends_whole_files_only(server, model, out, monkeypatch):
    clips = list(clips_of(f"{server}/bucket/0.tar"))
    monkeypatch.setattr(Handler, "sends_parts", False)
    assert corpus.run(f"{server}/bucket/one.wav", model, out=out).clips == 1
    monkeypatch.setitem(fsspec.config.conf, "http", {"block_size": 1000})
    with pytest.raises(OSError, match="can only be read as a whole"):
        corpus.run(f"{server}/bucket/0.tar", model, out=out)
    with pytest.raises(OSError, match="can only be read as a whole"):
        list(clips_room.clip_windows(clips[1], model.spec))


class Everything:
    """What is said and written: results, errors, messages, tracebacks, warnings."""

    def __init__(self, capfd, out):
        self._capfd, self._out = capfd, out
        self._texts = []

    @contextlib.contextmanager
    def raised(self, error, says):
        with pytest.raises(error, match=says) as told:
            yield
        self._texts += traceback.format_exception(told.value)

    def text(self):
        captured = self._capfd.readouterr()
        texts = [*self._texts, captured.out, captured.err]
        for path in self._out.rglob("*"):
            if path.suffix == ".parquet":
                table = pyarrow.dataset.dataset(path).to_table()
                texts.append(str(table.to_pylist()))
            elif path.is_file():
                texts.append(path.read_bytes().decode("latin-1"))
        return "\n".join(texts)


@pytest.fixture
def everything(capfd, out):
    return Everything(capfd, out)


def test_signed_addresses(server, bucket, model, out, tmp_path, everything):
    """They work, last as long as the file, and their signature is told nowhere."""
    names = ("one.wav", "two.flac", "0.tar")
    report = corpus.run(
        [f"{server}/bucket/{name}?{SIGNED}good" for name in names], model, out=out
    )
    assert (report.clips, dict(report.failed)) == (4, {})
    check(rows_of(out), f"{server}/bucket", bucket, model)
    again = f"{server}/bucket/one.wav?X-Amz-Date=2&X-Amz-Signature=good"
    assert corpus.run(again, model, out=out).computed == 0  # signed once more
    table = tmp_path / "table.csv"
    wrong = f"{server}/bucket/one.wav?{SIGNED}FORGED"
    table.write_text(
        f"path,start,end\n{wrong},0.2,\n{wrong},3,1\n"
        f"https://me:FORGED@host/a.wav,,\n{server}/x.wav?token=FORGED,,\n"
        f"{server}/bucket/notes.txt?{SIGNED}good&password=FORGED,,\n"
    )
    print(corpus.run(table, model, out=out))
    kinds = [row["kind"] for row in errors_of(out)]
    assert sorted(kinds) == [
        "bad row", "missing", "not decodable", "unreadable", "unusable"
    ]  # fmt: skip
    assert {row["path"] for row in errors_of(out)} == {
        f"{server}/bucket/one.wav",
        "https://***@host/a.wav",
        f"{server}/x.wav?token=***",
        f"{server}/bucket/notes.txt?password=***",
    }
    for address, error, says in [
        (wrong, OSError, r"cannot be read \(ClientResponseError 403\)"),
        (f"{server}/bucket/0.tar?{SIGNED}FORGED", OSError, "403"),
        (f"{server}/bucket/?{SIGNED}FORGED", OSError, "403"),
        (f"{server}/x.parquet?{SIGNED}good&key=FORGED", OSError, "There is no"),
        (f"{server}/bucket/a.tar.gz?key=FORGED", ValueError, "Unpack it"),
        (f"{server}/bucket/a.csv?key=FORGED", ValueError, "must be on this machine"),
        ("http://127.0.0.1:9/a.wav?key=FORGED", OSError, "ClientConnectorError"),
        ("https://me:FORGED@host/a.wav", ValueError, "must not contain a user"),
        ("https://me:FO/FORGED@host/a.wav", ValueError, "must not contain a user"),
        ("simplecache::https://me:FORGED@host/a", ValueError, "must not contain"),
        ("zip://a.wav::ftp://me:FORGED@host/a.zip", ValueError, "must not contain"),
    ]:
        with everything.raised(error, says):
            corpus.run(address, model, out=tmp_path / "two")
    elsewhere = "s3://me:FORGED@bucket/out?token=FORGED"
    with everything.raised(ValueError, "must be a folder on a disk"):
        corpus.run(table, model, out=elsewhere)
    assert not (tmp_path / "two").exists()
    text = everything.text()
    assert f"{server}/bucket/one.wav" in text
    for secret in ("FORGED", "AKIA"):
        assert secret not in text


def test_s3(server, bucket, model, out, tmp_path, monkeypatch, everything):
    pytest.importorskip("s3fs", reason='s3fs is not installed: pip install ".[s3]"')
    s3 = {"endpoint_url": server, "key": "GOODKEY", "secret": "SECRET", "client_kwargs":
          {"region_name": "us-east-1"}, "skip_instance_cache": True}  # fmt: skip
    monkeypatch.setitem(fsspec.config.conf, "s3", s3)
    report = corpus.run("s3://bucket", model, out=out)
    assert (report.clips, dict(report.failed)) == (4, {})
    check(rows_of(out), "s3://bucket", bucket, model)
    assert corpus.run("s3://bucket/*.tar", model, out=out).computed == 0
    monkeypatch.setitem(fsspec.config.conf, "s3", s3 | {"key": "BADKEY"})
    for address in ("s3://bucket", "s3://bucket/0.tar", "s3://bucket/*.wav"):
        with everything.raised(OSError, r"cannot be read \(ClientError 403\).*creden"):
            corpus.run(address, model, out=tmp_path / "two")
    table = tmp_path / "table.csv"
    table.write_text("path\ns3://bucket/three.wav\n")
    assert dict(corpus.run(table, model, out=out).failed) == {"unreadable": 1}
    text = everything.text()
    assert "s3://bucket/three.wav cannot be read" in text
    assert "BADKEY" not in text
    assert "SECRET" not in text


@pytest.mark.parametrize(
    ("address", "module", "package"),
    [
        ("s3://bucket/a.wav", "s3fs", r"pip install \"s3fs"),
        ("gs://bucket/*.tar", "gcsfs", r"pip install \"gcsfs"),
        ("https://host/a.wav", "aiohttp", r"pip install \"aiohttp"),
        ("zip://a.wav::s3://bucket/a.zip", "s3fs", r"pip install \"s3fs"),
        ("smb://host/a.wav", "smbprotocol", "smbprotocol"),
    ],
)
def test_packages_that_are_missing(model, out, monkeypatch, address, module, package):
    scheme = address.rpartition("::")[2].partition("://")[0]
    known = sys.modules["fsspec.registry"]._registry
    monkeypatch.delitem(known, scheme, raising=False)
    for loaded in [m for m in sys.modules if m.startswith("fsspec.implementations.")]:
        if loaded.endswith((".http", ".smb")):
            monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=package):
        corpus.run(address, model, out=out)
    assert not out.exists()


def test_archives_and_caches(bucket, model, out):
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("deep/one.wav", bucket["/bucket/one.wav"])
    fsspec.filesystem("memory").pipe("/chain/a.zip", content.getvalue())
    corpus.run("zip://*/one.wav::memory://chain/a.zip", model, out=out)
    corpus.run("simplecache::memory://chain/a.zip", model, out=out)
    fsspec.filesystem("memory").pipe("/chain/b.wav", bucket["/bucket/one.wav"])
    corpus.run("simplecache::memory://chain/b.wav", model, out=out)
    paths = {row["path"] for row in rows_of(out)}
    assert paths == {
        "zip://deep/one.wav::memory://chain/a.zip",
        "simplecache::memory:///chain/b.wav",
    }


def test_errors_while_reading(model, out, monkeypatch):
    """File systems raise whatever they like, also in the middle of a file."""

    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 2000:
                raise RuntimeError("403: key=FORGED")
            return super().read(min(size, 1024) if size > 0 else size)

    memory = fsspec.filesystem("memory")
    memory.pipe("/broken/a.wav", encoded(1.0, 1))
    memory.pipe("/broken/a.parquet", encoded(1.0, 1))
    monkeypatch.setattr(
        type(memory), "open", lambda self, path, mode: Broken(self.cat_file(path))
    )
    monkeypatch.setattr(clips_room, "_IN_MEMORY", 10)
    corpus.run("memory://broken/a.wav", model, out=out)
    assert logging.getLogger("fsspec").handlers  # else Python prints its errors
    (row,) = errors_of(out)
    assert row["kind"] == "unreadable"
    assert "cannot be read (RuntimeError)" in row["error"]
    assert "FORGED" not in row["error"]


def test_what_is_shown_and_what_lasts():
    azure = "https://a.blob.core.windows.net/c/a.wav?sv=1&se=2&sr=b&sig=x%2F&comp=3"
    google = "https://storage.googleapis.com/b/a.wav?GoogleAccessId=m&Signature=x&a=1"
    for address, seen, kept in [
        ("sounds/a.wav?token=1", None, None),
        ("s3://bucket/a?.wav", None, None),
        ("https://host/a.wav?id=17&part=2", None, None),
        ("github://owner:repository@main/a.wav", None, None),
        ("abfs://container@account.host/a.wav", None, None),
        (azure, azure.partition("?")[0] + "?comp=3", None),
        (google, google.partition("?")[0] + "?a=1", None),
        (f"https://host/a.wav?{SIGNED}x", "https://host/a.wav", None),
        ("https://host/a?key=a&n=1", "https://host/a?key=***&n=1", ""),
        ("ftp://me:x@host/a", "ftp://***@host/a", ""),
        ("smb://me:x@host/a", "smb://***@host/a", ""),
    ]:
        assert shown(address) == (seen or address)
        assert lasting(address) == (address if kept == "" else seen or address)
    for good in ("http://[::1]:80/a", "s3://b/a:b@c", "https://host:8080/a@b"):
        check_no_password(good)
    for bad in ("smb://me:x@host/a", "https://token@host/a", "x::http://a:b/c"):
        with pytest.raises(ValueError, match="must not contain"):
            check_no_password(bad)


@pytest.fixture(autouse=True)
def _event_loops():
    """Of fsspec's thread: aiohttp closes sockets late."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
