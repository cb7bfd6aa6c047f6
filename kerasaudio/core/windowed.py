"""Run a network on audio of any length, window by window, and average the outputs."""

import io
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, islice
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from kerasaudio import audio as audio_room
from kerasaudio.audio.check import check_rate
from kerasaudio.audio.errors import check_errors
from kerasaudio.audio.window import stream_audio, stream_windows
from kerasaudio.audio.window_rule import Window, weighted_means
from kerasaudio.core.audio_input import clip_given, clips_given
from kerasaudio.core.carried import Continued
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.memory import attempt, rows_that_fit
from kerasaudio.core.spec import AudioSpec

MIN_SECONDS = 0.05
WHOLE_SECONDS = 30  # files up to this length are read at once, longer ones in blocks
SPREAD_SECONDS = 600  # the same, if windows depend on the length of the clip
BATCH = 8

Predict = Callable[[np.ndarray], Any]
Span = tuple[float, float | None]


class Lazy:
    """Create an object at the first call and keep it, hidden from Keras' tracking."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __call__(self) -> Any:
        """Return the object."""
        if self._made is None:
            self._made = self._make()
        return self._made


class Hearing:
    """Run a network on the windows of clips, in order within each clip.

    If the network has a state (`AudioSpec.step_samples`), each window of a clip goes on
    from where the window before it ended.

    Args:
        network: A network; or a function of a batch (batch, samples) without a state.
        spec: Spec with the windows, for `is_alone`.
    """

    def __init__(
        self, network: InferenceModel | Predict, spec: AudioSpec | None = None
    ) -> None:
        self._has_state = getattr(network, "has_state", False)
        self._network: Any = network
        self._spec = spec
        self._clips: dict[Hashable, Continued] = {}

    def __call__(
        self,
        waveforms: np.ndarray,
        clip_of: Sequence[Hashable] | None = None,
        alone: bool = False,
    ) -> np.ndarray:
        """Return the outputs for the next windows, float32 (windows, ...).

        Args:
            waveforms: Windows, (windows, samples).
            clip_of: Clip of each window; None if all are of one clip.
            alone: Whether all are the only windows of their clips.
        """
        if alone or not self._has_state:
            predict = getattr(self._network, "predict_on_batch", self._network)
            return run(predict, waveforms)
        rows: dict[Hashable, list[int]] = {}
        for row, clip in enumerate(clip_of or [None] * len(waveforms)):
            rows.setdefault(clip, []).append(row)
        window = None if self._spec is None else self._spec.window_samples
        found = {
            clip: self._go_on(clip)(waveforms[own], window)
            for clip, own in rows.items()
        }
        order = np.argsort(np.concatenate(list(rows.values())))
        return np.concatenate(list(found.values()))[order]

    def is_alone(self, window: Window) -> bool:
        """Return whether no other window of the clip changes a window's outputs.

        Such windows of several clips can share a batch, and jax need not compile a
        program for each length.
        """
        if not self._has_state:
            return True
        assert self._spec is not None
        return window.start == 0 and window.length < self._spec.window_samples

    def forget(self, clip: Hashable) -> None:
        """Drop the state at the end of a clip."""
        self._clips.pop(clip, None)

    def _go_on(self, clip: Hashable) -> Continued:
        if clip not in self._clips:
            self._clips[clip] = Continued(self._network)
        return self._clips[clip]


def outputs(
    network: InferenceModel | Predict,
    spec: AudioSpec,
    audio: Any,
    sample_rate: int | None,
) -> tuple[np.ndarray, bool]:
    """Return one output vector per clip, and whether several clips were passed."""
    several, clips = clips_given(audio, sample_rate)
    rows = [timeline(network, spec, *clip).mean() for clip in clips]
    return np.stack(rows).astype("float32"), several


class Timeline(NamedTuple):
    """The outputs of a network for the windows of a clip.

    Attributes:
        outputs: float32 (windows, features).
        starts: Starts of the windows in seconds, float64 (windows,).
        ends: Ends of the windows in seconds, at most the end of the clip.
        weights: Weight of each window in the mean.
    """

    outputs: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    weights: np.ndarray

    def mean(self) -> np.ndarray:
        """Return the result for the clip, float64 (features,)."""
        clip_of = np.zeros(len(self.weights), np.int64)
        return weighted_means(self.outputs, clip_of, self.weights, 1)[0]


def timeline(
    network: InferenceModel | Predict,
    spec: AudioSpec,
    audio: Any,
    sample_rate: int | None = None,
    errors: str = "raise",
) -> Timeline:
    """Run on one clip; `errors` is that of `load_audio`."""
    # One buffer, as small arrays that each batch leaves would fragment the memory.
    found, shape, spans = bytearray(), (0,), []
    for batch, outputs in scored(network, spec, audio, sample_rate, errors):
        shape = outputs.shape[1:]
        found += outputs.tobytes()
        spans += [(w.start, w.start + w.length, w.weight) for w in batch]
    starts, ends, weights = np.array(spans, "float64").T
    rate = spec.sample_rate
    rows = np.frombuffer(found, np.float32).reshape(-1, *shape)
    return Timeline(rows, starts / rate, ends / rate, weights)


def scored(
    network: InferenceModel | Predict,
    spec: AudioSpec,
    audio: Any,
    sample_rate: int | None = None,
    errors: str = "raise",
    size: int = BATCH,
) -> Iterator[tuple[list[Window], np.ndarray]]:
    """Yield batches of up to `size` windows of one clip, with their outputs."""
    hear = Hearing(network, spec)
    for batch in batched(waveform_windows(spec, audio, sample_rate, errors), size):
        waveforms = np.stack([window.samples for window in batch])
        yield batch, hear(waveforms, alone=hear.is_alone(batch[0]))


def waveform_windows(
    spec: AudioSpec,
    audio: Any,
    sample_rate: int | None = None,
    errors: str = "raise",
    span: Span = (0.0, None),
) -> Iterator[Window]:
    """Yield the windows of a file or an array, by the rule of the spec.

    A long file is decoded block by block; `errors` is that of `load_audio`. `span` is
    the part of a file to read, its start and its duration (None for up to the end) in
    seconds; windows count from its start.

    Raises:
        ValueError: The sample rate is missing or not needed, or the waveform is
            unusable or too short.
        OSError: The file is missing or cannot be decoded.
    """
    check_errors(errors)
    audio, sample_rate = clip_given(audio, sample_rate)
    rule, rate = spec.rule, spec.sample_rate
    is_file = isinstance(audio, io.BytesIO | io.BufferedReader) and sample_rate is None
    if isinstance(audio, str | PathLike) or is_file:
        spread = spec.windows_per_clip is not None
        least = max(spec.window_samples, spec.whole_samples) / rate
        seconds = max(SPREAD_SECONDS if spread else WHOLE_SECONDS, least)
        first = (span[0], min(seconds + 1, span[1] or seconds + 1))
        waveform = _beginning(spec, audio, sample_rate, first, errors)
        if len(waveform) > seconds * rate:
            part: Any = {"offset": span[0], "duration": span[1], "errors": errors}
            length = _count(audio, rate, part) if spread else None
            yield from stream_windows(audio, rate, rule, length=length, **part)
            return
    else:
        waveform = _array(spec, audio, sample_rate, errors)
    check_long_enough(waveform, rate)
    yield from rule.iter_cut(waveform)


def whole_clip(
    spec: AudioSpec, audio: Any, sample_rate: int | None = None, errors: str = "raise"
) -> np.ndarray:
    """Return the waveform of one clip at the rate of the spec, float32 (samples,).

    Raises:
        ValueError, OSError: As `waveform_windows`.
    """
    check_errors(errors)
    audio, sample_rate = clip_given(audio, sample_rate)
    if isinstance(audio, str | PathLike):
        waveform = _beginning(spec, audio, sample_rate, (0.0, None), errors)
    else:
        waveform = _array(spec, audio, sample_rate, errors)
    check_long_enough(waveform, spec.sample_rate)
    return waveform


def check_long_enough(waveform: np.ndarray, rate: int) -> None:
    """Raise a ValueError if a waveform is too short for any network."""
    if len(waveform) < MIN_SECONDS * rate:
        raise ValueError(
            f"The audio is too short: it has {len(waveform)} samples, "
            f"{len(waveform) / rate:.4f} s. The minimum is {MIN_SECONDS} s."
        )


def _count(path: Any, sample_rate: int, part: Mapping[str, Any]) -> int:
    """Count the samples of a file that is too long for memory."""
    return sum(map(len, stream_audio(path, sample_rate, **part)))


def _beginning(
    spec: AudioSpec,
    path: Any,
    sample_rate: int | None,
    span: Span,
    errors: str,
) -> np.ndarray:
    """Return a part of a file, from its start and duration in seconds."""
    if sample_rate is not None:
        raise ValueError(
            "A file contains its own sample rate. Pass sample_rate only with arrays. "
            f"Received: {path!r} with sample_rate={sample_rate!r}."
        )
    return audio_room.load_audio(
        path, spec.sample_rate, offset=span[0], duration=span[1], errors=errors
    )


def _array(
    spec: AudioSpec, audio: Any, sample_rate: int | None, errors: str
) -> np.ndarray:
    if hasattr(audio, "read"):
        return audio_room.load_audio(audio, spec.sample_rate, errors=errors)
    waveform = audio_room.check_waveform(audio)
    if sample_rate is None:
        raise ValueError(
            "An array has no sample rate. Pass it in Hz, for example "
            f"sample_rate={spec.sample_rate}; other rates are resampled."
        )
    rate = check_rate(sample_rate)
    return audio_room.resample(waveform, rate, spec.sample_rate)


def batched(windows: Iterator[Window], size: int) -> Iterator[list[Window]]:
    """Yield lists of windows of the same length, to run as one batch."""
    for _, alike in groupby(windows, lambda window: len(window.samples)):
        while batch := list(islice(alike, size)):
            yield batch


def run(predict: Predict, waveforms: np.ndarray) -> np.ndarray:
    """Run on a batch, (batch, samples); returns float32, (batch, ..., features).

    A batch that is too large for the memory of the device is halved, with a warning.
    """
    network = getattr(predict, "__self__", predict)
    count, samples = waveforms.shape
    rows, parts, begin = rows_that_fit(network, count, samples), [], 0
    while begin < count:
        part = waveforms[begin : begin + rows]
        found = attempt(partial(_run, predict, part), network, len(part), samples)
        if found is None:
            rows = 1 << ((len(part) - 1).bit_length() - 1)
        else:
            parts.append(found)
            begin += len(part)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _run(predict: Predict, waveforms: np.ndarray) -> np.ndarray:
    # Batches are padded to a power of two, so that compilers (XLA) see few shapes.
    count = len(waveforms)
    lacking = (1 << (count - 1).bit_length()) - count
    if lacking:
        silence = np.zeros((lacking, waveforms.shape[1]), waveforms.dtype)
        waveforms = np.concatenate([waveforms, silence])
    return np.asarray(predict(waveforms), "float32")[:count]
