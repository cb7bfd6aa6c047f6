"""Stream: a network that listens while the sound goes on.

block (frames,) or (frames, channels), any rate -> mono -> the network's rate
-> windows (window_samples,), a hop apart -> scores (classes,) -> smoothed, with times
"""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.audio.check import check_rate
from kerasaudio.audio.load import mix
from kerasaudio.audio.window import Window
from kerasaudio.core import AudioModel
from kerasaudio.core.windowed import run
from kerasaudio.streaming.block import check_block
from kerasaudio.streaming.feed import WindowFeed
from kerasaudio.streaming.latency import Stopwatch, StreamReport
from kerasaudio.streaming.smoothing import smoother


class Heard(NamedTuple):
    """What was heard in a window.

    Attributes:
        start: Of the window, in seconds after the first sample pushed.
        end: Of the window, and not beyond the end of the sound.
        scores: Output of the model, float32 (classes,) or, without a top, (features,);
            smoothed, if that was asked for.
        weight: What the window counts in the mean over a clip, 1 if it is full.
    """

    start: float
    end: float
    scores: np.ndarray
    weight: float = 1.0


class Stream:
    """Scores sound while it comes in, block by block.

    Without smoothing the scores and times are, to 1e-5, those of

        FeatureExtractor(model, "predictions", hop_seconds=..., pool=None).timeline(
            sound, sample_rate)

    over the whole sound ("embedding" for a model without a top): windows start at 0,
    hop, 2 hop, ..., and what is left at the end is what `spec.rest` makes of it. With
    `hop_seconds=None` their mean by weight is what `model.tag` ranks, except for models
    that hear short clips whole (`spec.whole_samples`) or in windows spread over the
    clip (`spec.windows_per_clip`), which nobody can before it has ended. They depend,
    bit for bit, on the sound only, not on how it is cut into blocks: windows pass the
    network one by one. A stream's memory does not grow.

    One window of silence is run at once, so that compiling does not delay the first.

    A stream belongs to one thread at a time, and so does its model: where blocks come
    from another thread, let that put them into a `queue.Queue`, and iterate over it
    with `run`; guard a model that several streams share by a lock around `push`.

    Args:
        model: An `AudioModel`.
        hop_seconds: From the start of a window to the next, rounded to whole samples;
            None for the model's own. Shorter costs more.
        window_seconds: Length of a window; None for the model's own
            (`spec.window_samples`). Only networks that take any length take others.
        smoothing: None; "average", the mean over the windows of the last
            `smoothing_seconds`, y[t] = mean(x[t - n + 1], ..., x[t]) with
            n = max(1, round(smoothing_seconds / hop_seconds)), fewer at the beginning;
            or "exponential", y[t] = y[t - 1] + a (x[t] - y[t - 1]) with y[0] = x[0] and
            a = 1 - exp(-hop_seconds / smoothing_seconds).
        smoothing_seconds: Span of the average, or time constant.

    Attributes:
        model: The model.

    Raises:
        ValueError: No `AudioModel`, an unknown smoothing, a time that is not positive,
            or a length that the network cannot take.

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
        hop_seconds: float | None = 0.25,
        *,
        window_seconds: float | None = None,
        smoothing: str | None = None,
        smoothing_seconds: float = 1.0,
    ) -> None:
        if not isinstance(model, AudioModel):
            raise ValueError(
                "Stream needs a model of kerasaudio, such as "
                "kerasaudio.MusiCNN(weights='mtat'). "
                f"Received: {type(model).__name__}."
            )
        self.model = model
        self._spec = model.spec.with_windows(window_seconds, hop_seconds).over_time()
        self._smooth = smoother(smoothing, smoothing_seconds, self._spec.hop_seconds)
        self._feed: WindowFeed | None = None
        self._sample_rate = self._channels = self._frames = 0
        self._ended: str | None = None
        self._watch = Stopwatch()
        rule = self._spec.rule
        silence = np.zeros((1, rule.context + rule.window), np.float32)
        run(model.predict_on_batch, silence)

    def __repr__(self) -> str:
        """Return the model, the windows and whether it has ended, in a line."""
        spec = self._spec
        windows = f"{spec.window_seconds:g} s every {spec.hop_seconds:g} s"
        state = "" if self._ended is None else f", {self._ended}"
        return f"{type(self).__name__}({self.model.name!r}, {windows}{state})"

    def push(self, block: ArrayLike, sample_rate: int | None = None) -> list[Heard]:
        """Take the next piece of the sound.

        A block that is refused changes nothing. An error of the network itself passes,
        and ends the stream, as its times would be wrong from then on.

        Args:
            block: float samples in [-1, 1], (frames,) or (frames, channels) of up to 32
                channels, which are averaged. Any length; none at all is fine. It is
                copied, and may be used again.
            sample_rate: Rate of the blocks in Hz; needed with the first, and the same
                with all.

        Returns:
            The windows that are complete now, in order; often none.

        Raises:
            ValueError: Integers, NaN, another shape; no rate, a bad one, or another
                one or number of channels than before; the stream has ended.
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
            The windows of what was left, in order. A sound shorter than a window gives
            one (as short as the network takes it), less than 50 ms give none.

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
            blocks: As for `push`; may go on for ever.
            sample_rate: As for `push`.

        Yields:
            Windows as soon as they are complete.

        Raises:
            ValueError: As `push`, when a block is reached.
        """
        for block in blocks:
            yield from self.push(block, sample_rate)
        yield from self.flush()

    def tags(self, heard: Heard, top: int | None = None) -> list[tuple[str, float]]:
        """Return (label, score) pairs of a window, best first: 5, or all if fewer.

        Raises:
            ValueError: The model has no labels, or fewer than `top`.
        """
        return self.model.decode(heard.scores[None], top)[0]

    def report(self) -> StreamReport:
        """Return windows, times and delay so far; also after the end."""
        return self._watch.report(self._spec.window_seconds, self._spec.hop_seconds)

    def close(self) -> None:
        """End without the rest, which `flush` gives; a second time changes nothing."""
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
        """Close."""
        self.close()

    def _score(self, windows: Iterator[Window]) -> list[Heard]:
        rate = self._spec.sample_rate
        heard = []
        try:
            for window in windows:
                with self._watch.window():
                    # One by one: networks round larger batches otherwise.
                    raw = run(self.model.predict_on_batch, window.samples[None])[0]
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
                    "A block does not say its sample rate. Pass sample_rate=, in Hz, "
                    f"such as sample_rate={self._spec.sample_rate}; other rates are "
                    "resampled."
                )
            return self._sample_rate
        rate = check_rate(sample_rate)
        if rate != self._sample_rate and self._sample_rate:
            raise ValueError(
                f"The rate of a stream cannot change: its blocks have had "
                f"{self._sample_rate} Hz. Received: sample_rate={rate}. Make a new "
                f"Stream, or bring all blocks to one rate first."
            )
        return rate

    def _check_channels(self, frames: np.ndarray) -> None:
        channels = frames.shape[1]
        if self._channels and channels != self._channels:
            raise ValueError(
                f"A stream's blocks have one number of channels: so far "
                f"{self._channels}. Received: {channels}, shape {frames.shape}, which "
                f"is (frames, channels)."
            )
