"""One prediction a clip: the mean over its windows."""

from typing import Any

import numpy as np

from kerasaudio.datasets.clips import LabelledClips
from kerasaudio.datasets.targets import spec_of


def predict_clips(
    model: Any, clips: LabelledClips, batch_size: int = 32, **settings: Any
) -> np.ndarray:
    """Run a model over all windows of each clip, and average its outputs.

    Args:
        model: A model of kerasaudio.
        clips: With files, and parts of them; labels are not looked at.
        batch_size: Windows in a batch.
        **settings: As for `ClipBatches`: clip_seconds, windows_per_clip, silence_db,
            errors, cache, dtype, readers.

    Returns:
        float32 (clips, outputs); NaN for clips that ``errors="skip"`` left out.

    Raises:
        ValueError, OSError: As `ClipBatches`.
    """
    spec = spec_of(model).replace(labels=None)
    batches = clips.batches(spec, batch_size, training=False, **settings)
    assert batches.clip_of is not None
    outputs = np.asarray(model.predict(batches, verbose=0), "float64")
    return mean_by_clip(outputs, batches.clip_of, batches.kept, len(clips))


def mean_by_clip(
    outputs: np.ndarray, clip_of: np.ndarray, kept: np.ndarray, clips: int
) -> np.ndarray:
    """Average outputs over the windows of each clip.

    Args:
        outputs: (windows, outputs).
        clip_of: Number of each window's clip among those kept.
        kept: Their positions.
        clips: How many there are; those not kept get NaN.

    Returns:
        float32 (clips, outputs).
    """
    total = np.zeros((len(kept), *outputs.shape[1:]))
    np.add.at(total, clip_of, outputs)
    counts = np.bincount(clip_of, minlength=len(kept))
    means = np.full((clips, *outputs.shape[1:]), np.nan, "float32")
    means[kept] = (total.T / counts).T
    return means
