"""Gzip files are unpacked whole and verified, or refused."""

import gzip

import pytest

from kerasaudio.files.errors import UnsafeFileError
from kerasaudio.files.gzip_file import is_gzip, read_gzip

CONTENT = bytes(range(256)) * 10_000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights.h5.gz"
    path.write_bytes(gzip.compress(CONTENT, 1))
    return path


def test_content_comes_back_up_to_the_limit(path):
    assert is_gzip(path)
    assert read_gzip(path, limit=len(CONTENT)).read() == CONTENT
    with pytest.raises(UnsafeFileError, match=r"unpacks to more than 2,559,999 bytes"):
        read_gzip(path, limit=len(CONTENT) - 1)


def test_members_count_together(path):
    path.write_bytes(path.read_bytes() * 2)
    assert read_gzip(path, limit=2 * len(CONTENT)).read() == CONTENT * 2
    with pytest.raises(UnsafeFileError):
        read_gzip(path, limit=2 * len(CONTENT) - 1)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-8] + bytes(4) + content[-4:],
        lambda content: content[:3000] + b"\xff" * 40 + content[3040:],
        lambda content: content + b"more",
        lambda content: b"\x1f\x8b\x07" + content[3:],
        lambda content: b"no gzip",
    ],
    ids=["cut", "half", "checksum", "inside", "behind", "method", "other"],
)
def test_damaged_files_are_refused(path, damage):
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="not a complete gzip file"):
        read_gzip(path, limit=2**30)


def test_the_first_bytes_tell_and_a_missing_file_is_missing(tmp_path):
    (tmp_path / "named.gz").write_bytes(b"\x1f")
    assert not is_gzip(tmp_path / "named.gz")
    with pytest.raises(FileNotFoundError):
        is_gzip(tmp_path / "none.gz")
