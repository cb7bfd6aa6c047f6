"""The vectors that a probe is fitted on: those of whole clips, or of their windows."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.check import listed
from kerasaudio.features import FeatureExtractor, Features
from kerasaudio.transfer.arrays import as_array

SEQUENCE_SECONDS = 1.0  # window for recurrent probes, where the network takes any
SEQUENCE_OVERLAP = 2  # windows over each moment there
FIXED_OVERLAP = 3  # and where it takes one length, often that of half a clip

Source = FeatureExtractor | AudioModel


def as_extractor(source: Source, probe: str, layer: str) -> FeatureExtractor:
    """Return the extractor of what a probe needs.

    Raises:
        ValueError: Neither model nor extractor, or an extractor that pools what the
            probe needs apart, or keeps apart what it needs pooled.
    """
    if isinstance(source, AudioModel):
        # A probe is a head of one's own: it hears all of a clip.
        source = AudioModel(
            source.input,
            source.output,
            name=source.name,
            spec=source.spec.of_own_head(),
        )
        if probe != "gru":
            return FeatureExtractor(source, layer)
        window, hop = _sequence(source.spec)
        return FeatureExtractor(
            source, layer, window_seconds=window, hop_seconds=hop, pool=None
        )
    if not isinstance(source, FeatureExtractor):
        raise ValueError(
            "cross_validate takes an AudioModel or a FeatureExtractor. "
            f"Received: {type(source).__name__}."
        )
    pool = source.origin["pool"]
    if (probe == "gru") != (pool is None):
        need = "windows: pool=None" if probe == "gru" else "one vector a clip: a pool"
        raise ValueError(
            f"The probe {probe!r} needs {need}. Received: an extractor with "
            f"pool={pool!r}."
        )
    return source


def _sequence(spec: AudioSpec) -> tuple[float | None, float | None]:
    if spec.hop_samples is not None:
        return None, None  # the network's own windows overlap
    if spec.clip_samples is not None:
        return None, spec.clip_samples / spec.sample_rate / FIXED_OVERLAP
    window = max(SEQUENCE_SECONDS, spec.min_samples / spec.sample_rate)
    return window, window / SEQUENCE_OVERLAP


def clip_features(
    extractor: FeatureExtractor,
    clips: LabeledClips,
    probe: str,
    progress: bool | None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return features (clips, n), or (clips, windows, n) for "gru", and their origin.

    Raises:
        ValueError: A clip cannot be read, or its vectors are not finite.
    """
    found = extractor.extract(clips.paths, progress=progress)
    if found.failed:
        errors = [f"{f.path.name}: {f.error}" for f in found.failed]
        raise ValueError(
            f"{len(errors)} of the {len(clips)} clips of {clips.name} cannot be used, "
            f"and without them the figures would be of another data set. "
            f"{listed(errors)}"
        )
    rows = _rows_by_path(found)
    each = [found.vectors[rows[_key(path)]] for path in clips.paths]
    if probe != "gru":
        each = [vectors[0] for vectors in each]
    return as_array(each, probe), dict(found.origin)


def _rows_by_path(found: Features) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, path in enumerate(found.paths):
        rows.setdefault(_key(path), []).append(row)
    return rows


def _key(path: Path) -> str:
    return os.path.abspath(path)
