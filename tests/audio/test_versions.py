"""Versions of a sound: what names stand for, and the processes that make them."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kerasaudio import pitch_shift, time_stretch
from kerasaudio.audio import signalsmith
from kerasaudio.audio.signalsmith import Processes, stretched
from kerasaudio.audio.versions import Version, versions_of

pytest.importorskip("python_stretch")
RATE = 16_000
TONE = (0.5 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)).astype("float32")


def test_names_stand_for_the_published_grid():
    assert [str(version) for version in versions_of(["stretch", "pitch"])] == [
        *("stretch 0.81", "stretch 0.93", "stretch 1.07", "stretch 1.23"),
        *("pitch -2", "pitch -1", "pitch +1", "pitch +2"),
    ]
    assert versions_of([("stretch", 0.93), "stretch", ("pitch", 3)]) == (
        *(Version("stretch", rate) for rate in (0.93, 0.81, 1.07, 1.23)),
        Version("pitch", 3.0),
    )
    assert versions_of([]) == ()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("stretch", "must be a list"),
        (["wow"], "can be 'stretch' and 'pitch'.*'wow'"),
        ([("wow", 2)], "'wow'"),
        ([3], "pairs such as .*3"),
        ([("stretch", 9)], "from 0.25 to 4.*9"),
        ([("pitch", "2")], "from -24 to 24"),
        ([("pitch", 0)], "changes nothing"),
        ([("stretch", 1.0)], "changes nothing"),
    ],
)
def test_bad_versions(wanted, message):
    with pytest.raises(ValueError, match=message):
        versions_of(wanted)


def test_a_version_is_what_the_functions_return():
    slow, high = Version("stretch", 0.81), Version("pitch", 2)
    np.testing.assert_array_equal(slow.of(TONE, RATE), time_stretch(TONE, RATE, 0.81))
    np.testing.assert_array_equal(high.of(TONE, RATE), pitch_shift(TONE, RATE, 2))
    for version in (slow, high):
        assert len(version.of(TONE, RATE)) == version.length(len(TONE))


def test_other_processes_return_the_same_samples():
    processes = Processes()
    wanted = versions_of(["stretch", ("pitch", 2)])

    def make(version):
        length = version.length(len(TONE))
        return processes.stretched(TONE, RATE, length, **version.settings)

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(make, wanted))
    killed = list(processes._idle)
    for process in killed:
        process.kill()
        process.wait()
    assert [make(wanted[0]) for _ in killed] == [None] * len(killed)
    assert make(wanted[0]) is not None  # by a new one
    processes.close()
    for version, samples in zip(wanted, made, strict=True):
        np.testing.assert_array_equal(samples, version.of(TONE, RATE))


def test_a_program_without_python_makes_versions_itself(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert Processes().stretched(TONE, RATE, 16_000, semitones=1.0) is None
    monkeypatch.undo()
    monkeypatch.setattr(signalsmith.sys, "executable", "/nowhere/python")
    assert Processes().stretched(TONE, RATE, 16_000, semitones=1.0) is None


def test_arrays_that_cannot_be_written_are_taken():
    frozen = TONE.copy()
    frozen.flags.writeable = False
    made = stretched(frozen, RATE, RATE, semitones=2)
    np.testing.assert_array_equal(made, pitch_shift(TONE, RATE, 2))
