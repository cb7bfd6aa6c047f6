"""The vectors for fitting a probe: those of whole clips, or of their windows."""

import os
from collections.abc import Sequence
from os import PathLike
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
        source = hearing_all(source)
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


def hearing_all(model: AudioModel) -> AudioModel:
    """Return a model with the same layers that uses the whole of each clip.

    A probe is a head of one's own, which does so, too.
    """
    spec = model.spec.of_own_head()
    return AudioModel(model.input, model.output, name=model.name, spec=spec)


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
    each, origin = file_vectors(extractor, clips.paths, clips.name, progress)
    if probe != "gru":
        each = [vectors[0] for vectors in each]
    return as_array(each, probe), origin


def file_vectors(
    extractor: FeatureExtractor,
    paths: Sequence[str | PathLike[str]],
    name: str,
    progress: bool | None,
) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Return the vectors (rows, n) of each file, and their origin.

    Args:
        extractor: Extractor, which keeps the vectors on disk.
        paths: Files; one may be there several times.
        name: Name of the collection of files, for the error.
        progress: As for `FeatureExtractor.extract`.

    Raises:
        ValueError: A file cannot be read.
        OSError: A file is missing, or the cache cannot be written.
    """
    found = extractor.extract(paths, progress=progress)
    if found.failed:
        errors = [f"{f.path.name}: {f.error}" for f in found.failed]
        raise ValueError(
            f"{len(errors)} of the {len(paths)} clips of {name} cannot be used. "
            f"Without them, the results would be for another data set. "
            f"{listed(errors)}"
        )
    rows = _rows_by_path(found)
    return [found.vectors[rows[_key(path)]] for path in paths], dict(found.origin)


def _rows_by_path(found: Features) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, path in enumerate(found.paths):
        rows.setdefault(_key(path), []).append(row)
    return rows


def _key(path: str | PathLike[str]) -> str:
    return os.path.abspath(path)
