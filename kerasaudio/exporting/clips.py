"""Clips for calibration and verification: the user's own, or synthetic ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np

from kerasaudio.audio import find_audio
from kerasaudio.core import AudioSpec
from kerasaudio.core.checks import check_batch
from kerasaudio.core.windowed import waveform_windows
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.batching.targets import targets_for
from kerasaudio.exporting.facts import artifact_spec

Clips = str | PathLike[str] | Sequence[str | PathLike[str]] | np.ndarray | LabeledClips

MOST = 128  # more windows hardly change the ranges that calibration finds
SYNTHETIC = 8


@dataclass(frozen=True)
class Probe:
    """Waveforms to run.

    Attributes:
        windows: Waveforms, float32 (windows, samples).
        source: Where they are from, as text for the report.
        clip_of: Number of each window's clip, with `classes`; otherwise None.
        classes: Class number of each clip; None if unknown.
        weights: Weight of each window in the mean over its clip, with `classes`;
            otherwise None.
    """

    windows: np.ndarray
    source: str
    clip_of: np.ndarray | None = None
    classes: np.ndarray | None = None
    weights: np.ndarray | None = None


def gather(clips: Clips, spec: AudioSpec, samples: int, what: str) -> Probe:
    """Read clips as windows of one length.

    Args:
        clips: A folder, files, an array (clips, samples) at the model's rate, or
            labeled clips of `kerasaudio.datasets`. From folders and files at most 128
            windows are used, spread over the files; from the others all.
        spec: Spec of the model.
        samples: Length of the windows in samples.
        what: Name of the argument, for error messages.

    Raises:
        ValueError: There are no clips, clips are unusable, or the model lacks a class.
        OSError: Files are missing or cannot be decoded.
    """
    exact = artifact_spec(spec, samples)
    if isinstance(clips, LabeledClips):
        return _labeled(clips, exact, what)
    if isinstance(clips, np.ndarray):
        windows = check_batch(clips, exact).astype("float32")
        return Probe(windows, f"an array of {len(windows)}")
    is_path = isinstance(clips, str | PathLike)
    if not is_path and not isinstance(clips, Sequence):
        raise ValueError(
            f"{what} must be a folder, files, an array (clips, samples) or clips of "
            f"kerasaudio.datasets. Received: {type(clips).__name__}."
        )
    try:
        files = find_audio(clips)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
    per_file = max(MOST // len(files), 1)
    chosen = [files[i] for i in _evenly(len(files), MOST)]
    rows = [
        window.samples
        for file in chosen
        for window in islice(waveform_windows(exact, file), per_file)
    ]
    return Probe(np.stack(rows), f"of {len(chosen)} files of yours")


def _evenly(count: int, most: int) -> np.ndarray:
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)


def _labeled(clips: LabeledClips, spec: AudioSpec, what: str) -> Probe:
    if clips.multi_label:
        raise ValueError(
            f"{what} needs clips with one class each, to compute the accuracy. "
            f"{clips.name} has several classes per clip."
        )
    if spec.labels is None:
        raise ValueError(
            f"{what}: the model has no labels to compare with those of {clips.name}."
        )
    classes, _ = targets_for(clips, spec, one_hot=False)
    batches = clips.batches(spec, training=False)
    windows = np.concatenate([batches[i][0] for i in range(len(batches))])
    source = f"windows of {len(clips)} clips of {clips.name}"
    return Probe(windows, source, batches.clip_of, classes, batches.window_weights)


def synthetic(spec: AudioSpec, samples: int) -> Probe:
    """Return different kinds of synthetic sounds: tones, sweeps, noise and clicks."""
    rng = np.random.default_rng(0)
    time = np.arange(samples) / spec.sample_rate
    seconds = samples / spec.sample_rate
    rows: list[Any] = []
    for number in range(SYNTHETIC // 4):
        loud = 0.4 / (1 + 3 * number)
        top = 0.4 * spec.sample_rate / (1 + number)
        pulses = np.zeros(samples)
        pulses[:: max(spec.sample_rate // (5 + 20 * number), 1)] = loud
        swell = np.sin(np.pi * time / seconds)
        rows += [
            loud * np.sin(2 * np.pi * 220 * (1 + 2 * number) * time),
            loud * np.sin(np.pi * top / seconds * time**2),
            loud * swell * rng.normal(0, 0.3, samples),
            pulses,
        ]
    # Noise, as in any recording; without it, the level between tones would be only
    # rounding error.
    noise = rng.normal(0, 1e-3, (len(rows), samples))
    return Probe((np.stack(rows) + noise).astype("float32"), "synthetic")
