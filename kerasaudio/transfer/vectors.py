"""The vectors for fitting a probe: those of whole clips, or of their windows."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.check import listed
from kerasaudio.features import FeatureExtractor, Features
from kerasaudio.transfer.arrays import as_array

SEQUENCE_SECONDS = 1.0  # window for recurrent probes, if the network accepts any
SEQUENCE_OVERLAP = 2  # overlapping windows in that case
FIXED_OVERLAP = 3  # overlapping windows of a fixed length, often that of half a clip

Source = FeatureExtractor | AudioModel


def as_extractor(source: Source, probe: str, layer: str) -> FeatureExtractor:
    """Return an extractor for a probe.

    Raises:
        ValueError: `source` is neither a model nor an extractor, or the extractor's
            pool does not fit the probe.
    """
    if isinstance(source, AudioModel):
        # A probe is a head of one's own, so it uses the whole clip.
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
            "extractor_or_model must be an AudioModel or a FeatureExtractor. "
            f"Received: {type(source).__name__}."
        )
    pool = source.origin["pool"]
    if (probe == "gru") != (pool is None):
        need = "windows: pool=None" if probe == "gru" else "one vector per clip: a pool"
        raise ValueError(
            f"The probe {probe!r} needs {need}. Received: an extractor with "
            f"pool={pool!r}."
        )
    return source


def _sequence(spec: AudioSpec) -> tuple[float | None, float | None]:
    if spec.hop_samples is not None:
        return None, None  # the network's own windows already overlap
    if spec.step_samples is not None:  # its windows share a state instead
        return SEQUENCE_SECONDS / SEQUENCE_OVERLAP, None
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
            f"{len(errors)} of the {len(clips)} clips of {clips.name} cannot be used. "
            f"Without them, the results would be for another data set. "
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
