"""download: verified, continued, unpacked into place, and what it refuses."""

import hashlib
import io
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kerasaudio import datasets
from kerasaudio.datasets import ESC50, SpeechCommands, archives
from kerasaudio.files import cache, download
from kerasaudio.weights import DownloadError, WeightsError
from support import esc_folder
from support.web_server import Served, WebServer

PATH = "/ESC-50.zip"


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "BACKOFF_SECONDS", 0.01)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server():
    with WebServer() as server:
        yield server


@pytest.fixture
def content(tmp_path):
    source = esc_folder.make(tmp_path / "source", clips=1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(source.rglob("*")):
            archive.write(path, f"ESC-50-master/{path.relative_to(source)}")
    return packed.getvalue()


@pytest.fixture
def serve(server, monkeypatch):
    """Serve bytes as ESC-50, and pin others or the same."""

    def start(content, **changes):
        served = server.files[PATH] = Served(content)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        entry = replace(
            archives.ARCHIVES["esc50"], url=server.url + PATH, digest=digest
        )
        monkeypatch.setitem(archives.ARCHIVES, "esc50", replace(entry, **changes))
        return served

    return start


def test_downloads_and_reads(tmp_path, serve, server, content):
    serve(content)
    clips = ESC50(tmp_path / "data" / "ESC-50", download=True)
    assert len(clips) == 15
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["ESC-50"]
    assert len(server.requests(PATH)) == 1
    assert len(ESC50(tmp_path / "data" / "ESC-50", download=True)) == 15
    assert len(server.requests(PATH)) == 1
    assert not list((tmp_path / "cache").rglob("*.zip"))


def test_what_a_killed_process_left_is_removed(tmp_path, serve, content):
    serve(content)
    litter = tmp_path / "data" / ".kerasaudio-0123456789abcdef" / "unpacked" / "audio"
    for _ in range(2):  # the second finds the data set
        litter.mkdir(parents=True)
        (litter / "1-100-A-0.wav").touch()
        ESC50(tmp_path / "data" / "ESC-50", download=True)
        assert [p.name for p in (tmp_path / "data").iterdir()] == ["ESC-50"]


def test_into_several_folders_at_once(tmp_path, serve, content, monkeypatch):
    monkeypatch.setattr(cache, "WAIT_SECONDS", 0.01)
    serve(content)
    folders = [tmp_path / "data" / str(number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda f: datasets.download("esc50", f), folders))
    assert done == folders
    for folder in folders:
        assert len(ESC50(folder)) == 15
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == list("01234567")
    assert not list((tmp_path / "cache").rglob("*.zip"))


def test_into_the_same_folder_at_once(tmp_path, serve, content, monkeypatch):
    monkeypatch.setattr(cache, "WAIT_SECONDS", 0.01)
    serve(content)

    def get(number):
        try:
            return datasets.download("esc50", tmp_path / "data")
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(get, range(4)))
    assert done.count(tmp_path / "data") == 1
    assert sum("is not empty" in str(result) for result in done) == 3
    assert len(ESC50(tmp_path / "data")) == 15


def test_an_archive_without_a_root(tmp_path, server, monkeypatch):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("testing_list.txt", "validation_list.txt", "yes/1_nohash_0.wav"):
            info = tarfile.TarInfo(f"./{name}")
            archive.addfile(info, io.BytesIO())
    server.files["/speech.tar.gz"] = Served(packed.getvalue())
    entry = replace(
        archives.ARCHIVES["speech_commands_v1"],
        url=f"{server.url}/speech.tar.gz",
        digest=hashlib.sha256(packed.getvalue()).hexdigest(),
    )
    monkeypatch.setitem(archives.ARCHIVES, "speech_commands_v1", entry)
    clips = SpeechCommands(tmp_path / "sc", download=True, version=1)
    assert clips.paths == (tmp_path / "sc" / "yes" / "1_nohash_0.wav",)


def test_continues_what_broke_off(tmp_path, serve, server, content):
    serve(content).cuts[:] = [1_000, 0, 0, 0, 0]
    with pytest.raises(
        DownloadError, match=r"ESC-50 cannot be downloaded from .*cut at 1,000"
    ):
        datasets.download("esc50", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    server.files[PATH].cuts.clear()
    server.seen.clear()
    datasets.download("esc50", tmp_path / "out")
    assert server.seen[0].headers["Range"] == "bytes=1000-"
    assert (tmp_path / "out" / "meta").is_dir()


def test_other_bytes_than_pinned(tmp_path, serve, content):
    serve(content, digest="0" * 32)
    with pytest.raises(WeightsError, match=r"its md5 is .*may have changed"):
        datasets.download("esc50", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_a_malicious_archive_leaves_nothing(tmp_path, serve):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("ESC-50-master/good", b"good")
        archive.writestr("../../evil", b"evil")
    serve(packed.getvalue())
    with pytest.raises(ValueError, match="leads out of the folder"):
        datasets.download("esc50", tmp_path / "data" / "out")
    assert not any((tmp_path / "data").iterdir())
    assert not list(tmp_path.rglob("evil"))


def test_an_archive_with_another_root(tmp_path, serve):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("other/good", b"good")
    serve(packed.getvalue())
    with pytest.raises(ValueError, match="does not contain the folder 'ESC-50-master'"):
        datasets.download("esc50", tmp_path / "out")


def test_too_large(tmp_path, serve, content):
    serve(content, limit=1_000)
    with pytest.raises(DownloadError, match="the limit is 1,000"):
        datasets.download("esc50", tmp_path / "out")


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match=r"name must be one of esc50, fsdd, .*'esc51'"):
        datasets.download("esc51", tmp_path / "out")
    with pytest.raises(ValueError, match="No hash of its archive"):
        datasets.download("magnatagatune", tmp_path / "out")
    with pytest.raises(ValueError, match=r"in several parts.*zip -s 0"):
        datasets.download("fsd50k", tmp_path / "out")
    (tmp_path / "mine.wav").write_bytes(b"precious")
    with pytest.raises(ValueError, match="is not empty"):
        datasets.download("esc50", tmp_path)
    assert (tmp_path / "mine.wav").read_bytes() == b"precious"
    (tmp_path / "link").symlink_to(tmp_path / "not mounted")
    with pytest.raises(ValueError, match="broken link"):
        datasets.download("esc50", tmp_path / "link")


def test_every_pin_has_the_length_of_its_hash():
    for name, archive in archives.ARCHIVES.items():
        length = hashlib.new(archive.algorithm, usedforsecurity=False).digest_size
        assert len(bytes.fromhex(archive.digest)) == length, name
