"""All clips of a data set in memory: cut to one length for training, and whole."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerasaudio.audio import load_audio
from kerasaudio.audio.window_rule import WindowRule, weighted_means
from kerasaudio.core import AudioSpec
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.windowed import Hearing, Predict
from kerasaudio.datasets.batching.cutting import by_length, window_length

_READERS = 4
_LEAST = 0.5  # least fraction of a training window that is not padding


@dataclass(frozen=True)
class Waveforms:
    """Clips, and windows of equal length for training, in the order of their clips.

    Attributes:
        clips: Waveform of each clip, float32 (samples,).
        samples: Windows, float32 (windows, samples).
        clip_of: Number of the clip that each window is cut from, int64 (windows,).
        rule: How clips are cut for prediction.
    """

    clips: Sequence[np.ndarray]
    samples: np.ndarray
    clip_of: np.ndarray
    rule: WindowRule

    def answers(
        self,
        network: InferenceModel | Predict,
        clips: np.ndarray,
        batch_size: int,
    ) -> np.ndarray:
        """Return the outputs for some clips, as `AudioModel.tag` averages them.

        Args:
            network: Network, or function, that returns (batch, outputs) for (batch,
                samples).
            clips: Numbers of the clips.
            batch_size: Number of windows in a batch.

        Returns:
            Mean outputs, float64 (clips, outputs).
        """
        cut = [self.rule.cut(self.clips[clip]) for clip in clips.tolist()]
        windows = [window for one in cut for window in one]
        clip_of = np.repeat(np.arange(len(cut)), [len(one) for one in cut])
        sizes = [len(window.samples) for window in windows]
        batches = by_length(sizes, batch_size, self.rule.step > 1)
        hear, order = Hearing(network), np.concatenate(batches)
        each = (np.stack([windows[i].samples for i in batch]) for batch in batches)
        outputs = np.concatenate(
            [
                hear(samples, clip_of[batch].tolist())
                for samples, batch in zip(each, batches, strict=True)
            ]
        )
        weights = np.array([window.weight for window in windows])[order]
        return weighted_means(outputs, clip_of[order], weights, len(cut))


def load_waveforms(
    paths: Sequence[Path], spec: AudioSpec, clip_seconds: float | None
) -> Waveforms:
    """Decode clips and cut them into windows that the network accepts.

    For training, a clip is cut into as many windows as fit, plus one if at least half a
    window is left; at least one, padded as in `spec.window_padding`.

    Args:
        paths: Audio files.
        spec: Spec of the network.
        clip_seconds: Length of a window in seconds; None for the network's own. If the
            network accepts any length, None means the median length of the clips, at
            most `spec.window_samples`, for training, and the windows of
            `AudioModel.tag` for prediction.

    Raises:
        ValueError: The network does not accept the length.
        OSError: A file is missing or cannot be decoded.
    """
    if clip_seconds is not None:
        window_length(spec, clip_seconds, np.zeros(1))  # before all are decoded
        spec = spec.with_windows(clip_seconds)
    with ThreadPoolExecutor(_READERS) as pool:
        clips = list(pool.map(lambda path: load_audio(path, spec.sample_rate), paths))
    size = window_length(spec, clip_seconds, np.array([len(clip) for clip in clips]))
    learn = spec.over_time().replace(
        window_samples=size,
        min_samples=size,
        short_samples=0,
        hop_samples=None,
        step_samples=None,
        rest="count",
    )
    cut = [_pieces(clip, learn.rule) for clip in clips]
    counts = [len(pieces) for pieces in cut]
    return Waveforms(
        clips,
        np.concatenate(cut),
        np.repeat(np.arange(len(cut)), counts),
        spec.of_own_head().rule,
    )


def _pieces(clip: np.ndarray, rule: WindowRule) -> np.ndarray:
    windows = rule.cut(clip)
    long = [window.samples for window in windows if window.weight >= _LEAST]
    return np.stack(long or [windows[0].samples])
