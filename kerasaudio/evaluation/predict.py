"""Predict one row of scores per clip: the weighted mean over its windows."""

from typing import Any

import numpy as np

from kerasaudio.audio.window_rule import weighted_means
from kerasaudio.core.windowed import Hearing, run
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.datasets.batching.targets import spec_of
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.protocol import check_clips


def predict_clips(
    model: Any, clips: LabeledClips, batch_size: int = 32, **settings: Any
) -> np.ndarray:
    """Run a model over all windows of each clip and average its outputs.

    Windows and averages are those of `model.tag`.

    Args:
        model: A model of kerasaudio.
        clips: Files or parts of files; their classes are not used.
        batch_size: Number of windows in a batch.
        **settings: Arguments of `ClipBatches`: clip_seconds, windows_per_clip,
            silence_db, errors, cache, dtype, readers.

    Returns:
        float32 (clips, outputs); NaN for clips that ``errors="skip"`` left out.

    Raises:
        ValueError, OSError: As for `ClipBatches`.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.load("LeNetMFCC/fsdd")
        >>> scores = kerasaudio.evaluation.predict_clips(model, clips)
        >>> scores.shape
        (8, 10)
    """
    check_clips(clips)
    spec = spec_of(model).replace(labels=None)
    batches = clips.batches(spec, batch_size, training=False, **settings)
    means = np.full((len(clips), model.output_shape[-1]), np.nan, "float32")
    means[batches.kept] = predict_kept(model, batches)
    return means


def predict_kept(model: Any, batches: ClipBatches) -> np.ndarray:
    """Return the mean outputs of each clip in the batches, float32 (clips, outputs).

    Raises:
        ValueError: The model scores frames.
    """
    if len(model.output_shape) == 3:
        raise ValueError(
            f"{model.name} scores frames, not clips. Pass the model it was made from."
        )
    return means_of_windows(batches, predict_windows(model, batches))


def predict_windows(model: Any, batches: ClipBatches) -> np.ndarray:
    """Return the outputs of each window in the batches, (windows, outputs)."""
    if not batches.in_order:
        return np.concatenate(
            [run(model.predict_on_batch, batches[i][0]) for i in range(len(batches))]
        )
    assert batches.clip_of is not None
    hear, outputs, begin = Hearing(model), [], 0
    count = np.bincount(batches.clip_of)
    for number in range(len(batches)):
        windows = batches[number][0]
        clips = batches.clip_of[begin : begin + len(windows)]
        alone = bool((count[clips] == 1).all())
        outputs.append(hear(windows, clips.tolist(), alone))
        begin += len(windows)
    return np.concatenate(outputs)


def means_of_windows(batches: ClipBatches, outputs: np.ndarray) -> np.ndarray:
    """Return the mean of window outputs over each clip, float32 (clips, outputs)."""
    assert batches.clip_of is not None
    clips, weights = len(batches.kept), batches.window_weights
    return weighted_means(outputs, batches.clip_of, weights, clips).astype("float32")
