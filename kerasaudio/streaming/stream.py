"""Stream: score sound with a network while it arrives.

block (frames,) or (frames, channels), any rate -> mono -> the network's rate
-> windows (window_samples,), a hop apart -> scores (classes,) -> smoothed, with times
"""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.audio.check import check_rate
from kerasaudio.audio.load import mix
from kerasaudio.audio.window import Window
from kerasaudio.core import AudioModel
from kerasaudio.core.random_weights import warn_if_random
from kerasaudio.core.windowed import Hearing
from kerasaudio.streaming.block import check_block
from kerasaudio.streaming.feed import WindowFeed, stream_spec
from kerasaudio.streaming.latency import Stopwatch, StreamReport
from kerasaudio.streaming.smoothing import smoother


class Heard(NamedTuple):
    """Result for one window of a stream.

    Attributes:
        start: Start of the window, in seconds after the first pushed sample.
        end: End of the window in seconds, at most the end of the sound.
        scores: Output of the model, float32 (classes,) or, without a top, (features,);
            smoothed if the stream has smoothing.
        weight: Weight of the window in the mean over a clip; 1 if it is full.
    """

    start: float
    end: float
    scores: np.ndarray
    weight: float = 1.0


class Stream:
    """Score sound block by block while it arrives.

    Without smoothing, scores and times are equal to 1e-5 to those of

        FeatureExtractor(model, "predictions", hop_seconds=..., pool=None).timeline(
            sound, sample_rate)

    for the whole sound ("embedding" for a model without a top): windows start at 0,
    hop, 2 hop, ..., and the end is treated as in `spec.rest`. With `hop_seconds=None`,
    `model.tag` ranks their weighted mean, except for models that process short clips
    whole (`spec.whole_samples`) or in windows spread over the clip
    (`spec.windows_per_clip`), which needs the whole sound. Scores do not depend, bit
    for bit, on how the sound is cut into blocks: the network runs on one window at a
    time. The memory of a stream does not grow.

    A window of silence is run at creation, so that compiling does not delay the first.

    Use a stream, and its model, from one thread at a time. If blocks come from another
    thread, put them into a `queue.Queue` there, and iterate over it with `run`. If
    several streams share a model, hold a lock around `push`.

    Args:
        model: An `AudioModel`.
        hop_seconds: Time from the start of a window to the next in seconds, rounded to
            whole samples; None for the model's own. A shorter hop takes more computing.
            "auto" (default) is 0.25 s; or a step, for a network with a state that goes
            on from each window to the next (`spec.step_samples`). Its windows lie side
            by side, so that their length is the hop, rounded to whole steps.
        window_seconds: Length of a window in seconds; None for the model's own
            (`spec.window_samples`). Only networks of any length accept other lengths.
        smoothing: None; "average", the mean over the windows of the last
            `smoothing_seconds`, y[t] = mean(x[t - n + 1], ..., x[t]) with
            n = max(1, round(smoothing_seconds / hop_seconds)), fewer at the beginning;
            or "exponential", y[t] = y[t - 1] + a (x[t] - y[t - 1]) with y[0] = x[0] and
            a = 1 - exp(-hop_seconds / smoothing_seconds).
        smoothing_seconds: Length of the average, or time constant, in seconds.

    Attributes:
        model: The model.

    Raises:
        ValueError: `model` is not an `AudioModel`, the smoothing is unknown, a time is
            not positive, or the network does not accept the length.

    Examples:
        >>> model = kerasaudio.MusiCNN("mtat")
        >>> sound = np.zeros(8 * 16_000, "float32")
        >>> with kerasaudio.Stream(model, hop_seconds=2) as stream:
        ...     for heard in stream.run(np.split(sound, 4), sample_rate=16_000):
        ...         print(f"{heard.start} to {heard.end:.3f} s: {heard.scores.shape}")
        0.0 to 2.992 s: (50,)
        2.0 to 4.992 s: (50,)
        4.0 to 6.992 s: (50,)
    """

    def __init__(
        self,
        model: AudioModel,
        hop_seconds: float | Literal["auto"] | None = "auto",
        *,
        window_seconds: float | None = None,
        smoothing: str | None = None,
        smoothing_seconds: float = 1.0,
    ) -> None:
        if not isinstance(model, AudioModel):
            raise ValueError(
                "model must be a model of kerasaudio, such as "
                "kerasaudio.MusiCNN(weights='mtat'). "
                f"Received: {type(model).__name__}."
            )
        self.model = model
        warn_if_random(model)
        self._spec = stream_spec(model.spec, hop_seconds, window_seconds)
        self._smooth = smoother(smoothing, smoothing_seconds, self._spec.hop_seconds)
        self._feed: WindowFeed | None = None
        self._sample_rate = self._channels = self._frames = 0
        self._ended: str | None = None
        self._watch = Stopwatch()
        rule = self._spec.rule
        silence = np.zeros((1, rule.context + rule.window), np.float32)
        Hearing(model)(silence)
        self._hear = Hearing(model)

    def __repr__(self) -> str:
        """Return the model, the windows and whether the stream has ended."""
        spec = self._spec
        windows = f"{spec.window_seconds:g} s every {spec.hop_seconds:g} s"
        state = "" if self._ended is None else f", {self._ended}"
        return f"{type(self).__name__}({self.model.name!r}, {windows}{state})"

    def push(self, block: ArrayLike, sample_rate: int | None = None) -> list[Heard]:
        """Add the next block of the sound.

        A block that is refused changes nothing. An error of the network is raised and
        ends the stream, as its times would be wrong from then on.

        Args:
            block: Float samples in [-1, 1], (frames,) or (frames, channels) with up to
                32 channels, which are averaged. Any length, including 0. It is copied
                and may be reused.
            sample_rate: Sample rate of the blocks in Hz; required for the first block,
                and the same for all.

        Returns:
            The windows that are now complete, in order; often none.

        Raises:
            ValueError: The block has integers, NaN or another shape; the rate is
                missing or invalid; rate or channels differ from those of earlier
                blocks; the stream has ended.
        """
        self._check_open()
        frames = check_block(block)
        rate = self._check_rate(sample_rate)
        self._check_channels(frames)
        if not len(frames):
            return []
        with self._watch.busy():
            if self._feed is None:
                self._feed = WindowFeed(self._spec, rate)
                self._sample_rate, self._channels = rate, frames.shape[1]
            self._frames += len(frames)
            heard = self._score(self._feed.push(mix(frames)))
        pushed = self._frames / rate
        self._watch.audio_seconds = pushed
        held_back = pushed - self._feed.samples / self._spec.sample_rate
        self._watch.resampler_seconds = max(held_back, self._watch.resampler_seconds)
        return heard

    def flush(self) -> list[Heard]:
        """End the sound.

        Returns:
            The remaining windows, in order. A sound shorter than a window results in
            one window (as short as the network accepts), a sound of less than 50 ms in
            none.

        Raises:
            ValueError: The stream has ended.
        """
        self._check_open()
        heard = []
        if self._feed is not None:
            with self._watch.busy():
                heard = self._score(self._feed.finish())
        self._end("was flushed")
        return heard

    def run(
        self, blocks: Iterable[ArrayLike], sample_rate: int | None = None
    ) -> Iterator[Heard]:
        """Push blocks one by one, then flush.

        Args:
            blocks: As for `push`; may be endless.
            sample_rate: As for `push`.

        Yields:
            Windows as soon as they are complete.

        Raises:
            ValueError: As for `push`, when a block is reached.
        """
        for block in blocks:
            yield from self.push(block, sample_rate)
        yield from self.flush()

    def tags(self, heard: Heard, top: int | None = None) -> list[tuple[str, float]]:
        """Return the (label, score) pairs of a window, best first.

        Args:
            heard: A window.
            top: Number of pairs; None for 5, or all if there are fewer labels.

        Raises:
            ValueError: The model has no labels, or fewer than `top`.
        """
        return self.model.decode(heard.scores[None], top)[0]

    def report(self) -> StreamReport:
        """Return the number of windows, times and delay so far; also after the end."""
        return self._watch.report(self._spec.window_seconds, self._spec.hop_seconds)

    def close(self) -> None:
        """End without the remaining windows, which `flush` returns; may be repeated."""
        if self._ended is None:
            self._end("was closed")

    def __enter__(self) -> Self:
        """Return the stream."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the stream."""
        self.close()

    def _score(self, windows: Iterator[Window]) -> list[Heard]:
        rate = self._spec.sample_rate
        heard = []
        try:
            for window in windows:
                with self._watch.window():
                    # One by one, as networks round differently in larger batches.
                    raw = self._hear(window.samples[None])[0]
                end = window.start + window.length
                scores = self._smooth(raw)
                heard.append(
                    Heard(window.start / rate, end / rate, scores, window.weight)
                )
        except BaseException:
            self._end("failed in the middle of a block")  # later times would be wrong
            raise
        return heard

    def _end(self, why: str) -> None:
        self._ended, self._feed = why, None

    def _check_open(self) -> None:
        if self._ended is not None:
            raise ValueError(
                f"The stream has ended: it {self._ended}. Make a new Stream for "
                f"another sound."
            )

    def _check_rate(self, sample_rate: Any) -> int:
        if sample_rate is None:
            if not self._sample_rate:
                raise ValueError(
                    "The sample rate of the block is unknown. Pass sample_rate=, in "
                    f"Hz, such as sample_rate={self._spec.sample_rate}; other rates "
                    "are resampled."
                )
            return self._sample_rate
        rate = check_rate(sample_rate)
        if rate != self._sample_rate and self._sample_rate:
            raise ValueError(
                f"The sample rate of a stream must not change: its blocks have had "
                f"{self._sample_rate} Hz. Received: sample_rate={rate}. Make a new "
                f"Stream, or resample all blocks to one rate first."
            )
        return rate

    def _check_channels(self, frames: np.ndarray) -> None:
        channels = frames.shape[1]
        if self._channels and channels != self._channels:
            raise ValueError(
                f"All blocks of a stream must have the same number of channels, so far "
                f"{self._channels}. Received: {channels}, shape {frames.shape}, which "
                f"is (frames, channels)."
            )
