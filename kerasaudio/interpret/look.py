"""A page that shows, and plays, what a network listens to in a sound."""

import base64
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.events.timeline import timeline
from kerasaudio.interpret.attribution import Attribution, check_attribution
from kerasaudio.interpret.target import activation_name, has_logits
from kerasaudio.layers.filterbank import hertz_to_mel
from kerasaudio.plot.attribution import on_picture
from kerasaudio.plot.check import check_path
from kerasaudio.plot.clips import Sound, embed
from kerasaudio.plot.document import write_document
from kerasaudio.plot.sound import RANGE_DB, Picture, Scale, measure, open_sound

MOST_SECONDS = 60
_MEGABYTES = 8
_COLUMNS = 900
_TAGS = 8
_MOST_CELLS = 400
_TICKS = (250, 500, 1_000, 2_000, 4_000, 8_000, 16_000)


def look_page(
    model: AudioModel,
    found: Attribution,
    path: str | PathLike[str],
    *,
    name: str = "",
    keep: float | None = None,
) -> Path:
    """Write a page with a sound, and with what a network listens to in it.

    It is one HTML file, which needs no network: waveform, spectrogram, saliency, the
    sound and what the network listened to (as MP3), and the tags over time.

    Args:
        model: The model that was explained.
        found: The attribution.
        path: HTML file to write.
        name: Name of the sound, for the title.
        keep: See `Attribution.sound`.

    Returns:
        The path.

    Raises:
        ValueError: The sound is longer than 60 s; the suffix is not .html.
        OSError: The file cannot be written.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> found = kerasaudio.interpret.occlusion(model, "song.wav", label="3")
        >>> kerasaudio.interpret.look_page(model, found, "look.html").name
        'look.html'
    """
    check_model(model, "look_page")
    check_attribution(found)
    target = check_path(path, (".html", ".htm"))
    if found.seconds > MOST_SECONDS:
        raise ValueError(
            f"A page takes sounds of up to {MOST_SECONDS} s. Received: "
            f"{found.seconds:.1f} s. Pass a part of the sound."
        )
    with open_sound(found.waveform, found.sample_rate) as sound:
        picture = measure(sound, Scale())
    heard = found.sound(keep)
    sounds = [Sound(_loud(each), None) for each in (found.waveform, heard)]
    clips = embed(sounds, found.sample_rate, MOST_SECONDS + 1, _MEGABYTES)
    times, mass = found.over_time()
    who = model.spec.preset or model.name
    title = f"What {who} listens to for {found.target!r}"
    data = {
        "title": title,
        "about": name,
        "target": found.target,
        "facts": (
            f"Method: {found.method}. Score that is explained"
            f"{_before_activation(model, found)}: {found.score:.3g}. "
            f"{found.seconds:.2f} s at {found.sample_rate:,} Hz."
        ),
        "note": "" if found.mass else f"Nothing in it speaks for {found.target!r}.",
        "seconds": found.seconds,
        "peak": round(float(times[mass.argmax()]), 2),
        "mass": _rounded(mass / max(float(mass.max()), 1e-12)),
        "wave": _envelope(found.waveform),
        "picture": _picture(found, picture),
        "inFrequency": found.frequencies is not None and found.values.ndim == 2,
        "sounds": [clips.sources[number] for number in clips.of_points],
        **_tags(model, found),
    }
    write_document(target, "kerasaudio.interpret", "look", title, data, "data:")
    return target


def _before_activation(model: AudioModel, found: Attribution) -> str:
    """Return a remark if the score is that before the activation; see `find_target`."""
    is_logit = "label" in found.asked and has_logits(model)
    return f", before the {activation_name(model)}" if is_logit else ""


def _picture(found: Attribution, picture: Picture) -> dict[str, Any]:
    """Return spectrogram and mask as bytes, the lowest row first."""
    each = -(-picture.levels.shape[1] // _COLUMNS)
    columns = np.arange(0, picture.levels.shape[1], each)
    levels = np.maximum.reduceat(picture.levels, columns, axis=1)
    mask = on_picture(found, picture, "mel")
    top = hertz_to_mel(picture.highest)
    return {
        "levels": _bytes(1 + levels / RANGE_DB),
        "rows": levels.shape[0],
        "columns": levels.shape[1],
        "seconds": picture.shown_seconds,
        "mask": _bytes(mask),
        "maskRows": mask.shape[0],
        "maskColumns": mask.shape[1],
        "ticks": [
            [f"{hertz / 1000:g}", round(float(hertz_to_mel(hertz) / top), 4)]
            for hertz in _TICKS
            if hertz < picture.highest
        ],
    }


def _tags(model: AudioModel, found: Attribution) -> dict[str, Any]:
    """Return the scores of the highest tags over time, and of the target."""
    if model.spec.labels is None:
        return {"tags": [], "highest": 1}
    line = timeline(model, found.waveform, found.sample_rate)
    order = np.argsort(-line.scores.max(axis=0), kind="stable")[:_TAGS].tolist()
    own = found.asked.get("label")
    if own in line.labels and line.labels.index(own) not in order:
        order = [*order[:-1], line.labels.index(own)]
    each = -(-len(line) // _MOST_CELLS)
    firsts = np.arange(0, len(line), each)
    scores = np.maximum.reduceat(line.scores, firsts, axis=0)
    begins = line.cells[firsts, 0]
    ends = line.cells[np.append(firsts[1:], len(line)) - 1, 1]
    tags = [
        {
            "name": line.labels[column],
            "cells": [
                [round(float(value), 3) for value in cell]
                for cell in zip(begins, ends, scores[:, column], strict=True)
            ],
        }
        for column in order
    ]
    return {"tags": tags, "highest": max(float(line.scores[:, order].max()), 1e-3)}


def _envelope(waveform: np.ndarray) -> list[list[float]]:
    """Return the lowest and the highest sample of each column, the loudest 1."""
    starts = np.unique(np.linspace(0, len(waveform) - 1, _COLUMNS).astype(int))
    scale = max(float(np.abs(waveform).max()), 1e-9)
    low = np.minimum.reduceat(waveform, starts) / scale
    high = np.maximum.reduceat(waveform, starts) / scale
    return [_rounded(pair) for pair in zip(low, high, strict=True)]


def _loud(waveform: np.ndarray) -> np.ndarray:
    """Return a waveform that does not clip."""
    return waveform / max(1.0, float(np.abs(waveform).max()))


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 3) for value in values]


def _bytes(shares: np.ndarray) -> str:
    whole = np.rint(255 * np.clip(shares, 0, 1)).astype(np.uint8)
    return base64.b64encode(whole.tobytes()).decode("ascii")
