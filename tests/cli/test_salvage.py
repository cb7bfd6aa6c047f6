"""What the command line does about cut files, and about sound that it does not read."""

import json

import numpy as np
import pytest

from kerasaudio import FeatureExtractor, load_features
from kerasaudio.audio import AudioWarning
from support.sounds import RATE, tone, write

HERE = "To use the part that can be read: --errors salvage."
ELSEWHERE = "--errors salvage with kerasaudio tag and embed."


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("KERASAUDIO_CACHE", str(cache))


@pytest.fixture
def folder(tmp_path):
    """A whole file, one of 2 s of which 1 s is left, and one of 40 s, half left."""
    folder = tmp_path / "sounds"
    write(folder / "whole.wav", tone(300, 1))
    for name, seconds in (("long.wav", 40), ("short.wav", 2)):
        path = write(folder / name, tone(440, seconds))
        data = path.read_bytes()
        path.write_bytes(data[: 44 + seconds * RATE])
    return folder


def lines(err):
    return [line for line in err.splitlines() if line.startswith("kerasaudio:")]


def test_tag_salvages_what_there_is(run, saved, folder):
    words = ("tag", folder, "--model", saved, "--top", 2, "--json")
    status, out, err = run(*words)
    assert status == 1
    found = [json.loads(line) for line in out.splitlines()]
    assert [row["error"] is None for row in found] == [False, False, True]
    long, short, summary = lines(err)
    assert "20.000 s of 40.000 s" in long
    assert short.endswith(HERE)
    assert summary.endswith("2 of 3 files could not be tagged.")

    status, out, err = run(*words, "--errors", "salvage", "--timeline")
    assert status == 0
    found = [json.loads(line) for line in out.splitlines()]
    assert [row["error"] for row in found] == [None] * 3
    assert [row["timeline"][-1]["end"] for row in found] == [20, 1, 1]
    says = "is truncated: {0} s can be read, {1} bytes are missing: {0} s of {2} s."
    assert lines(err) == [
        f"kerasaudio: '{folder}/{name}' "
        + says.format(f"{half}.000", f"{2 * half * RATE:,}", f"{2 * half}.000")
        for name, half in (("long.wav", 20), ("short.wav", 1))
    ]


def test_embed_salvages_what_there_is(run, saved, folder, tmp_path):
    words = ("embed", folder, "--model", saved, "--pool", "none")
    status, _, err = run(*words, "--out", tmp_path / "x.npz", "--errors", "salvage")
    assert status == 0
    assert len(lines(err)) == 2
    table = load_features(tmp_path / "x.npz")
    assert len(set(table.paths)) == 3
    assert table.ends.max() == 20
    # What was salvaged is not taken for whole later.
    status, out, err = run(*words, "--out", tmp_path / "y.npz")
    assert status == 1
    assert "from 1 file (" in out
    assert len(lines(err)) == 3


def test_the_extractor_of_the_library(model, folder, tmp_path):
    strict = FeatureExtractor(model, cache=tmp_path)
    lenient = FeatureExtractor(model, cache=tmp_path, errors="salvage")
    with pytest.raises(OSError, match="truncated"):
        strict(folder / "short.wav")
    with pytest.warns(AudioWarning, match=r"1\.000 s of 2\.000 s"):
        vector = lenient(folder / "short.wav")
    with pytest.warns(AudioWarning, match="truncated"):
        found = lenient.extract(folder)
    assert not found.failed
    np.testing.assert_allclose(found.vectors[1], vector, atol=1e-6)
    with pytest.raises(ValueError, match="errors must be one of"):
        FeatureExtractor(model, errors="skip")


def test_other_commands_name_where_salvage_is_offered(run, saved, folder):
    _, _, err = run("nearest", folder / "whole.wav", folder, "--model", saved)
    assert ELSEWHERE in err


def test_a_scan_says_once_what_it_leaves_out(run, saved, folder):
    for name in ("x.avi", "y.avi", "z.voc"):
        (folder / name).touch()
    _, _, err = run("tag", folder / "whole.wav", folder, "--model", saved, "--top", 2)
    (said,) = (line for line in lines(err) if "left out" in line)
    assert "3 files that may be audio are left out" in said
    assert ": 2 .avi, 1 .voc." in said
