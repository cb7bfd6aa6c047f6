"""Folders are searched to the bottom; what cannot be found is said."""

import os
from pathlib import Path

import pytest

from kerasaudio.audio import AudioWarning, find_audio


@pytest.fixture
def tree(tmp_path):
    for name in (
        "b.wav", "a.MP3", "notes.txt", "._b.wav", "deep/er/c.flac", "deep/A.ogg",
        ".hidden/d.wav", "empty/readme.md", "folder.wav/e.opus",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def names(found, tree):
    return [path.relative_to(tree).as_posix() for path in found]


def test_a_folder_is_searched_in_order(tree):
    assert names(find_audio(tree), tree) == [
        "a.MP3", "b.wav", "deep/A.ogg", "deep/er/c.flac", "folder.wav/e.opus",
    ]  # fmt: skip
    assert find_audio(str(tree)) == find_audio([tree])


def test_files_are_kept_as_named_and_once(tree, monkeypatch):
    monkeypatch.chdir(tree)
    given = ["notes.txt", "b.wav", "deep", tree / "b.wav", "./deep/A.ogg"]
    assert find_audio(given) == [
        Path("notes.txt"), Path("b.wav"), Path("deep/A.ogg"), Path("deep/er/c.flac"),
    ]  # fmt: skip


def test_a_hidden_folder_that_is_named_is_searched(tree):
    assert names(find_audio(tree / ".hidden"), tree) == [".hidden/d.wav"]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege")
def test_links_are_followed_but_not_for_ever(tree, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "far.wav").touch()
    (tree / "loop").symlink_to(tree)
    (tree / "deep" / "up").symlink_to(tree / "deep")
    (tree / "out").symlink_to(elsewhere)
    (tree / "dangling.wav").symlink_to(tree / "gone.wav")
    assert names(find_audio(tree), tree) == [
        "a.MP3", "b.wav", "dangling.wav", "deep/A.ogg", "deep/er/c.flac",
        "folder.wav/e.opus", "out/far.wav",
    ]  # fmt: skip
    os.mkfifo(tree / "pipe.wav")
    assert "pipe.wav" not in names(find_audio(tree), tree)


def test_sound_that_is_not_read_is_counted(tree):
    for name in ("x.avi", "deep/y.AVI", "z.voc", "deep/er/z.ape", ".hidden/z.ape"):
        (tree / name).touch()
    says = r"4 files that may be audio are left out.*: 1 \.ape, 2 \.avi, 1 \.voc\. Conv"
    with pytest.warns(AudioWarning, match=says) as caught:
        assert len(find_audio([tree, tree / "x.avi"])) == 6
    assert len(caught) == 1
    assert caught[0].filename == __file__
    only = tree / "only"
    only.mkdir()
    (only / "z.ape").touch()
    says = r"contains no audio.* 1 file that .* is left out.*1 \.ape"
    with pytest.raises(ValueError, match=says):
        find_audio(only)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm", "3gp", "mp2", "m4b",
                                    "ac3", "spx", "tta", "wv", "WAV"])  # fmt: skip
def test_what_is_read_is_found(tmp_path, suffix):
    (tmp_path / f"a.{suffix}").touch()
    assert find_audio(tmp_path) == [tmp_path / f"a.{suffix}"]


def test_what_cannot_be_found(tree):
    with pytest.raises(FileNotFoundError, match=r"no file or folder.*absent\.wav"):
        find_audio([tree / "b.wav", tree / "absent.wav"])
    with pytest.raises(ValueError, match=r"empty' contains no audio.*\.flac.*\.mp3"):
        find_audio(tree / "empty")
    with pytest.raises(ValueError, match="at least one"):
        find_audio([])
