"""Run a network over audio of any length: window by window, outputs averaged."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np

from kerasaudio import audio as audio_room
from kerasaudio.audio.check import check_rate
from kerasaudio.audio.window import Window, cut_windows, stream_windows
from kerasaudio.models.spec import AudioSpec

MIN_SECONDS = 0.05
WHOLE_SECONDS = 30  # files up to this long are read at once, longer ones in blocks
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
    predict: Predict,
    spec: AudioSpec,
    audio: Any,
    sample_rate: int | None = None,
    errors: str = "raise",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run over one clip; `errors` as for `load_audio`.

    Returns:
        Outputs (windows, features), float32, and the windows' starts and ends in
        seconds, float64 (windows,).
    """
    chunks, spans = [], []
    for batch in batched(waveform_windows(spec, audio, sample_rate, errors)):
        waveforms = np.stack([window.samples for window in batch])
        chunks.append(run(predict, waveforms))
        spans += [(window.start, window.start + window.length) for window in batch]
    starts, ends = np.array(spans).T / spec.sample_rate
    return np.concatenate(chunks), starts, ends


def waveform_windows(
    spec: AudioSpec,
    audio: Any,
    sample_rate: int | None = None,
    errors: str = "raise",
) -> Iterator[Window]:
    """Give the windows of a file or an array; `errors` as for `load_audio`.

    A long file is decoded block by block. A clip shorter than a window is filled up
    only as far as the network needs.

    Raises:
        ValueError: No or a needless rate, an unusable waveform, too little of it.
        OSError: The file is missing or cannot be decoded.
    """
    window, hop, padding = spec.window_samples, spec.hop_samples, spec.window_padding
    if isinstance(audio, str | PathLike):
        seconds = max(WHOLE_SECONDS, window / spec.sample_rate)
        waveform = _beginning(spec, audio, sample_rate, seconds + 1, errors)
        if len(waveform) > seconds * spec.sample_rate:
            yield from stream_windows(
                audio, spec.sample_rate, window, hop, padding, errors=errors
            )
            return
    else:
        waveform = _array(spec, audio, sample_rate, errors)
    if len(waveform) < MIN_SECONDS * spec.sample_rate:
        raise ValueError(
            f"The audio is too short to tell anything from: {len(waveform)} samples, "
            f"{len(waveform) / spec.sample_rate:.4f} s. It takes {MIN_SECONDS} s."
        )
    if len(waveform) < window:
        window = max(len(waveform), spec.min_samples)
    yield from cut_windows(waveform, window, hop, padding)


def _beginning(
    spec: AudioSpec, path: Any, sample_rate: int | None, seconds: float, errors: str
) -> np.ndarray:
    """Give the beginning of a file: what is shorter is all there is."""
    if sample_rate is not None:
        raise ValueError(
            "A file knows its own rate; pass sample_rate only with arrays. "
            f"Received: {path!r} with sample_rate={sample_rate!r}."
        )
    return audio_room.load_audio(
        path, spec.sample_rate, duration=seconds, errors=errors
    )


def _array(
    spec: AudioSpec, audio: Any, sample_rate: int | None, errors: str
) -> np.ndarray:
    if hasattr(audio, "read"):
        return audio_room.load_audio(audio, spec.sample_rate, errors=errors)
    waveform = audio_room.check_waveform(audio)
    if sample_rate is None:
        raise ValueError(
            "An array does not say its sample rate. Pass sample_rate=, in Hz, such "
            f"as sample_rate={spec.sample_rate}; other rates are resampled."
        )
    rate = check_rate(sample_rate)
    return audio_room.resample(waveform, rate, spec.sample_rate)


def batched(windows: Iterator[Window]) -> Iterator[list[Window]]:
    """Give the windows in lists that are run at once."""
    while batch := list(islice(windows, BATCH)):
        yield batch


def run(predict: Predict, waveforms: np.ndarray) -> np.ndarray:
    """Run over a batch, (batch, samples); gives float32, (batch, features)."""
    # Batches are filled up to a power of two: compilers (XLA) see few shapes.
    count = len(waveforms)
    lacking = (1 << (count - 1).bit_length()) - count
    if lacking:
        silence = np.zeros((lacking, waveforms.shape[1]), waveforms.dtype)
        waveforms = np.concatenate([waveforms, silence])
    return np.asarray(predict(waveforms), "float32")[:count]
