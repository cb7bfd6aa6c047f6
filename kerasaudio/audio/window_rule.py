"""The rule that cuts a clip into windows, and weights them in the clip's result.

clip (samples,) -> spans: starts, lengths, weights -> windows -> outputs -> one result
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, NamedTuple

import numpy as np

Padding = Literal["zeros", "repeat", "whole_repeats"]
Rest = Literal["count", "full", "drop"]
PADDINGS = ("zeros", "repeat", "whole_repeats")
RESTS = ("count", "full", "drop")


class Window(NamedTuple):
    """A piece of a waveform.

    Attributes:
        samples: float32 (context + size,), padded where the waveform ends.
        start: Position of its first sample in the waveform, without the context.
        length: Number of samples from there on that belong to the waveform.
        weight: Weight in the mean over a clip, 1 for a full window.
    """

    samples: np.ndarray
    start: int
    length: int
    weight: float = 1.0


class Span(NamedTuple):
    """The position of a window.

    Attributes:
        start: First sample in the clip.
        size: Number of samples, padding included.
        length: Number of samples that belong to the clip.
        weight: Weight in the mean over the clip.
        padding: Kind of padding; see `WindowRule`.
    """

    start: int
    size: int
    length: int
    weight: float
    padding: str


@dataclass(frozen=True)
class WindowRule:
    """The rule that cuts a clip into windows.

    Windows start at 0, `hop`, 2 `hop`, ... as long as they lie within the clip. If
    samples remain after the last one, they form the rest, which begins at the next hop.

    Attributes:
        window: Length of a window in samples.
        hop: Distance from one start to the next in samples.
        padding: Content that fills a short clip or a rest: "zeros"; "repeat": the
            clip starts again from its beginning, as often as needed; "whole_repeats":
            these samples again, as often as they fit, and zeros after them.
        rest: Treatment of the rest: "count", a window whose weight is the fraction of
            it that the clip covers; "full", a window with weight 1; "drop", no window,
            unless the clip has no other window.
        exact: Whether all windows have the same length. Otherwise a short clip, and a
            rest with "count", keep their own length.
        shortest: Length in samples that those are padded to.
        per_clip: Number of windows, from the beginning of the clip, with a hop of
            (samples - window) // per_clip. None for windows by `hop`.
        whole: Clips up to this length in samples are one window of their own length.
        context: Number of samples before its start that each window includes; at the
            beginning of the clip they are silence.
        edge: Number of samples that may be missing at the end of a window that still
            counts as full; silence replaces them.
        step: A short clip, and a rest with "count", are padded to a multiple of this
            number of samples, which also counts in its weight.
    """

    window: int
    hop: int
    padding: Padding = "zeros"
    rest: Rest = "full"
    exact: bool = True
    shortest: int = 1
    per_clip: int | None = None
    whole: int = 0
    context: int = 0
    edge: int = 0
    step: int = 1

    def spans(self, length: int) -> list[Span]:
        """Return the positions of the windows of a clip, at least one."""
        if length <= self.whole:
            return [self._short(length)]
        if self.per_clip is not None and length >= self.window:
            return [self._full(start) for start in self._spread(length)]
        full = max(0, (length - self.window) // self.hop + 1)
        rest = self._rest(full, length)
        return [self._full(n * self.hop) for n in range(full)] + rest

    def cut(self, clip: np.ndarray) -> list[Window]:
        """Return the windows of a clip, float32 (samples,)."""
        return list(self.iter_cut(clip))

    def iter_cut(self, clip: np.ndarray) -> Iterator[Window]:
        """Yield the windows of a clip one by one."""
        head = clip[: self.window]
        for span in self.spans(len(clip)):
            begin = max(0, span.start - self.context)
            yield self.filled(clip[begin : span.start + span.length], head, span)

    def filled(self, piece: np.ndarray, head: np.ndarray, span: Span) -> Window:
        """Return a window, padded.

        Args:
            piece: Samples of the clip in the window, with up to `context` samples
                before its start.
            head: Beginning of the clip: `window` samples, or all if it is shorter.
            span: Position of the window.
        """
        before = np.zeros(self.context + span.length - len(piece), np.float32)
        lacking = span.size - span.length
        if span.padding == "repeat":
            fill = np.resize(head, lacking)
        elif span.padding == "whole_repeats":
            own = piece[len(piece) - span.length :]
            times = span.size // span.length - 1
            fill = np.zeros(lacking, np.float32)
            fill[: times * span.length] = np.tile(own, times)
        else:
            fill = np.zeros(lacking, np.float32)
        samples = np.concatenate([before, piece, fill]).astype(np.float32, copy=False)
        return Window(samples, span.start, span.length, span.weight)

    def starts(self, length: int | None) -> Iterator[int]:
        """Return the starts of full windows in a stream; endless without `length`.

        Args:
            length: Length of the stream in samples; required with `per_clip`.

        Raises:
            ValueError: `length` is missing.
        """
        if self.per_clip is None:
            return count(0, self.hop)
        if length is None:
            raise ValueError("Windows per clip require the length of the clip.")
        if length < self.window:
            return iter(())
        return iter(self._spread(length))

    def _spread(self, length: int) -> list[int]:
        assert self.per_clip is not None
        hop = (length - self.window) // self.per_clip
        return [n * hop for n in range(self.per_clip)] if hop else [0]

    def _full(self, start: int) -> Span:
        return Span(start, self.window, self.window, 1.0, "zeros")

    def _short(self, length: int) -> Span:
        """Return the only window of a clip that is not cut."""
        least = self.window if self.exact else self.shortest
        size = max(self._in_steps(length), least)
        return Span(0, size, length, 1.0, self.padding)

    def _in_steps(self, length: int) -> int:
        return -(-length // self.step) * self.step

    def _rest(self, full: int, length: int) -> list[Span]:
        """Return the window after this number of full ones, if there is one."""
        start = full * self.hop
        own = length - start
        nothing_new = full and length <= start - self.hop + self.window
        if own <= 0 or nothing_new:
            return []
        if own >= self.window - self.edge:
            return [Span(start, self.window, own, 1.0, "zeros")]
        if not full:
            return [self._short(length)]
        if self.rest == "drop":
            return []
        if self.rest == "full":
            return [Span(start, self.window, own, 1.0, self.padding)]
        counted = self._in_steps(own)
        size = self.window if self.exact else max(counted, self.shortest)
        return [Span(start, size, own, counted / self.window, self.padding)]


class Cutter:
    """Cuts a stream as `WindowRule.cut` cuts a clip, in constant memory.

    Args:
        rule: Rule that cuts the windows.
        length: Length of the stream in samples, if the rule requires it.
    """

    def __init__(self, rule: WindowRule, length: int | None = None) -> None:
        self._rule = rule
        self._starts = rule.starts(length)
        self._next: int | None = next(self._starts, None)
        self._given = 0
        self._store = np.zeros(2 * (rule.context + rule.window), np.float32)
        self._held = self._first = 0  # samples in the store; position of its first
        self._head = np.zeros(0, np.float32)
        self.samples = 0  # received so far

    def push(self, chunk: np.ndarray) -> Iterator[Window]:
        """Yield the windows that the next piece of the stream completes."""
        rule = self._rule
        self._head = np.concatenate(
            [self._head, chunk[: rule.window - len(self._head)]]
        )
        self._keep(chunk)
        self.samples += len(chunk)
        if self.samples <= rule.whole:  # it may still be a short clip
            return
        while self._next is not None and self._next + rule.window <= self.samples:
            yield self._window(rule._full(self._next))
            self._given += 1
            self._next = next(self._starts, None)
            self._forget()

    def finish(self) -> Iterator[Window]:
        """Yield the remaining windows after the end of the stream."""
        rule = self._rule
        if not self.samples:
            return
        if rule.per_clip is not None and self._given:
            return
        if self.samples <= rule.whole:
            left = rule.spans(self.samples)
        else:  # without a list of all windows, which may be many
            left = rule._rest(self._given, self.samples)
        for span in left:
            yield self._window(span)

    def _window(self, span: Span) -> Window:
        begin = max(0, span.start - self._rule.context) - self._first
        end = span.start + span.length - self._first
        return self._rule.filled(self._store[begin:end], self._head, span)

    def _keep(self, chunk: np.ndarray) -> None:
        needed = self._held + len(chunk)
        if needed > len(self._store):
            grown = np.zeros(max(needed, 2 * len(self._store)), np.float32)
            grown[: self._held] = self._store[: self._held]
            self._store = grown
        self._store[self._held : needed] = chunk
        self._held = needed

    def _forget(self) -> None:
        """Drop samples that later windows do not need, once they are half of all."""
        if self._next is None:
            stale = self._held
        else:
            stale = self._next - self._rule.context - self._first
        stale = min(max(0, stale), self._held)
        if 2 * stale >= self._held:
            self._store[: self._held - stale] = self._store[stale : self._held].copy()
            self._held -= stale
            self._first += stale


def cut_stream(
    chunks: Iterable[np.ndarray], rule: WindowRule, length: int | None = None
) -> Iterator[Window]:
    """Cut a stream of float32 pieces; the windows are those of `rule.cut`."""
    cutter = Cutter(rule, length)
    for chunk in chunks:
        yield from cutter.push(chunk)
    yield from cutter.finish()


def weighted_means(
    outputs: np.ndarray, clip_of: np.ndarray, weights: Any, clips: int
) -> np.ndarray:
    """Average the outputs of each clip's windows by their weights.

    Args:
        outputs: Outputs of the windows, (windows, ...).
        clip_of: Index of each window's clip, int (windows,).
        weights: Weights of the windows, (windows,).
        clips: Number of clips.

    Returns:
        float64 (clips, ...); NaN for clips without a window.
    """
    shares = np.asarray(weights, np.float64)
    total = np.zeros((clips, *outputs.shape[1:]))
    np.add.at(total, clip_of, (outputs.T.astype(np.float64) * shares).T)
    sums = np.bincount(clip_of, weights=shares, minlength=clips)
    return (total.T / np.where(sums, sums, np.nan)).T
