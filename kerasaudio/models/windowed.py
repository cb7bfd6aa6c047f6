"""Run a network over audio of any length: window by window, outputs averaged."""

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import Any

import numpy as np

from kerasaudio import audio as audio_room
from kerasaudio.models.spec import AudioSpec

MIN_SECONDS = 0.05
BATCH = 8

Predict = Callable[[np.ndarray], Any]


class Lazy:
    """Make something at the first call and keep it, out of sight of Keras' tracking."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __call__(self) -> Any:
        """Give the one object."""
        if self._made is None:
            self._made = self._make()
        return self._made


def outputs(
    predict: Predict, spec: AudioSpec, audio: Any, sample_rate: int | None
) -> tuple[np.ndarray, bool]:
    """Give one output vector a clip, and whether a list of clips was passed."""
    several = is_several(audio)
    clips = audio if several else [audio]
    if not len(clips):
        raise ValueError("The list of audio is empty. Pass at least one clip.")
    rows = [
        np.mean(timeline(predict, spec, clip, sample_rate)[0], axis=0, dtype="float64")
        for clip in clips
    ]
    return np.stack(rows).astype("float32"), several


def is_several(audio: Any) -> bool:
    """Tell a list of clips from one clip; a list of numbers is one clip."""
    if isinstance(audio, np.ndarray | str | PathLike):
        return False
    if not isinstance(audio, Sequence):
        return False
    return not audio or not all(isinstance(item, int | float) for item in audio)


def timeline(
    predict: Predict, spec: AudioSpec, audio: Any, sample_rate: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Run over one clip.

    Returns:
        Outputs (windows, features), float32, and the windows' start times in seconds.
    """
    chunks, starts = [], []
    for batch, begin in _batches(waveform_windows(spec, audio, sample_rate)):
        chunks.append(np.asarray(_run(predict, batch), "float32"))
        starts.append(begin)
    return np.concatenate(chunks), np.concatenate(starts) / spec.sample_rate


def waveform_windows(
    spec: AudioSpec, audio: Any, sample_rate: int | None
) -> Iterator[tuple[np.ndarray, int]]:
    """Give (window, first sample) pairs of a file or an array.

    A long file is decoded block by block. A clip shorter than a window is filled up
    only as far as the network needs.
    """
    window, hop, padding = spec.window_samples, spec.hop_samples, spec.window_padding
    if isinstance(audio, str | PathLike):
        waveform = _beginning(spec, audio, sample_rate)
        if len(waveform) > window:
            yield from audio_room.iter_windows(
                audio, spec.sample_rate, window, hop, padding
            )
            return
    else:
        waveform = _array(spec, audio, sample_rate)
    if len(waveform) < MIN_SECONDS * spec.sample_rate:
        raise ValueError(
            f"The audio is too short to tell anything from: {len(waveform)} samples, "
            f"{len(waveform) / spec.sample_rate:.4f} s. It takes {MIN_SECONDS} s."
        )
    if len(waveform) < window:
        window = max(len(waveform), spec.min_samples)
    cut, starts = audio_room.windows(waveform, window, hop, padding)
    yield from zip(cut, map(int, starts), strict=True)


def _beginning(spec: AudioSpec, path: Any, sample_rate: int | None) -> np.ndarray:
    """Give a little more than a window of a file: what is shorter is all there is."""
    if sample_rate is not None:
        raise ValueError(
            "A file knows its own rate; pass sample_rate only with arrays. "
            f"Received: {path!r} with sample_rate={sample_rate!r}."
        )
    return audio_room.load_audio(
        path, spec.sample_rate, duration=spec.window_samples / spec.sample_rate + 1
    )


def _array(spec: AudioSpec, audio: Any, sample_rate: int | None) -> np.ndarray:
    if hasattr(audio, "read"):
        return audio_room.load_audio(audio, spec.sample_rate)
    waveform = audio_room.check_waveform(audio)
    if sample_rate is None:
        raise ValueError(
            "An array does not say its sample rate. Pass sample_rate=, in Hz, such "
            f"as sample_rate={spec.sample_rate}; other rates are resampled."
        )
    return audio_room.resample(waveform, sample_rate, spec.sample_rate)


def _batches(
    windows: Iterator[tuple[np.ndarray, int]],
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    pending: list[tuple[np.ndarray, int]] = []
    for window in windows:
        pending.append(window)
        if len(pending) == BATCH:
            yield _stack(pending)
            pending = []
    if pending:
        yield _stack(pending)


def _stack(pending: list[tuple[np.ndarray, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([window for window, _ in pending]), np.array(
        [start for _, start in pending]
    )


def _run(predict: Predict, batch: np.ndarray) -> np.ndarray:
    # Batches are filled up to a power of two: compilers (XLA) see few shapes.
    count = len(batch)
    full = 1 << (count - 1).bit_length()
    if full > count:
        batch = np.concatenate([batch, np.zeros_like(batch[: full - count])])
    return predict(batch)[:count]
