"""Scenes: what is cut from recordings, what is mixed, what comes back from disk."""

from dataclasses import replace

import event_mixtures
import numpy as np
import pytest
import soundfile
from event_mixtures import BACKGROUNDS, CLASSES, SAMPLE_RATE, active_parts, mix

from kerasaudio.datasets import LabeledClips

HERTZ = dict(zip(CLASSES, (300, 600, 1200, 2400, 4800), strict=True))


def sound(pattern, hertz=440):
    """A tone that is on ("x") or off (".") for tenths of seconds."""
    on = np.repeat([mark == "x" for mark in pattern], SAMPLE_RATE // 10)
    time = np.arange(len(on)) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * hertz * time) * on).astype("float32")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two recordings of each class: tones of their own; noises to be heard over."""
    folder, rng = tmp_path_factory.mktemp("recordings"), np.random.default_rng(0)
    paths, labels, names = [], [], (*CLASSES, *BACKGROUNDS)
    for number, name in enumerate(names):
        for take in range(2):
            clip = rng.normal(0, 0.1, 3 * SAMPLE_RATE).astype("float32")
            if name in HERTZ:
                clip = sound("..xxxxx....xxx..", HERTZ[name])
            paths.append(folder / f"{name}-{take}.wav")
            labels.append(number)
            soundfile.write(paths[-1], clip, SAMPLE_RATE)
    return LabeledClips("sounds", tuple(paths), np.array(labels), names)


@pytest.mark.parametrize(
    ("pattern", "tenths"),
    [
        ("..xxx....", [3]),
        ("xxx.xxx", [7]),  # a short pause is part of the sound
        ("xxx....xxxx", [3, 4]),
        ("x....xxx", [3]),  # too short to be one
        ("....", []),
        ("xxxx", [4]),
    ],
)
def test_sounds_are_cut_at_silence(pattern, tenths):
    parts = active_parts(sound(pattern))
    seconds = [len(part) / SAMPLE_RATE for part in parts]
    assert seconds == pytest.approx([tenth / 10 for tenth in tenths], abs=0.03)


def test_what_is_quiet_beside_the_loudest_is_none():
    clip = sound("xxxxx.....xxxxx")
    clip[: 5 * SAMPLE_RATE // 10] *= 0.05  # 26 dB below
    (part,) = active_parts(clip)
    assert np.abs(part).max() == pytest.approx(0.3, abs=0.01)


def test_events_are_heard_when_the_table_says(recordings):
    sources = event_mixtures.gather(recordings)
    heard = 0
    for seed in range(12):
        scene, events = mix(sources, np.random.default_rng(seed))
        assert scene.dtype == np.float32
        assert scene.shape == (event_mixtures.SECONDS * SAMPLE_RATE,)
        assert np.abs(scene).max() <= 0.9 + 1e-6
        assert len(events) <= event_mixtures.MOST_EVENTS
        for name, hertz in HERTZ.items():
            there = np.zeros(len(scene), bool)
            for event in (e for e in events if e.label == name):
                first, last = round(event.start * SAMPLE_RATE), event.end * SAMPLE_RATE
                there[first : round(last)] = True
            wave = np.exp(2j * np.pi * hertz * np.arange(len(scene)) / SAMPLE_RATE)
            tone = np.abs((scene * wave).reshape(-1, SAMPLE_RATE // 50).mean(axis=1))
            inside = there.reshape(-1, SAMPLE_RATE // 50).all(axis=1)
            outside = ~there.reshape(-1, SAMPLE_RATE // 50).any(axis=1)
            if inside.any():
                heard += 1
                assert np.median(tone[inside]) > 3 * np.median(tone[outside])
    assert heard > 10


def test_a_long_sound_is_cut(recordings):
    sources = event_mixtures.gather(recordings)
    long = {name: [[sound("x" * 80)]] for name in CLASSES}
    for seed in range(5):
        _, events = mix(sources._replace(sounds=long), np.random.default_rng(seed))
        assert all(1 <= event.end - event.start <= 3 for event in events)


def test_scenes_are_made_once_and_the_same_again(recordings, tmp_path):
    def scenes(folder, seed=0):
        return event_mixtures.make_scenes(recordings, folder, "training", 12, seed)

    one = scenes(tmp_path / "one")
    made = [path.stat().st_mtime_ns for path in one.clips.paths]
    again, two = scenes(tmp_path / "one"), scenes(tmp_path / "two")
    other = scenes(tmp_path / "other", seed=1)

    assert [path.stat().st_mtime_ns for path in again.clips.paths] == made
    assert one.events == again.events == two.events != other.events
    assert all(
        a.read_bytes() == b.read_bytes()
        for a, b in zip(one.clips.paths, two.clips.paths, strict=True)
    )
    for row, events in zip(one.clips.multi_hot, one.events, strict=True):
        named = {CLASSES[number] for number in np.flatnonzero(row)}
        assert named == {event.label for event in events}


def test_what_is_missing_is_said(recordings, tmp_path):
    no_rain = recordings.take(recordings.targets != len(CLASSES))
    with pytest.raises(ValueError, match=r"no recordings of \['rain'\]"):
        event_mixtures.gather(no_rain)
    short = tmp_path / "short.wav"
    soundfile.write(short, sound("x"), SAMPLE_RATE)
    paths = [short if "dog" in path.stem else path for path in recordings.paths]
    with pytest.raises(ValueError, match=r"no recording of \['dog'\] has a sound"):
        event_mixtures.gather(replace(recordings, paths=tuple(paths)))
