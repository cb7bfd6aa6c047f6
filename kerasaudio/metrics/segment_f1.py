"""Segment-based F1, which measures whether sounds are found at the right time.

events (label, start, end) of each clip -> the segments each touches -> counts -> F1
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerasaudio.arguments import class_name, number

_ROUNDING = 1e-6  # in segments: an end at 3.0000000004 s does not touch the next one


@dataclass(frozen=True)
class SegmentF1:
    """Numbers of segments over all clips, and their F1; see `segment_f1`.

    Attributes:
        right: Number of segments where a class is present and was predicted, by class.
        true: Number of segments where a class is present, by class.
        predicted: Number of segments where a class was predicted, by class.
        segment_seconds: Length of a segment in seconds.

    Examples:
        >>> truth, found = [[("dog", 0.0, 2.0)]], [[("dog", 1.0, 3.0)]]
        >>> f1 = kerasaudio.metrics.segment_f1(truth, found)
        >>> f1.precision, f1.recall, f1.f1
        (0.5, 0.5, 0.5)
    """

    right: Mapping[str, int] = field(repr=False)
    true: Mapping[str, int] = field(repr=False)
    predicted: Mapping[str, int] = field(repr=False)
    segment_seconds: float

    @property
    def precision(self) -> float:
        """Fraction of predicted segments that are right; NaN if there are none."""
        return _ratio(sum(self.right.values()), sum(self.predicted.values()))

    @property
    def recall(self) -> float:
        """Fraction of true segments that were predicted; NaN if there are none."""
        return _ratio(sum(self.right.values()), sum(self.true.values()))

    @property
    def f1(self) -> float:
        """Micro-averaged F1 over the segments of all classes; NaN if there are none."""
        both = sum(self.true.values()) + sum(self.predicted.values())
        return _ratio(2 * sum(self.right.values()), both)

    @property
    def per_class(self) -> dict[str, float]:
        """F1 of each class that is present or was predicted, by name."""
        return {
            name: _ratio(
                2 * self.right.get(name, 0),
                self.true.get(name, 0) + self.predicted.get(name, 0),
            )
            for name in sorted(self.true.keys() | self.predicted.keys())
        }

    @property
    def macro_f1(self) -> float:
        """Mean of `per_class`; NaN if there are no classes."""
        each = self.per_class
        return _ratio(sum(each.values()), len(each))


def segment_f1(
    true_events: Sequence[Iterable[Any]],
    predicted_events: Sequence[Iterable[Any]],
    *,
    segment_seconds: float = 1.0,
) -> SegmentF1:
    """Compare predicted with true events, segment by segment.

    Clips are cut into segments side by side. A class is active in every segment that
    one of its events touches; several events of a class in a segment count once. Counts
    are summed over all clips before F1 = 2 right / (true + predicted) is computed.

    Args:
        true_events: Events of each clip: `kerasaudio.events.SoundEvent`, or tuples that
            begin with label, start and end in seconds.
        predicted_events: Predicted events of the same clips in the same order, for
            example from `kerasaudio.events.find_events`.
        segment_seconds: Length of a segment in seconds, above 0; 1 s is usual.

    Returns:
        Micro- and macro-averaged F1, precision, recall and the counts.

    Raises:
        ValueError: The numbers of clips differ; an event lacks label, start or end, or
            does not end after its start; `segment_seconds` is not positive.

    Source: Mesaros, Heittola & Virtanen 2016, doi:10.3390/app6060162. Micro-averages
    equal those of TUT-ARG/sed_eval 0.2.1 (SegmentBasedMetrics), and so does F1 of a
    class that is both present and predicted. If it is only one of the two, sed_eval
    gives NaN and leaves it out of the macro-average; here it counts as 0.

    Examples:
        >>> truth = [[("dog", 1.2, 1.9)], []]  # of two clips
        >>> found = [[("dog", 1.0, 1.5), ("cat", 3.0, 4.0)], []]
        >>> report = kerasaudio.metrics.segment_f1(truth, found)
        >>> round(report.f1, 2), report.per_class
        (0.67, {'cat': 0.0, 'dog': 1.0})
    """
    segment_seconds = number(segment_seconds, "segment_seconds", above=0)
    if len(true_events) != len(predicted_events):
        raise ValueError(
            "Pass one list of events per clip for both. Received: true events of "
            f"{len(true_events)} clips, predicted events of {len(predicted_events)}."
        )
    right: Counter[str] = Counter()
    true: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for clip, both in enumerate(zip(true_events, predicted_events, strict=True)):
        there, found = (_active(events, segment_seconds, clip) for events in both)
        right.update(label for label, _ in there & found)
        true.update(label for label, _ in there)
        predicted.update(label for label, _ in found)
    return SegmentF1(dict(right), dict(true), dict(predicted), float(segment_seconds))


def _active(
    events: Iterable[Any], segment_seconds: float, clip: int
) -> set[tuple[str, int]]:
    """Return (class, segment number) of each segment that an event touches."""
    active: set[tuple[str, int]] = set()
    for event in events:
        label, start, end = check_event(event, clip)
        first = math.floor(start / segment_seconds + _ROUNDING)
        last = max(first + 1, math.ceil(end / segment_seconds - _ROUNDING))
        active.update((label, number) for number in range(first, last))
    return active


def check_event(event: Any, clip: int = 0) -> tuple[str, float, float]:
    """Return label, start and end of an event, or raise a ValueError."""
    try:
        label, start, end = tuple(event)[:3]
        span = float(start), float(end)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "An event must be (label, start, end), with times in seconds, and each "
            f"clip must have a list of events. Received for clip {clip}: {event!r}."
        ) from error
    if not isinstance(label, str) or not 0 <= span[0] < span[1] < math.inf:
        raise ValueError(
            "An event must have a name, start at 0 s or later and end after its start. "
            f"Received for clip {clip}: {event!r}."
        )
    return class_name(label), *span


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
