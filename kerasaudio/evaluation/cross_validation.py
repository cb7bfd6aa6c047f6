"""Cross-validation: each fold is classified by a model trained on the other folds."""

from collections.abc import Iterable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from kerasaudio import version
from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.protocol import check_clips
from kerasaudio.evaluation.fold_report import FoldReport
from kerasaudio.features import FeatureExtractor
from kerasaudio.features.fingerprint import weights_hash
from kerasaudio.files.progress import hidden
from kerasaudio.transfer.fine_tuning import Tuner
from kerasaudio.transfer.logistic import Problem
from kerasaudio.transfer.probes import Fitter
from kerasaudio.transfer.settings import (
    ON_FEATURES,
    ON_WAVEFORMS,
    Probe,
    check_seed,
    settle,
)
from kerasaudio.transfer.vectors import Source, as_extractor, clip_features
from kerasaudio.transfer.waveforms import load_waveforms


class Found(NamedTuple):
    """Results of all folds; see `FoldReport`."""

    predictions: np.ndarray
    origin: dict[str, Any]
    seconds: dict[str, float]


def cross_validate(
    extractor_or_model: Source,
    dataset: LabeledClips,
    probe: Probe = "linear",
    seed: int = 0,
    *,
    layer: str = "embedding",
    progress: bool | None = None,
    **settings: Any,
) -> FoldReport:
    """Evaluate a pretrained network on the folds of a data set.

    For "linear", "mlp" and "gru", the vectors of each clip are computed once and kept
    on disk, so that later calls are fast. The classifier and the standardization before
    it are fitted on the training folds only.

    Args:
        extractor_or_model: A model, or a `FeatureExtractor` with its layer and windows;
            "gru" needs an extractor with pool=None. With a model, "gru" uses windows of
            1 s every 0.5 s, or the model's own.
        dataset: Clips with folds.
        probe: "linear": logistic regression. "mlp": one hidden layer. "gru": a
            recurrent layer over the windows. "frozen": a new head trained on waveforms,
            with the other layers unchanged. "full": the whole network is trained.
        seed: Random seed; the same seed gives the same results (on the same machine and
            backend).
        layer: Name of the model's layer to use for "linear", "mlp" and "gru".
        progress: Whether to show progress bars; None for only on terminals and
            in notebooks.
        **settings: Settings of the classifier; see `fit_probe` and `fine_tune`.

    Returns:
        Accuracy of each fold, confusion and predictions.

    Raises:
        ValueError: The data set has no folds, parts of files or several classes per
            clip; a clip cannot be read; the probe or a setting is unknown.
        OSError: Clips are missing, or the cache cannot be written.

    Examples:
        >>> clips = kerasaudio.datasets.from_table("clips.csv")
        >>> model = kerasaudio.load("LeNetMFCC/fsdd")
        >>> report = kerasaudio.cross_validate(model, clips)
        >>> report
        FoldReport('clips', clips=8, accuracy=1, std=0)
        >>> report.folds
        (1.0, 1.0)
    """
    settled = settle(probe, settings, ON_FEATURES + ON_WAVEFORMS)
    seed = check_seed(seed)
    check_clips(dataset)
    dataset.require_whole_files("cross_validate")
    dataset.require_folds()
    if probe in ON_FEATURES:
        extractor = as_extractor(extractor_or_model, probe, layer)
        found = _on_features(extractor, dataset, probe, seed, settled, progress)
    else:
        model = _model(extractor_or_model, probe)
        found = _on_waveforms(model, dataset, probe, seed, settled, progress)
    return FoldReport.of(
        dataset, probe=probe, seed=seed, settings=settled, **found._asdict()
    )


def _on_features(
    extractor: FeatureExtractor,
    clips: LabeledClips,
    probe: str,
    seed: int,
    settings: dict[str, Any],
    progress: bool | None,
) -> Found:
    began = perf_counter()
    features, origin = clip_features(extractor, clips, probe, progress)
    prepared = perf_counter()
    fitter = Fitter(probe, len(clips.class_names), settings, seed)
    splits = _splits(clips)
    problems = (Problem(features[train], clips.targets[train]) for train, _ in splits)
    predictions = np.zeros(len(clips), np.int64)
    fits = zip(fitter.fit_each(problems), splits, strict=True)
    for fitted, (_, test) in _bar(fits, len(splits), progress):
        predictions[test] = fitted.predict(features[test]).argmax(axis=1)
    return Found(predictions, origin, _seconds(began, prepared))


def _on_waveforms(
    model: AudioModel,
    clips: LabeledClips,
    probe: str,
    seed: int,
    settings: dict[str, Any],
    progress: bool | None,
) -> Found:
    began = perf_counter()
    waveforms = load_waveforms(clips.paths, model.spec, settings["clip_seconds"])
    prepared = perf_counter()
    tuner = Tuner(
        model, waveforms, clips.targets, clips.class_names, probe, settings, seed
    )
    predictions = np.zeros(len(clips), np.int64)
    splits = _splits(clips)
    for train, test in _bar(splits, len(splits), progress):
        tuner.fit(train)
        predictions[test] = tuner.predict(test).argmax(axis=1)
    spec = model.spec
    origin = {
        "model": spec.preset or spec.architecture or model.name,
        "sample_rate": spec.sample_rate,
        "clip_samples": waveforms.samples.shape[1],
        "weights_hash": weights_hash(model),
        "kerasaudio": version.__version__,
    }
    return Found(predictions, origin, _seconds(began, prepared))


def _splits(clips: LabeledClips) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the positions of the training and test clips of each fold."""
    folds = clips.require_folds()
    return [
        (np.flatnonzero(folds != fold), np.flatnonzero(folds == fold))
        for fold in np.unique(folds)
    ]


def _bar(folds: Iterable[Any], total: int, progress: bool | None) -> Iterable[Any]:
    hide = hidden(progress)
    return tqdm(folds, total=total, unit="fold", disable=hide, leave=False)


def _seconds(began: float, prepared: float) -> dict[str, float]:
    return {
        "features": round(prepared - began, 3),
        "folds": round(perf_counter() - prepared, 3),
    }


def _model(source: Source, probe: str) -> AudioModel:
    if not isinstance(source, AudioModel):
        raise ValueError(
            f"{probe!r} trains a network on waveforms. Pass the AudioModel itself. "
            f"Received: {type(source).__name__}."
        )
    return source
