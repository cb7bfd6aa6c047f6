"""`--engine` of embed, tag and detect."""

import pandas
import pytest
import soundfile


@pytest.fixture
def sounds(tmp_path, pcm, monkeypatch):
    folder = tmp_path / "sounds"
    folder.mkdir()
    for name in ("a.wav", "b.flac"):
        soundfile.write(folder / name, pcm, 8_000)
    monkeypatch.chdir(tmp_path)
    return folder


def test_embed(run, sounds, saved):
    words = ["embed", "sounds/", "--model", saved, "--engine", "local", "--out", "out/"]
    status, said, _ = run(*words, "--pool", "none", "--hop", 0.25)
    assert status == 0
    assert said.startswith("out: 14 rows from 2 clips (")
    assert "2 computed, 0 already known" in said
    assert len(pandas.read_parquet("out")) == 14
    status, said, _ = run(*words, "--pool", "none", "--hop", 0.25)
    assert "0 computed, 2 already known" in said


def test_tag_with_a_bad_file(run, sounds, saved):
    (sounds / "bad.wav").write_text("no sound")
    words = ["tag", "sounds/", "--model", saved, "--engine", "local", "--out", "out"]
    status, said, err = run(*words, "--labels", "a,c")
    assert status == 1
    assert "failed: 1 not decodable; see out/_errors" in said
    assert "1 clip could not be used" in err
    labels = [tag["label"] for tag in pandas.read_parquet("out")["tags"][0]]
    assert sorted(labels) == ["a", "c"]


def test_detect(run, sounds, saved):
    words = ["detect", "sounds/", "--model", saved, "--engine", "local"]
    status, _, _ = run(*words, "--threshold", 0.2, "--out", "out")
    assert status == 0
    assert set(pandas.read_parquet("out")["label"]) <= {"a", "b", "c"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tag", "--engine", "local"], "--engine needs --out"),
        (["tag", "--engine", "local", "--json"], "does not go with --engine"),
        (
            ["detect", "--engine", "local", "--out", "o", "--format", "raven"],
            "--format",
        ),
        (["embed", "--out", "o.npz", "--workers", "2"], "--workers needs --engine"),
        (["embed", "--out", "o", "--engine", "local", "--workers", "2"], "--workers"),
        (["tag", "--engine", "local", "--out", "o.csv"], "--out must be a folder"),
        (["tag", "--retry-failed"], "--retry-failed needs --engine"),
        (["embed", "--engine", "local", "--out", "o", "--overwrite"], "--overwrite"),
    ],
)
@pytest.mark.usefixtures("sounds")
def test_what_does_not_go_together(run, saved, words, says):
    status, said, err = run(words[0], "sounds/", "--model", saved, *words[1:])
    assert (status, said) == (1, "")
    assert says in err
