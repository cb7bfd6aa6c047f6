"""From the arguments of a method to what it works on, and on to its result."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.interpret.attribution import Attribution, Kind
from kerasaudio.interpret.kept import kept
from kerasaudio.interpret.target import find_target
from kerasaudio.interpret.view import On, View, hear


def explain(
    model: AudioModel,
    audio: Any,
    sample_rate: int | None,
    label: str | None,
    layer: str | None,
    unit: int | None,
    on: On,
) -> tuple[View, dict[str, Any]]:
    """Return the windows of a sound, and the arguments that name the target.

    Raises:
        ValueError: The model has no such label, layer, unit or spectrogram; the audio
            is unusable or silent.
        OSError: The file is missing or cannot be decoded.
    """
    check_model(model, "Attribution")
    target = find_target(model, label, layer=layer, unit=unit)
    label = None if label is None else target.name
    named = {"label": label, "layer": layer, "unit": unit}
    asked = {name: value for name, value in named.items() if value is not None}
    clip = hear(model, audio, sample_rate)
    key = f"layer {layer}" if label is None else "labels"
    network = kept(model, ("network", key), lambda: target.network)
    return View(model, clip, replace(target, network=network), on, key), asked


def result(
    view: View,
    asked: Mapping[str, Any],
    method: str,
    arrays: Sequence[np.ndarray],
    score: float,
    *,
    kind: Kind,
    details: Mapping[str, float] | None = None,
) -> Attribution:
    """Return the result for a clip from an array per window."""
    values = view.stitch(arrays)
    return Attribution(
        values=values,
        times=view.times,
        frequencies=view.frequencies if values.ndim == 2 else None,
        target=view.target.name,
        score=score,
        method=method,
        kind=kind,
        waveform=view.clip,
        sample_rate=view.model.spec.sample_rate,
        asked=dict(asked),
        details=dict(details or {}),
    )
