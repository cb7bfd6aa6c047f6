"""The extractors of estimators: one for all estimators with the same network.

Searches and cross-validation copy an estimator many times. The copies share its
network, which none of them changes, so that it is loaded and compiled once.
"""

from collections.abc import Sequence
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from kerasaudio.features import FeatureExtractor
from kerasaudio.files.file_state import FileState
from kerasaudio.transfer.vectors import hearing_all

_KEPT = 2  # extractors, with their networks


class Wanted(NamedTuple):
    """What determines an extractor.

    Attributes:
        model: Name or path of a model, a factory, or an `AudioModel`.
        layer: Names of layers.
        pool: "mean" or "max".
        window_seconds: As for `FeatureExtractor`.
        hop_seconds: As for `FeatureExtractor`.
        cache: As for `FeatureExtractor`.
        hears_all: Whether the whole of each clip is used, as for probes.
        state: State of the model's file, if it is one.
    """

    model: Any
    layer: str | tuple[str, ...]
    pool: str
    window_seconds: float | None
    hop_seconds: float | None
    cache: str | PathLike[str] | None
    hears_all: bool
    state: FileState | None


def extractor_for(
    model: Any,
    layer: str | Sequence[str],
    pool: Any,
    window_seconds: float | None,
    hop_seconds: float | None,
    cache: str | PathLike[str] | None,
    *,
    hears_all: bool,
) -> FeatureExtractor:
    """Return an extractor; for the same arguments as before, the same one.

    Args:
        model: As for `FeatureExtractor`.
        layer: As for `FeatureExtractor`.
        pool: "mean" or "max".
        window_seconds: As for `FeatureExtractor`.
        hop_seconds: As for `FeatureExtractor`.
        cache: As for `FeatureExtractor`.
        hears_all: Whether the whole of each clip is used, as for probes.

    Raises:
        ValueError, OSError: As for `FeatureExtractor`; or `pool` is None.
    """
    if pool is None:
        raise ValueError(
            "pool must be 'mean' or 'max', because scikit-learn needs one row per "
            "clip. Received: None. For a row per window use "
            "kerasaudio.FeatureExtractor."
        )
    layers = layer if isinstance(layer, str) else tuple(layer)
    windows = (window_seconds, hop_seconds)
    state = None
    if isinstance(model, str | PathLike) and Path(model).is_file():
        state = FileState.of(Path(model))  # written anew, it is another model
    wanted = Wanted(model, layers, pool, *windows, cache, hears_all, state)
    try:
        hash(wanted)
    except TypeError:  # an argument is a list, say: let the extractor refuse it
        return _make(wanted)
    return _kept(wanted)


@lru_cache(maxsize=_KEPT)
def _kept(wanted: Wanted) -> FeatureExtractor:
    return _make(wanted)


def _make(wanted: Wanted) -> FeatureExtractor:
    model, *rest, hears_all, _ = wanted
    layer, pool, window_seconds, hop_seconds, cache = rest
    settings: dict[str, Any] = {
        "layer": layer,
        "window_seconds": window_seconds,
        "hop_seconds": hop_seconds,
        "pool": pool,
        "cache": cache,
    }
    extractor = FeatureExtractor(model, **settings)
    if hears_all:
        return FeatureExtractor(hearing_all(extractor.model), **settings)
    return extractor
