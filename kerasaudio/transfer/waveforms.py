"""All clips of a data set in memory, cut or padded to one length."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerasaudio.audio import load_audio, windows
from kerasaudio.datasets.cutting import window_length
from kerasaudio.models import AudioSpec

_READERS = 4


@dataclass(frozen=True)
class Waveforms:
    """Windows of equal length, in the order of their clips.

    Attributes:
        samples: float32 (windows, samples).
        clip_of: Number of the clip that a window is cut from, int64 (windows,).
    """

    samples: np.ndarray
    clip_of: np.ndarray

    def mean_by_clip(self, outputs: np.ndarray, clips: np.ndarray) -> np.ndarray:
        """Average the outputs of the windows of each of some clips.

        Args:
            outputs: One row for each window of these clips, in order.
            clips: Clip numbers, ascending.
        """
        rows = np.searchsorted(clips, self.clip_of[np.isin(self.clip_of, clips)])
        total = np.zeros((len(clips), outputs.shape[1]))
        np.add.at(total, rows, outputs)
        return total / np.bincount(rows, minlength=len(clips))[:, None]


def load_waveforms(
    paths: Sequence[Path], spec: AudioSpec, clip_seconds: float | None
) -> Waveforms:
    """Decode clips and cut them into windows that the network takes.

    A clip gives as many windows as fit, a rest of half a window or more counting as
    one; at least one, filled up as `spec.window_padding` says.

    Args:
        paths: Files.
        spec: Of the network.
        clip_seconds: Length of a window; None for the network's, where it has one
            length only, or else for the median length of the clips, at most
            `spec.window_samples`.

    Raises:
        ValueError: A length that the network cannot take.
        OSError: A file is missing or cannot be decoded.
    """
    if clip_seconds is not None:
        window_length(spec, clip_seconds, np.zeros(1))  # before all are decoded
    with ThreadPoolExecutor(_READERS) as pool:
        clips = list(pool.map(lambda path: load_audio(path, spec.sample_rate), paths))
    size = window_length(spec, clip_seconds, np.array([len(clip) for clip in clips]))
    cut = [_cut(clip, size, spec) for clip in clips]
    counts = [len(pieces) for pieces in cut]
    return Waveforms(np.concatenate(cut), np.repeat(np.arange(len(cut)), counts))


def _cut(clip: np.ndarray, size: int, spec: AudioSpec) -> np.ndarray:
    pieces, _ = windows(clip, size, None, spec.window_padding)[:2]
    return pieces[: max(1, round(len(clip) / size))]
