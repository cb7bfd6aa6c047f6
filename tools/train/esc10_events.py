"""Learn the times of sounds from labels without times.

    python tools/train/esc10_events.py ESC-50-master/ --out build/esc10-events

Scenes of 10 s are mixed from ESC-10: up to three of five kinds of sounds over rain or
sea waves (event_mixtures.py). SoundEventCRNN learns from folds 1 to 3 which kinds are
in a scene, but not when. Fold 4 chooses the epoch by the same labels, and the
thresholds. Fold 5 is tested once, at the end. No recording is in two folds.

Writes the scenes, N-scenes-N-epochs-seed-N.keras, SoundEventCRNN.json (the measured
result with all settings) and events.png (a scene of the test, its true and its found
events).
After an interruption the same command resumes. KERAS_BACKEND chooses the backend.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import event_mixtures
import keras
import numpy as np
import recipe
from event_mixtures import CLASSES, SECONDS, Scenes, Times

from kerasaudio.audio import load_audio
from kerasaudio.core import AudioModel
from kerasaudio.datasets import ESC50
from kerasaudio.evaluation import predict_clips
from kerasaudio.events import SoundEvent, events_of, frame_scores, framewise
from kerasaudio.metrics import SegmentF1, segment_f1
from kerasaudio.models.sound_event_crnn import SoundEventCRNN
from kerasaudio.plot import events as draw_events
from kerasaudio.training import Schedule, train

PARTS = {"training": (1, 2, 3), "validation": (4,), "test": (5,)}  # folds of ESC-10
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
LOUDER_DB = tuple(range(1, 21))  # than the median of a scene, for the energy detector
GAP_SECONDS = 0.2  # pauses within a sound, as the scenes have them
MIN_SECONDS = 0.1
FILTERS, UNITS = 16, 32  # of the network, a fourth of its default's work
LEARNING_RATE = 1e-3
BATCH_SIZE = 16


def main(arguments: Sequence[str] | None = None) -> None:
    """Mix, train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    recordings = ESC50(options.folder, esc10=True)
    held_out = max(1, options.mixtures // 4)
    folder = options.out / f"scenes-{options.mixtures}-{options.seed}"
    scenes = {
        part: event_mixtures.make_scenes(
            recordings.take(np.isin(recordings.require_folds(), folds)),
            folder,
            part,
            options.mixtures if part == "training" else held_out,
            options.seed,
        )
        for part, folds in PARTS.items()
    }
    model, seconds = _trained(scenes, options)
    validation, test = (hear(model, scenes[part]) for part in ("validation", "test"))
    levels = choose(validation)
    result = {
        "data": "ESC-10, scenes of five sounds over rain and sea waves",
        "script": "tools/train/esc10_events.py",
        "model": model.spec.architecture,
        "arguments": dict(model.spec.arguments),
        "scenes": {part: len(found.clips) for part, found in scenes.items()},
        "thresholds": levels._asdict(),
        "clip_f1": clip_figures(test, levels),
        "segment_f1": segment_figures(test, levels),
        "seed": options.seed,
        "epochs": options.epochs,
        "seconds": seconds,
    }
    recipe.write_result(options.out / "SoundEventCRNN.json", result)
    _draw(test, levels, options.out / "events.png")


class Heard(NamedTuple):
    """What a network makes of some scenes.

    Attributes:
        scenes: These.
        clip_scores: Probability that a class is in a scene, (scenes, classes).
        frame_scores: The same of each frame, (frames, classes) a scene.
        levels: Of each frame in dB, (frames,) a scene.
        times: Where frames begin, and where the last one ends, in seconds.
    """

    scenes: Scenes
    clip_scores: np.ndarray
    frame_scores: list[np.ndarray]
    levels: list[np.ndarray]
    times: list[np.ndarray]


class Levels(NamedTuple):
    """What the validation scenes chose.

    Attributes:
        clip: Probability from which a class is in a scene.
        frame: Probability from which it is heard in a frame.
        louder_db: Level above the scene's median from which the energy detector hears.
    """

    clip: float
    frame: float
    louder_db: float


def hear(model: AudioModel, scenes: Scenes) -> Heard:
    """Score scenes, and their frames."""
    network, scores, levels, times = framewise(model), [], [], []
    for path in scenes.clips.paths:
        of_frames, edges = frame_scores(network, path)
        waveform = load_audio(path, model.spec.sample_rate)
        scores.append(of_frames)
        levels.append(loudness(waveform, len(of_frames)))
        times.append(edges)
    return Heard(scenes, predict_clips(model, scenes.clips), scores, levels, times)


def loudness(waveform: np.ndarray, frames: int) -> np.ndarray:
    """Give the level of each of so many frames of equal length, in dB."""
    pieces = np.array_split(waveform.astype("float64"), frames)
    power = np.array([np.mean(np.square(piece)) for piece in pieces])
    return 10 * np.log10(np.maximum(power, 1e-10))


def choose(heard: Heard) -> Levels:
    """Take what is best on scenes that neither taught nor test."""
    clip = _best(THRESHOLDS, lambda level: clip_f1(heard, in_scene(heard, level)).f1)
    true = heard.scenes.clips.multi_hot
    return Levels(
        clip,
        _best(THRESHOLDS, lambda level: times_f1(heard, found(heard, level)).f1),
        _best(LOUDER_DB, lambda level: times_f1(heard, loud(heard, true, level)).f1),
    )


def clip_figures(heard: Heard, levels: Levels) -> dict[str, Any]:
    """Measure which sounds are in a scene."""
    everything = np.ones_like(heard.scenes.clips.multi_hot)
    return {
        "network": figures(clip_f1(heard, in_scene(heard, levels.clip))),
        "network at 0.5": figures(clip_f1(heard, in_scene(heard, 0.5))),
        "everything": figures(clip_f1(heard, everything)),
    }


def segment_figures(heard: Heard, levels: Levels) -> dict[str, Any]:
    """Measure when, in segments of 1 s, and what less than the network would give."""
    true = heard.scenes.clips.multi_hot
    named = in_scene(heard, levels.clip)
    ways = {
        "network": found(heard, levels.frame),
        "network at 0.5": found(heard, 0.5),
        "network's classes, whole scene": throughout(named),
        "network's classes, where it is loud": loud(heard, named, levels.louder_db),
        "true classes, whole scene": throughout(true),
        "true classes, where it is loud": loud(heard, true, levels.louder_db),
        "everything, whole scene": throughout(np.ones_like(true)),
    }
    return {name: figures(times_f1(heard, events)) for name, events in ways.items()}


def in_scene(heard: Heard, level: float) -> np.ndarray:
    """Give which classes the network says are in each scene, (scenes, classes)."""
    return heard.clip_scores >= level


def found(heard: Heard, level: float) -> list[Times]:
    """Give the events that the network finds in each scene."""
    return [
        _events(scores, times, level)
        for scores, times in zip(heard.frame_scores, heard.times, strict=True)
    ]


def loud(heard: Heard, classes: np.ndarray, louder_db: float) -> list[Times]:
    """Say that classes are heard wherever a scene is louder than its median."""
    return [
        _events((levels[:, None] - np.median(levels)) * there, times, louder_db)
        for levels, there, times in zip(heard.levels, classes, heard.times, strict=True)
    ]


def throughout(classes: np.ndarray) -> list[Times]:
    """Say that classes are heard all the time."""
    return [
        [SoundEvent(CLASSES[i], 0.0, SECONDS, 1.0) for i in np.flatnonzero(row)]
        for row in classes
    ]


def clip_f1(heard: Heard, classes: np.ndarray) -> SegmentF1:
    """Compare which classes are in each scene: segments as long as a scene."""
    true = throughout(heard.scenes.clips.multi_hot)
    return segment_f1(true, throughout(classes), segment_seconds=SECONDS)


def times_f1(heard: Heard, events: Sequence[Times]) -> SegmentF1:
    """Compare when they are heard."""
    return segment_f1(heard.scenes.events, events)


def figures(scores: SegmentF1) -> dict[str, Any]:
    """Give what is reported of a comparison."""
    return {
        "micro_f1": scores.f1,
        "macro_f1": scores.macro_f1,
        "precision": scores.precision,
        "recall": scores.recall,
        "per_class": scores.per_class,
    }


def _trained(
    scenes: dict[str, Scenes], options: argparse.Namespace
) -> tuple[AudioModel, float | None]:
    """Give the network, and how long it was trained; None for one that was there."""
    name = f"{options.mixtures}-scenes-{options.epochs}-epochs-seed-{options.seed}"
    path = options.out / f"{name}.keras"
    if path.exists() and not options.overwrite:
        print(f"{path} is there already: it is measured as it is.")
        return keras.saving.load_model(path, compile=False), None
    keras.utils.set_random_seed(options.seed)
    model = SoundEventCRNN(labels=CLASSES, filters=FILTERS, units=UNITS)
    schedule = Schedule(
        unfreeze_epochs=options.epochs,
        patience=options.epochs,
        learning_rate=LEARNING_RATE,
        batch_size=BATCH_SIZE,
        seed=options.seed,
    )
    done = train(
        model,
        scenes["training"].clips,
        scenes["validation"].clips,
        path,
        schedule=schedule,
        overwrite=options.overwrite,
        report=recipe.tell,
        augment=recipe.turned,
    )
    return done.model, round(sum(epoch.seconds for epoch in done.epochs), 1)


def _events(scores: np.ndarray, times: np.ndarray, level: float) -> Times:
    return events_of(
        scores,
        times,
        CLASSES,
        threshold=level,
        min_seconds=MIN_SECONDS,
        gap_seconds=GAP_SECONDS,
    )


def _best(levels: Iterable[float], score: Callable[[float], float]) -> float:
    return max(levels, key=lambda level: np.nan_to_num(score(level)))


def _draw(heard: Heard, levels: Levels, path: Path) -> None:
    """Draw the first scene with the most events."""
    counts = [len(events) for events in heard.scenes.events]
    chosen = int(np.argmax(counts))
    scene = heard.scenes.clips.paths[chosen]
    draw_events(
        scene,
        found(heard, levels.frame)[chosen],
        path,
        true=heard.scenes.events[chosen],
        title=f"SoundEventCRNN, {scene.parent.name} scene {scene.stem}",
    )


def _parser() -> argparse.ArgumentParser:
    parser = recipe.parser(__doc__ or "", out="build/esc10-events", epochs=30)
    parser.add_argument(
        "--mixtures",
        type=int,
        default=600,
        help="scenes to learn from; a fourth of them choose, a fourth test "
        "(default: 600)",
    )
    return parser


if __name__ == "__main__":
    main()
