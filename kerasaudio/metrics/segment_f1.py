"""Segment-based F1: are the right sounds found in the right seconds?

events (label, start, end) of each clip -> the segments each touches -> counts -> F1
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerasaudio.arguments import class_name, number

_ROUNDING = 1e-6  # of a segment: an end at 3.0000000004 s does not touch the next


@dataclass(frozen=True)
class SegmentF1:
    """How many segments were right, over all clips; see `segment_f1`.

    Attributes:
        right: Segments of each class in which it is there and was found.
        true: Segments of each class in which it is there.
        predicted: Segments of each class in which it was found.
        segment_seconds: Length of a segment.

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
        """Share of what was found that is there; NaN if nothing was found."""
        return _ratio(sum(self.right.values()), sum(self.predicted.values()))

    @property
    def recall(self) -> float:
        """Share of what is there that was found; NaN if nothing is there."""
        return _ratio(sum(self.right.values()), sum(self.true.values()))

    @property
    def f1(self) -> float:
        """Micro-average: all classes' segments together; NaN if there are none."""
        both = sum(self.true.values()) + sum(self.predicted.values())
        return _ratio(2 * sum(self.right.values()), both)

    @property
    def per_class(self) -> dict[str, float]:
        """F1 of each class that is there or was found, by name."""
        return {
            name: _ratio(
                2 * self.right.get(name, 0),
                self.true.get(name, 0) + self.predicted.get(name, 0),
            )
            for name in sorted(self.true.keys() | self.predicted.keys())
        }

    @property
    def macro_f1(self) -> float:
        """Mean of `per_class`; NaN if there are none."""
        each = self.per_class
        return _ratio(sum(each.values()), len(each))


def segment_f1(
    true_events: Sequence[Iterable[Any]],
    predicted_events: Sequence[Iterable[Any]],
    *,
    segment_seconds: float = 1.0,
) -> SegmentF1:
    """Compare found with true events, segment by segment.

    Clips are cut into segments side by side. A class is active in every segment that
    one of its events touches; two events of a class in a segment count once. Counts
    are added over all clips before F1 = 2 right / (true + predicted).

    Args:
        true_events: The events of each clip: `kerasaudio.events.SoundEvent`, or tuples
            that begin with label, start and end in seconds.
        predicted_events: Likewise, of the same clips in the same order, such as
            `kerasaudio.events.find_events` gives for each.
        segment_seconds: Length of a segment; 1 s is the usual one.

    Returns:
        Micro- and macro-averaged F1, precision, recall and the counts.

    Raises:
        ValueError: Another number of clips; events without label, start and end, or
            that do not end after they start; segments of no length.

    Source: Mesaros, Heittola & Virtanen 2016, doi:10.3390/app6060162. Micro-averages
    are those of TUT-ARG/sed_eval 0.2.1 (SegmentBasedMetrics), and so are the classes'
    where a class is there and was found; where it was only missed or only imagined,
    that gives NaN and leaves it out of the macro-average. Here it counts with 0.

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
            "Both take one list of events a clip. Received: true events of "
            f"{len(true_events)} clips, predicted ones of {len(predicted_events)}."
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
    """Return class and number of the segments that events touch."""
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
            "An event is (label, start, end), its times in seconds, and each clip has "
            f"a list of them. Received for clip {clip}: {event!r}."
        ) from error
    if not isinstance(label, str) or not 0 <= span[0] < span[1] < math.inf:
        raise ValueError(
            "An event has a name, starts at 0 s or later and ends after it starts. "
            f"Received for clip {clip}: {event!r}."
        )
    return class_name(label), *span


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
