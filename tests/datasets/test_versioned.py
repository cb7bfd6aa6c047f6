"""Batches with versions of clips: made once, kept, of parts of files, with labels."""

import dataclasses
import pickle
import sys

import numpy as np
import pytest

from kerasaudio import load_audio, pitch_shift, time_stretch
from kerasaudio.audio import AudioDecodeError
from kerasaudio.audio.versions import Version
from kerasaudio.core import AudioSpec
from kerasaudio.datasets import from_folder
from kerasaudio.datasets.batching import versioned
from support import sounds

pytest.importorskip("python_stretch")
SPEC = AudioSpec.of_fixed_clips(sounds.RATE, 2_000)
WANTED = [("stretch", 1.23), ("pitch", 2)]


@pytest.fixture
def clips(files, tmp_path):
    return from_folder(tmp_path / "set")


@pytest.fixture
def made(monkeypatch):
    """The versions that are made in this process."""
    seen, of = [], Version.of

    def watched(self, waveform, rate):
        seen.append(self)
        return of(self, waveform, rate)

    monkeypatch.setattr(Version, "of", watched)
    return seen


def test_versions_follow_the_clips_with_their_labels(clips, cache):
    batches = clips.batches(SPEC, 4, training=False, versions=WANTED, cache=cache)
    assert batches.kept.tolist() == [0, 1, 2, 3, 4] * 3
    assert len(batches.clips) == 15
    windows = np.concatenate([batches[i][0] for i in range(len(batches))])
    targets = np.concatenate([batches[i][1] for i in range(len(batches))])
    assert targets.tolist() == clips.targets[batches.kept[batches.clip_of]].tolist()
    for number, path in enumerate(clips.paths):
        whole = load_audio(path, sounds.RATE)
        faster = time_stretch(whole, sounds.RATE, 1.23)
        higher = pitch_shift(whole, sounds.RATE, 2)
        for place, want in ((5 + number, faster), (10 + number, higher)):
            own = windows[batches.clip_of == place].ravel()
            np.testing.assert_array_equal(own[: len(want)], want)


def test_training_has_a_window_of_each_version(clips, cache):
    batches = clips.batches(
        SPEC, 4, versions=["stretch", "pitch"], cache=cache, class_weights=True
    )
    assert len(batches) == -(-9 * 5 // 4)
    parts = [batches[i] for i in range(len(batches))]
    targets = np.concatenate([part[1] for part in parts])
    np.testing.assert_array_equal(np.bincount(targets), 9 * np.bincount(clips.targets))
    plain = clips.batches(SPEC, 5, cache=cache, class_weights=True)[0]
    assert set(plain[2]) == set(np.concatenate([part[2] for part in parts]))
    again = clips.batches(SPEC, 4, versions=["stretch", "pitch"], cache=cache)
    np.testing.assert_array_equal(again[2][0], parts[2][0])


def test_versions_are_made_once_and_kept_with_the_decoded_audio(clips, cache, made):
    settings = {"cache": cache, "training": False}
    first = clips.batches(SPEC, 4, versions=WANTED, **settings)
    assert (first.made, len(made)) == (10, 10)
    assert len({path.parent for path in cache.rglob("*.pcm")}) == 1
    again = clips.batches(SPEC, 4, versions=[*WANTED, ("pitch", 2.5)], **settings)
    assert (again.made, len(made)) == (5, 15)
    sounds.write(clips.paths[0], sounds.tone(1_000, 0.7))
    changed = clips.batches(SPEC, 4, versions=WANTED, **settings)
    assert (changed.made, len(made)) == (2, 17)
    copy = pickle.loads(pickle.dumps(changed))
    np.testing.assert_array_equal(copy[1][0], changed[1][0])


def test_without_a_cache_they_are_made_when_they_are_read(clips, cache):
    settings = {"training": False, "versions": WANTED}
    kept = clips.batches(SPEC, 4, cache=cache, **settings)
    plain = clips.batches(SPEC, 4, cache=False, **settings)
    np.testing.assert_array_equal(plain[2][0], kept[2][0])


def test_a_version_of_a_part_of_a_file(clips, cache):
    starts, ends = np.full(5, 0.05), np.full(5, 0.15)
    parts = dataclasses.replace(clips, starts=starts, ends=ends)
    batches = parts.batches(SPEC, 5, training=False, versions=WANTED, cache=cache)
    part = load_audio(clips.paths[2], sounds.RATE)[
        round(0.05 * sounds.RATE) : round(0.15 * sounds.RATE)
    ]
    want = time_stretch(part, sounds.RATE, 1.23)
    (window,) = (
        batches[b][0][list(batches.clip_of[5 * b : 5 * b + 5]).index(7)]
        for b in range(len(batches))
        if 7 in batches.clip_of[5 * b : 5 * b + 5]
    )
    np.testing.assert_array_equal(window[: len(want)], want)


def test_many_are_made_by_other_processes(clips, cache, made, monkeypatch):
    monkeypatch.setattr(versioned, "_MANY", 2)
    elsewhere = clips.batches(
        SPEC, 4, training=False, versions=WANTED, cache=cache, readers=2
    )
    assert (elsewhere.made, made) == (10, [])
    here = clips.batches(SPEC, 4, training=False, versions=WANTED, cache=False)
    np.testing.assert_array_equal(elsewhere[3][0], here[3][0])


def test_bad_versions_are_refused_before_decoding(clips, cache, calls, monkeypatch):
    with pytest.raises(ValueError, match="'wow'"):
        clips.batches(SPEC, 4, versions=["wow"], cache=cache)
    monkeypatch.setitem(sys.modules, "python_stretch.Signalsmith", None)
    with pytest.raises(ImportError, match='pip install "python-stretch>='):
        clips.batches(SPEC, 4, versions=["pitch"], cache=cache)
    assert not calls


def test_a_clip_that_cannot_be_changed_is_named(clips, cache, monkeypatch):
    def fail(self, waveform, rate):
        raise OSError("no space")

    monkeypatch.setattr(Version, "of", fail)
    with pytest.raises(
        AudioDecodeError, match=r"\.wav cannot .*stretch 1\.23.*no space"
    ):
        clips.batches(SPEC, 4, versions=WANTED, cache=cache)
