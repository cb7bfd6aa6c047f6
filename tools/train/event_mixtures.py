"""Sound scenes with known events: short sounds of ESC-10 over rain or sea waves.

recordings -> their active parts (by level, without the silence around them)
-> 0 to 3 of them at random times over a background -> wav files, two tables

    FOLDER/PART/00000.wav ...       10 s, mono, 16 kHz
    FOLDER/PART.csv                 path, label: which classes are in it, by ";"
    FOLDER/PART-events.csv          path, label, start, end: when
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from kerasaudio.audio import load_audio
from kerasaudio.datasets import LabeledClips, from_table
from kerasaudio.events import SoundEvent
from kerasaudio.files.whole_file import write_csv

SAMPLE_RATE = 16_000
SECONDS = 10
CLASSES = ("chainsaw", "crying_baby", "dog", "rooster", "sneezing")
BACKGROUNDS = ("rain", "sea_waves")
MOST_EVENTS = 3
SNR_DB = (5.0, 20.0)  # of an event, over the background
BACKGROUND_DB = (-45.0, -30.0)  # RMS
SEPARATOR = ";"

_FRAME = SAMPLE_RATE // 50
_BELOW_LOUDEST_DB = 20.0  # of a recording's frames: where a sound begins and ends
_PAUSE_SECONDS = 0.2  # shorter ones are part of a sound
_SHORTEST_SECONDS = 0.2
_LONGEST_SECONDS = (1.0, 3.0)  # longer sounds are cut to a length drawn from these
_FADE_SECONDS = 0.01
_CROSSFADE_SECONDS = 0.1
_PEAK = 0.9

Times = list[SoundEvent]
Item = TypeVar("Item")


class Sources(NamedTuple):
    """What scenes are made of.

    Attributes:
        sounds: Of each class of CLASSES the active parts of each recording.
        backgrounds: Of each class of BACKGROUNDS the recordings.
    """

    sounds: dict[str, list[list[np.ndarray]]]
    backgrounds: dict[str, list[np.ndarray]]


class Scenes(NamedTuple):
    """Scenes on disk.

    Attributes:
        clips: With the classes that are in each, as a network is taught.
        events: Of each clip, with their times.
    """

    clips: LabeledClips
    events: list[Times]


def make_scenes(
    recordings: LabeledClips, folder: Path, part: str, count: int, seed: int
) -> Scenes:
    """Write scenes made of some recordings, or read them where they are already.

    Args:
        recordings: Of ESC-10, with all of CLASSES and BACKGROUNDS.
        folder: To write to.
        part: Name of these scenes.
        count: How many.
        seed: Same seed and part, same scenes.
    """
    table, times = folder / f"{part}.csv", folder / f"{part}-events.csv"
    if not table.exists():
        _write(gather(recordings), folder, part, count, seed)
    clips = from_table(
        table, separator=SEPARATOR, classes=CLASSES, name=f"ESC-10 scenes, {part}"
    )
    events: dict[str, Times] = {path.name: [] for path in clips.paths}
    with times.open(newline="", encoding="utf-8") as file:
        for path, label, start, end in list(csv.reader(file))[1:]:
            event = SoundEvent(label, float(start), float(end), 1.0)
            events[Path(path).name].append(event)
    return Scenes(clips, [events[path.name] for path in clips.paths])


def gather(recordings: LabeledClips) -> Sources:
    """Decode recordings, and find the active parts of those of CLASSES.

    Raises:
        ValueError: A class has none.
    """
    by_class: dict[str, list[np.ndarray]] = {}
    for path, name in zip(recordings.paths, recordings.categories, strict=True):
        if name in CLASSES + BACKGROUNDS:
            by_class.setdefault(name, []).append(load_audio(path, SAMPLE_RATE))
    lacking = [name for name in CLASSES + BACKGROUNDS if name not in by_class]
    if lacking:
        raise ValueError(f"{recordings.name} has no recordings of {lacking}.")
    sounds = {
        name: [parts for clip in by_class[name] if (parts := active_parts(clip))]
        for name in CLASSES
    }
    silent = [name for name, recordings_of in sounds.items() if not recordings_of]
    if silent:
        raise ValueError(
            f"{recordings.name}: no recording of {silent} has a sound of "
            f"{_SHORTEST_SECONDS} s or more."
        )
    return Sources(sounds, {name: by_class[name] for name in BACKGROUNDS})


def active_parts(waveform: np.ndarray) -> list[np.ndarray]:
    """Cut a recording into its sounds, at pauses and silence."""
    frames = waveform[: len(waveform) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.mean(np.square(frames, dtype="float64"), axis=1)
    active = power > power.max(initial=0) * 10 ** (-_BELOW_LOUDEST_DB / 10)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(int), [0]))))
    spans: list[list[int]] = []
    for first, last in (edges.reshape(-1, 2) * _FRAME).tolist():
        if spans and first - spans[-1][1] <= _PAUSE_SECONDS * SAMPLE_RATE:
            spans[-1][1] = last
        else:
            spans.append([first, last])
    shortest = _SHORTEST_SECONDS * SAMPLE_RATE
    return [waveform[a:b] for a, b in spans if b - a >= shortest]


def mix(sources: Sources, rng: np.random.Generator) -> tuple[np.ndarray, Times]:
    """Make a scene: float32 (samples,) within [-0.9, 0.9], and its events."""
    scene = _background(sources.backgrounds, rng)
    level = np.sqrt(np.mean(np.square(scene)))
    events = []
    for _ in range(int(rng.integers(MOST_EVENTS + 1))):
        label = CLASSES[int(rng.integers(len(CLASSES)))]
        parts = _pick(sources.sounds[label], rng)
        sound = _shortened(_pick(parts, rng), rng)
        loudness = np.sqrt(np.mean(np.square(sound)))
        gain = level / loudness * 10 ** (rng.uniform(*SNR_DB) / 20)
        start = int(rng.integers(len(scene) - len(sound) + 1))
        scene[start : start + len(sound)] += gain * sound
        times = start / SAMPLE_RATE, (start + len(sound)) / SAMPLE_RATE
        events.append(SoundEvent(label, *times, 1.0))
    scene *= min(1.0, _PEAK / max(np.abs(scene).max(), 1e-9))
    return scene.astype("float32"), sorted(events, key=lambda event: event.start)


def _background(
    recordings: dict[str, list[np.ndarray]], rng: np.random.Generator
) -> np.ndarray:
    """Join recordings of one class to a scene's length, at a random level."""
    clips = _pick(list(recordings.values()), rng)
    fade = int(_CROSSFADE_SECONDS * SAMPLE_RATE)
    ramp = np.linspace(0, np.pi / 2, fade)
    scene = _pick(clips, rng).astype("float64")
    while len(scene) < SECONDS * SAMPLE_RATE:
        more = _pick(clips, rng)
        joint = scene[-fade:] * np.cos(ramp) + more[:fade] * np.sin(ramp)
        scene = np.concatenate([scene[:-fade], joint, more[fade:]])
    scene = scene[: SECONDS * SAMPLE_RATE]
    level = 10 ** (rng.uniform(*BACKGROUND_DB) / 20)
    return scene * level / np.sqrt(np.mean(np.square(scene)))


def _shortened(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    longest = int(rng.uniform(*_LONGEST_SECONDS) * SAMPLE_RATE)
    if len(sound) > longest:
        start = int(rng.integers(len(sound) - longest + 1))
        sound = sound[start : start + longest]
    fade = np.linspace(0, 1, int(_FADE_SECONDS * SAMPLE_RATE))
    shaped = sound.astype("float64")
    shaped[: len(fade)] *= fade
    shaped[-len(fade) :] *= fade[::-1]
    return shaped


def _pick(items: Sequence[Item], rng: np.random.Generator) -> Item:
    return items[int(rng.integers(len(items)))]


def _write(sources: Sources, folder: Path, part: str, count: int, seed: int) -> None:
    import soundfile

    (folder / part).mkdir(parents=True, exist_ok=True)
    clips: list[tuple[str, ...]] = [("path", "label")]
    times: list[tuple[str, ...]] = [("path", "label", "start", "end")]
    own = int.from_bytes(part.encode(), "big")
    for number in range(count):
        scene, events = mix(sources, np.random.default_rng((seed, own, number)))
        path = f"{part}/{number:05d}.wav"
        soundfile.write(folder / path, scene, SAMPLE_RATE, subtype="PCM_16")
        clips.append((path, SEPARATOR.join(sorted({e.label for e in events}))))
        times += [(path, e.label, f"{e.start:.4f}", f"{e.end:.4f}") for e in events]
    write_csv(folder / f"{part}-events.csv", times)
    write_csv(folder / f"{part}.csv", clips)  # last: with it the scenes are whole
