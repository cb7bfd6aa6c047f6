"""Run a network over audio of any length: window by window, outputs averaged."""

from collections.abc import Callable, Iterator
from itertools import groupby, islice
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from kerasaudio import audio as audio_room
from kerasaudio.audio.check import check_rate
from kerasaudio.audio.window import stream_audio, stream_windows
from kerasaudio.audio.window_rule import Window, weighted_means
from kerasaudio.core.audio_input import clip_given, clips_given
from kerasaudio.core.spec import AudioSpec

MIN_SECONDS = 0.05
WHOLE_SECONDS = 30  # files up to this long are read at once, longer ones in blocks;
SPREAD_SECONDS = 600  # or up to this, where windows depend on where the clip ends
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
    several, clips = clips_given(audio, sample_rate)
    rows = [timeline(predict, spec, *clip).mean() for clip in clips]
    return np.stack(rows).astype("float32"), several


class Timeline(NamedTuple):
    """What a network gave over a clip.

    Attributes:
        outputs: float32 (windows, features).
        starts: Of the windows, in seconds, float64 (windows,).
        ends: Of the windows, and not beyond the end of the clip.
        weights: What each window counts.
    """

    outputs: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    weights: np.ndarray

    def mean(self) -> np.ndarray:
        """Give the clip's answer, float64 (features,)."""
        clip_of = np.zeros(len(self.weights), np.int64)
        return weighted_means(self.outputs, clip_of, self.weights, 1)[0]


def timeline(
    predict: Predict,
    spec: AudioSpec,
    audio: Any,
    sample_rate: int | None = None,
    errors: str = "raise",
) -> Timeline:
    """Run over one clip; `errors` as for `load_audio`."""
    # In one piece: what little each batch leaves would lie between what is freed.
    found, shape, spans = bytearray(), (0,), []
    for batch in batched(waveform_windows(spec, audio, sample_rate, errors)):
        waveforms = np.stack([window.samples for window in batch])
        outputs = run(predict, waveforms)
        shape = outputs.shape[1:]
        found += outputs.tobytes()
        spans += [(w.start, w.start + w.length, w.weight) for w in batch]
    starts, ends, weights = np.array(spans, "float64").T
    rate = spec.sample_rate
    rows = np.frombuffer(found, np.float32).reshape(-1, *shape)
    return Timeline(rows, starts / rate, ends / rate, weights)


def waveform_windows(
    spec: AudioSpec,
    audio: Any,
    sample_rate: int | None = None,
    errors: str = "raise",
) -> Iterator[Window]:
    """Give the windows of a file or an array, by the rule of the spec.

    A long file is decoded block by block; `errors` as for `load_audio`.

    Raises:
        ValueError: No or a needless rate, an unusable waveform, too little of it.
        OSError: The file is missing or cannot be decoded.
    """
    audio, sample_rate = clip_given(audio, sample_rate)
    rule, rate = spec.rule, spec.sample_rate
    if isinstance(audio, str | PathLike):
        spread = spec.windows_per_clip is not None
        least = max(spec.window_samples, spec.whole_samples) / rate
        seconds = max(SPREAD_SECONDS if spread else WHOLE_SECONDS, least)
        waveform = _beginning(spec, audio, sample_rate, seconds + 1, errors)
        if len(waveform) > seconds * rate:
            length = _count(audio, rate, errors) if spread else None
            yield from stream_windows(audio, rate, rule, length=length, errors=errors)
            return
    else:
        waveform = _array(spec, audio, sample_rate, errors)
    if len(waveform) < MIN_SECONDS * rate:
        raise ValueError(
            f"The audio is too short to tell anything from: {len(waveform)} samples, "
            f"{len(waveform) / rate:.4f} s. It takes {MIN_SECONDS} s."
        )
    yield from rule.iter_cut(waveform)


def _count(path: Any, sample_rate: int, errors: str) -> int:
    """Count the samples of a file that is too long to be held."""
    return sum(map(len, stream_audio(path, sample_rate, errors=errors)))


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


def batched(windows: Iterator[Window], size: int = BATCH) -> Iterator[list[Window]]:
    """Give the windows in lists, each of one length, that are run at once."""
    for _, alike in groupby(windows, lambda window: len(window.samples)):
        while batch := list(islice(alike, size)):
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
