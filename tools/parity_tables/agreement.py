"""All ways to process clips, compared with the window rule; effects of length."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from kerasaudio.audio import load_audio
from kerasaudio.datasets import ESC50
from kerasaudio.models import FACTORIES
from parity_tables.figures import Measurement, Row
from parity_tables.originals import worst
from support import answers
from support.originals import EFFICIENT_AT_CLIPS

ANSWERS, STEADY, SHORT = "answers", "steady", "short"
SECONDS = (10.0, 10.016, 10.05, 12.5, 29.0)
PER_CLASS = 2
BEST = 3
# How AudioSet calls the classes of ESC-10.
AUDIOSET = {
    "dog": ("Dog", "Bark", "Bow-wow", "Yip"),
    "rooster": ("Chicken, rooster", "Crowing, cock-a-doodle-doo"),
    "rain": ("Rain", "Raindrop", "Rain on surface"),
    "sea_waves": ("Ocean", "Waves, surf"),
    "crackling_fire": ("Fire", "Crackle"),
    "crying_baby": ("Baby cry, infant cry", "Crying, sobbing"),
    "sneezing": ("Sneeze",),
    "clock_tick": ("Clock", "Tick", "Tick-tock"),
    "helicopter": ("Helicopter",),
    "chainsaw": ("Chainsaw",),
}
# Of the loudest part of a clip; and what it is repeated to.
LENGTHS = ((5.0, None), (1.0, None), (0.5, None), (1.0, 10.0), (0.5, 10.0))


def measurements(shared: Path) -> Iterator[Measurement]:
    """Give the rows of all three tables."""
    for name in answers.NAMES:
        yield Measurement(ANSWERS, name, partial(_answers, name))
    for seconds in SECONDS:
        yield Measurement(STEADY, f"{seconds:g} s", partial(_steady, seconds, shared))
    for seconds, repeated in LENGTHS:
        name = f"{seconds:g} s"
        name += "" if repeated is None else f", repeated to {repeated:g} s"
        yield Measurement(SHORT, name, partial(_short, seconds, repeated, shared))


def _answers(name: str) -> Row:
    model = answers.build(name)
    with tempfile.TemporaryDirectory() as folder:
        clips = answers.clips_for(model, Path(folder))
        given = answers.clip_answers(model, clips, Path(folder) / "cache")
        heard = list(answers.over_time(model, clips.paths))
        found = list(answers.scenes(model, [clips.paths[n] for n in (0, 2)]))
    return {
        "rest": model.spec.rest,
        "who": sorted(given),
        "clips": worst(given.values()),
        "over time": worst(pairs["scores"] for pairs in heard),
        "scenes": worst(found) if found else None,
    }


def _steady(seconds: float, shared: Path) -> Row:
    model = FACTORIES["EfficientAT"](weights="audioset")
    rate = model.spec.sample_rate
    name = EFFICIENT_AT_CLIPS["helicopter"]
    path = shared / "data" / "esc10" / "audio" / f"{name}.ogg"
    longest = round(max(SECONDS) * rate)
    clip = np.resize(load_audio(path, rate), longest)[: round(seconds * rate)]
    tags = dict(model.tag(clip, rate, top=len(model.spec.labels)))
    scores = model.predict(clip[None], verbose=0)[0]
    whole = dict(zip(model.spec.labels, scores, strict=True))
    best = max(tags, key=lambda label: tags[label])
    return {
        "label": best,
        "score": f"{tags[best]:.4f}",
        "silence": f"{tags['Silence']:.4f}",
        "predict": max(abs(tags[label] - float(whole[label])) for label in tags),
    }


def chosen(shared: Path) -> list[tuple[str, Path]]:
    """Give the first clips of each class in the order of the table."""
    clips = ESC50(shared / "data" / "esc10", esc10=True)
    return [
        (name, clips.paths[n])
        for number, name in enumerate(clips.class_names)
        for n in np.flatnonzero(clips.targets == number)[:PER_CLASS]
    ]


def loudest(clip: np.ndarray, samples: int) -> np.ndarray:
    """Give the piece of a clip that has the most energy, or all of a short one."""
    if len(clip) <= samples:
        return clip
    energy = np.cumsum(np.append(0.0, clip.astype("float64") ** 2))
    start = int((energy[samples:] - energy[:-samples]).argmax())
    return clip[start : start + samples]


def _short(seconds: float, repeated: float | None, shared: Path) -> Row:
    model = FACTORIES["EfficientAT"](weights="audioset")
    rate = model.spec.sample_rate
    if repeated is not None:
        model = model.with_windows(repeat_to_seconds=repeated)
    clips = chosen(shared)
    named = 0
    for name, path in clips:
        clip = loudest(load_audio(path, rate), round(seconds * rate))
        best = {label for label, _ in model.tag(clip, rate, top=BEST)}
        named += not best.isdisjoint(AUDIOSET[name])
    return {
        "named": named,
        "of": len(clips),
        "clips": [path.stem for _, path in clips],
    }
