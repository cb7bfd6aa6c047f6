"""Archives: what is in them comes out, and what is malicious does not."""

import io
import stat
import tarfile
import zipfile

import pytest

from kerasaudio.datasets.extract import extract

LIMIT = 10**6


def make_tar(path, *members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                archive.addfile(info)
    return path


def make_zip(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            if isinstance(content, bytes):
                archive.writestr(name, content)
                continue
            info = zipfile.ZipInfo(name)
            info.external_attr = content << 16
            archive.writestr(info, b"/etc/passwd")
    return path


MAKE = {"tar": make_tar, "zip": make_zip}
both = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


@both
def test_files_come_out(tmp_path, make):
    members = [("./", b"")] if make is make_zip else [("./", (tarfile.DIRTYPE, ""))]
    members += [("set/a.wav", b"one"), ("./set/deep/b.wav", b"two")]
    archive = make(tmp_path / "archive", *members)
    extract(archive, tmp_path / "out", limit=LIMIT)
    files = sorted(p for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert [p.read_bytes() for p in files] == [b"one", b"two"]
    assert not files[0].stat().st_mode & stat.S_IXUSR


@both
@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "a/../../evil",
        "/evil",
        "..\\evil",
        "C:/evil",
        "C:evil",
        "a/evil:stream",
        "nul",
        "a/CON.txt",
        "evil\n",
    ],
)
def test_names_that_lead_elsewhere(tmp_path, make, name):
    archive = make(tmp_path / "archive", (name, b"evil"))
    with pytest.raises(ValueError, match="leads out of the folder"):
        extract(archive, tmp_path / "inner" / "out", limit=LIMIT)
    assert not [p for p in tmp_path.rglob("*evil*") if p.name != "archive"]


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE],
    ids=["symlink", "hard link", "pipe", "device"],
)
def test_links_and_devices_in_a_tar(tmp_path, kind):
    archive = make_tar(tmp_path / "a", ("d", (kind, "/tmp")), ("d/x", b"evil"))
    with pytest.raises(
        ValueError, match="contains a link or device, which is refused: 'd'"
    ):
        extract(archive, tmp_path / "out", limit=LIMIT)
    assert not any((tmp_path / "out").iterdir())


def test_links_in_a_zip(tmp_path):
    archive = make_zip(tmp_path / "a", ("d", stat.S_IFLNK | 0o777))
    with pytest.raises(ValueError, match="contains a link or device"):
        extract(archive, tmp_path / "out", limit=LIMIT)


@both
def test_bombs(tmp_path, make):
    archive = make(tmp_path / "archive", *((str(i), bytes(400_000)) for i in range(3)))
    with pytest.raises(ValueError, match="more than 1,000,000 bytes"):
        extract(archive, tmp_path / "out", limit=LIMIT)
    with pytest.raises(ValueError, match="more than 2 files"):
        extract(archive, tmp_path / "out2", limit=10**9, most_files=2)


def test_a_header_that_lies_about_the_size(tmp_path):
    archive = make_zip(tmp_path / "archive", ("big", bytes(500_000)))
    content = archive.read_bytes()
    size = (500_000).to_bytes(4, "little")
    archive.write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(ValueError, match="is damaged"):
        extract(archive, tmp_path / "out", limit=100)
    assert sum(p.stat().st_size for p in (tmp_path / "out").iterdir()) <= 100


@both
def test_the_same_name_twice_and_a_file_for_a_folder(tmp_path, make):
    members = [("a", b"1"), ("a", b"2")]
    if make is make_zip:
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive = make(tmp_path / "archive", *members)
    else:
        archive = make(tmp_path / "archive", *members)
    with pytest.raises(ValueError, match="two files with the same name"):
        extract(archive, tmp_path / "out", limit=LIMIT)
    archive = make(tmp_path / "other", ("a", b"1"), ("a/b", b"2"))
    with pytest.raises(ValueError, match="two files with the same name"):
        extract(archive, tmp_path / "out2", limit=LIMIT)


@both
def test_damaged(tmp_path, make, rng):
    archive = make(tmp_path / "archive", ("a", rng.bytes(200_000)))
    content = bytearray(archive.read_bytes())
    content[100_000] ^= 255
    archive.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        extract(archive, tmp_path / "out", limit=LIMIT)
    archive.write_bytes(content[:100_000])
    with pytest.raises(ValueError, match="damaged"):
        extract(archive, tmp_path / "out2", limit=LIMIT)


def test_no_archive_and_an_encrypted_one(tmp_path):
    (tmp_path / "text").write_text("<html>sign in</html>")
    with pytest.raises(ValueError, match="not a zip or tar archive"):
        extract(tmp_path / "text", tmp_path / "out", limit=LIMIT)
    archive = make_zip(tmp_path / "archive", ("a", b"secret"))
    content = archive.read_bytes()
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(magic) + offset
        content = content[:at] + b"\x01" + content[at + 1 :]
    archive.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot be unpacked.*encrypted"):
        extract(archive, tmp_path / "out2", limit=LIMIT)


@pytest.mark.parametrize("mode", ["", "gz", "bz2"])
def test_packings_of_bounded_memory(tmp_path, mode):
    archive = make_tar(tmp_path / "archive", ("a", b"one"), mode=f"w:{mode}")
    extract(archive, tmp_path / "out", limit=LIMIT)
    assert (tmp_path / "out" / "a").read_bytes() == b"one"


def test_packings_whose_header_decides_what_memory_is_taken(tmp_path):
    archive = make_tar(tmp_path / "archive.tar.xz", ("a", b"one"), mode="w:xz")
    with pytest.raises(ValueError, match=r"how much memory.*\.tar\.gz"):
        extract(archive, tmp_path / "out", limit=LIMIT)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("a", b"one")
    with pytest.raises(ValueError, match="is not supported"):
        extract(tmp_path / "archive.zip", tmp_path / "out2", limit=LIMIT)
