"""`kerasaudio nearest`: what sounds most alike comes first."""

import json
import re

import numpy as np
import pytest
import soundfile

from kerasaudio import FeatureExtractor, cli
from support.tiny import RATE, tiny_model


@pytest.fixture
def sounds(tmp_path):
    """Tones by pitch, and noise."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    time = np.arange(RATE) / RATE
    for pitch in (400, 420, 900, 2_000):
        soundfile.write(
            folder / f"{pitch}.wav", 0.3 * np.sin(2 * np.pi * pitch * time), RATE
        )
    noise = np.random.default_rng(0).normal(0, 0.1, RATE)
    soundfile.write(folder / "noise.wav", noise, RATE)
    return folder


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
    tiny_model().save(tmp_path / "tiny.keras")

    def call(*words):
        words = ["nearest", *map(str, words), "--model", str(tmp_path / "tiny.keras")]
        return cli.main(words), *capsys.readouterr()

    return call


def _names(said):
    return [line.split("/")[-1] for line in said.splitlines()]


def test_the_most_similar_first_and_never_itself(run, sounds):
    status, said, _ = run(sounds / "400.wav", sounds, "--top", 2)
    assert status == 0
    assert _names(said)[0] == "420.wav"
    assert len(_names(said)) == 2
    everything = _names(run(sounds / "400.wav", sounds, "--top", 99)[1])
    assert sorted(everything) == ["2000.wav", "420.wav", "900.wav", "noise.wav"]
    farthest = _names(run(sounds / "400.wav", sounds, "--farthest", "--top", 99)[1])
    assert farthest == everything[::-1]


def test_json_equals_cosine_distance(run, sounds, tmp_path):
    said = run(sounds / "400.wav", sounds, "--json", "--top", 4)[1]
    extractor = FeatureExtractor(str(tmp_path / "tiny.keras"))
    query = extractor(sounds / "400.wav")
    rows = [json.loads(line) for line in said.splitlines()]
    assert len(rows) == 4
    for row in rows:
        other = extractor(row["path"])
        cosine = query @ other / np.linalg.norm(query) / np.linalg.norm(other)
        assert row["distance"] == pytest.approx(1 - cosine, abs=1e-5)


def test_a_table(run, sounds, tmp_path):
    extractor = FeatureExtractor(str(tmp_path / "tiny.keras"))
    extractor.write(sounds, tmp_path / "x.npz")
    assert run(sounds / "400.wav", tmp_path / "x.npz") == run(
        sounds / "400.wav", sounds
    )
    FeatureExtractor(tiny_model(), pool="max").write(sounds, tmp_path / "y.npz")
    status, said, err = run(sounds / "400.wav", tmp_path / "y.npz")
    assert (status, said) == (1, "")
    assert "of another version" in err


def test_bad_files_are_told(run, sounds):
    (sounds / "bad.wav").write_text("no sound")
    status, said, err = run(sounds / "400.wav", sounds)
    assert status == 1
    assert len(_names(said)) == 4
    assert "bad.wav" in err


@pytest.mark.parametrize(
    ("query", "folder", "says"),
    [
        ("absent.wav", ".", "no sound file named 'absent.wav'"),
        ("400.wav", "absent", "There is no file or folder named"),
        ("400.wav", "400.wav", "nothing to compare with"),
        ("400.wav", "absent.npz", r"absent\.npz"),
    ],
)
def test_what_cannot_be_done(run, sounds, monkeypatch, query, folder, says):
    monkeypatch.chdir(sounds)
    status, said, err = run(query, folder)
    assert (status, said) == (1, "")
    assert re.search(says, err), err
