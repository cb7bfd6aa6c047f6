"""Malicious zip archives in torch's format: paths, bombs, twins, overlaps."""

import zipfile
from pathlib import Path

import pytest

from kerasaudio.weights import UnsafeFileError, read_torch
from support.torch_files import (
    integers,
    pickled,
    storage,
    tensor,
    zipped,
)

ONE_FLOAT = tensor(storage(1), shape=integers(1), strides=integers(1))
BYTES = {"0": bytes(4)}


ESCAPES = ["../../evil", "archive/../../evil", "/etc/evil", "C:/evil", "a\\..\\evil"]


@pytest.mark.parametrize("name", ESCAPES)
def test_zip_paths_that_escape(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(zipped(pickled(ONE_FLOAT), BYTES, more={name: b"x"}))
    with pytest.raises(UnsafeFileError, match="outside the archive"):
        read_torch(path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.pth"]


@pytest.mark.parametrize("key", ["../data/0", "../../x", "", "/etc/passwd", "a\0b"])
def test_storage_keys_that_escape(key: str, tmp_path: Path) -> None:
    made = tensor(storage(1, key=key), shape=integers(1), strides=integers(1))
    path = tmp_path / "model.pth"
    path.write_bytes(zipped(pickled(made), BYTES))
    with pytest.raises(ValueError, match="there is no storage"):
        read_torch(path)


def test_a_compressed_bomb(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    made = tensor(storage(2**23), shape=integers(2**23), strides=integers(1))
    content = zipped(
        pickled(made), {"0": bytes(2**25)}, compression=zipfile.ZIP_DEFLATED
    )
    assert len(content) < 2**16
    path.write_bytes(content)
    with pytest.raises(UnsafeFileError, match="compressed"):
        read_torch(path)


def test_two_members_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped(pickled(ONE_FLOAT), BYTES, more={"archive/data/0": b"1234"})
    path.write_bytes(content)
    with pytest.raises(UnsafeFileError, match="two members"):
        read_torch(path)


def test_a_stored_member_of_two_sizes(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    content = bytearray(zipped(pickled(ONE_FLOAT), BYTES))
    entry = content.rindex(b"PK\x01\x02")  # of the directory: the size as stored
    content[entry + 20] += 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="stored with another size"):
        read_torch(path)


def test_members_that_overlap(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    # The directory says that three more storages begin where storage 0 does.
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(ONE_FLOAT))
        archive.writestr("archive/data/0", bytes(5000))
        last = archive.infolist()[-1]
        for number in range(1, 4):
            twin = zipfile.ZipInfo(f"archive/data/{number}")
            twin.header_offset = last.header_offset
            twin.file_size = twin.compress_size = last.file_size
            twin.CRC = last.CRC
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
    with pytest.raises(ValueError, match=r"larger than the file|[Oo]verlap"):
        read_torch(path)
