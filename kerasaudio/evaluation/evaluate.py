"""Evaluate a model on labeled clips, with scores averaged over windows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.audio_model import check_model
from kerasaudio.core.random_weights import warn_if_random
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.batching.targets import known_for, targets_for
from kerasaudio.datasets.learned import fingerprints
from kerasaudio.datasets.protocol import Clips
from kerasaudio.evaluation.clip_report import ClipReport
from kerasaudio.evaluation.predict import predict_clips
from kerasaudio.evaluation.tag_report import TagReport


def evaluate(model: AudioModel, clips: LabeledClips, **settings: Any) -> Any:
    """Evaluate a model on labeled clips; scores are averaged over a clip's windows.

    Args:
        model: Model whose labels include the class names of the clips.
        clips: Clips with one class each, or with several.
        **settings: Arguments of `predict_clips`: batch_size, clip_seconds,
            windows_per_clip, silence_db, errors, cache, dtype, readers.

    Returns:
        For clips with one class each a `ClipReport`, with accuracy and confusion. For
        clips that can have several a `TagReport`, with ranking metrics and F1 of tags.
        Its `learned` is the number of clips in files that `train` or `fine_tune` taught
        the model, recognized by their content (`spec.learned_files`).

    Raises:
        ValueError: The model lacks a class of the clips, or has no labels.
        OSError: A file is missing or cannot be decoded.

    Examples:
        >>> training, held_out = kerasaudio.datasets.from_table("clips.csv").hold_out(1)
        >>> model = kerasaudio.load("LeNetMFCC/fsdd")
        >>> vectors = kerasaudio.FeatureExtractor(model).extract(training.paths).vectors
        >>> probe = kerasaudio.transfer.fit_probe(vectors, training.targets)
        >>> tagger = kerasaudio.transfer.attach(model, probe, training.class_names)
        >>> report = kerasaudio.evaluate(tagger, held_out)
        >>> report.accuracy
        1.0
        >>> text = report.table()  # for people; report.save("report/") writes files
    """
    check_model(model, "evaluate")
    warn_if_random(model)
    if model.spec.labels is None:
        raise ValueError(
            f"{model.name} has no labels to compare with. Build it with labels=."
        )
    targets_for(clips, model.spec, one_hot=False)  # before anything is computed
    return report_on(model.spec, clips, predict_clips(model, clips, **settings))


def report_on(spec: AudioSpec, clips: Clips, scores: np.ndarray) -> Any:
    """Return the report on scores of clips; see `evaluate`.

    Args:
        spec: Spec of the model.
        clips: Labeled clips.
        scores: Mean scores, (clips, classes); NaN for clips that were left out.
    """
    targets, names = targets_for(clips, spec, one_hot=False)
    usable = np.isfinite(scores).all(axis=1)
    several = clips.multi_label
    report = TagReport if several else ClipReport
    return report(
        dataset=clips.name,
        class_names=names,
        paths=tuple(p for p, good in zip(clips.paths, usable, strict=True) if good),
        targets=targets[usable].astype(bool if several else np.int64),
        scores=scores[usable],
        skipped=tuple(p for p, g in zip(clips.paths, usable, strict=True) if not g),
        **({} if clips.known is None else {"known": known_for(clips, names)[usable]}),
        learned=_learned(spec.learned_files, clips.paths, usable),
        origin={"architecture": spec.architecture, "preset": spec.preset},
    )


def _learned(known: Sequence[str], paths: Sequence[Path], usable: np.ndarray) -> int:
    """Return the number of usable clips in files that the model was trained on."""
    if not known:
        return 0
    used = [path for path, good in zip(paths, usable, strict=True) if good]
    prints, learned = fingerprints(used), set(known)
    return sum(prints[path] in learned for path in used)
