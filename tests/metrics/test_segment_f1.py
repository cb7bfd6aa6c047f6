"""Segment-based F1 by counting one by one, by sed_eval's figures, and bad input."""

import math
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.events import SoundEvent
from kerasaudio.metrics import segment_f1

TRUE = [[("a", 0.5, 1.5), ("b", 3.0, 4.0)], [("a", 2.2, 2.4)]]
FOUND = [[("a", 1.1, 2.2), ("b", 3.9, 5.0)], [("b", 2.0, 2.1)]]

SPANS = st.tuples(
    st.sampled_from("abc"), st.floats(0, 9), st.floats(0.01, 3), st.floats(0, 1)
).map(lambda drawn: SoundEvent(drawn[0], drawn[1], drawn[1] + drawn[2], drawn[3]))
CLIPS = st.lists(st.tuples(st.lists(SPANS), st.lists(SPANS)), min_size=1, max_size=3)


def slowly(true, found, seconds):
    """Count segment by segment and class by class: right, true, predicted."""
    counts = {name: [0, 0, 0] for name in "abc"}
    for events in zip(true, found, strict=True):
        for name in "abc":
            for number in range(2_000):
                begin, end = number * seconds, (number + 1) * seconds
                there, predicted = (
                    any(e[0] == name and e[1] < end and e[2] > begin for e in clip)
                    for clip in events
                )
                counts[name][0] += there and predicted
                counts[name][1] += there
                counts[name][2] += predicted
                if begin > 13:
                    break
    return counts


@settings(max_examples=40)
@given(clips=CLIPS, seconds=st.sampled_from([0.5, 1.0, 2.0]))
def test_counts_are_those_of_counting_one_by_one(clips, seconds):
    true, found = zip(*clips, strict=True)
    # Ends that lie within a millionth of a segment's are none of either side.
    ends = [end for clip in clips for side in clip for e in side for end in e[1:3]]
    if any(0 < abs(end / seconds - round(end / seconds)) < 1e-5 for end in ends):
        return
    result = segment_f1(true, found, segment_seconds=seconds)

    for name, (right, there, predicted) in slowly(true, found, seconds).items():
        assert result.right.get(name, 0) == right
        assert result.true.get(name, 0) == there
        assert result.predicted.get(name, 0) == predicted
        if there + predicted:
            f1 = 2 * right / (there + predicted)
            assert result.per_class[name] == pytest.approx(f1)
    if result.per_class:
        assert result.macro_f1 == pytest.approx(np.mean([*result.per_class.values()]))


def test_the_figures_of_sed_eval():
    """Measured with sed_eval 0.2.1: SegmentBasedMetrics(["a", "b"], 1.0)."""
    result = segment_f1(TRUE, FOUND)

    assert (result.precision, result.recall) == pytest.approx((0.4, 0.5))
    assert result.f1 == pytest.approx(0.4444444444444445)
    assert result.per_class == pytest.approx({"a": 0.4, "b": 0.5})


def test_accents_written_in_two_ways_are_one_class():
    true, found = (
        [[(unicodedata.normalize(form, "\u00e9clat"), 0.0, 1.0)]]
        for form in ("NFC", "NFD")
    )
    assert segment_f1(true, found).f1 == 1


def test_everything_right_and_nothing_found():
    assert segment_f1(TRUE, TRUE).f1 == 1
    assert segment_f1(TRUE, [clip[::-1] * 2 for clip in TRUE]).macro_f1 == 1
    missed = segment_f1(TRUE, [[], []])
    assert (missed.f1, missed.recall, missed.macro_f1) == (0, 0, 0)
    assert math.isnan(missed.precision)
    silence = segment_f1([[]], [[]])
    assert all(math.isnan(x) for x in (silence.f1, silence.recall, silence.macro_f1))


def test_rounding_touches_no_other_segment():
    third = segment_f1(
        [[("a", 0.3, 0.6)]], [[("a", 0.1 * 3, 0.1 * 6)]], segment_seconds=0.1
    )
    assert third.true == third.predicted == {"a": 3}


@pytest.mark.parametrize(
    ("true", "found", "seconds", "message"),
    [
        (TRUE, FOUND[:1], 1.0, "true events of 2 clips, predicted events of 1"),
        (TRUE, FOUND, 0, "segment_seconds must be a number above 0"),
        (TRUE, FOUND, math.nan, "segment_seconds must be a number above 0"),
        ([SoundEvent("a", 0, 1, 1)], [[]], 1.0, r"\(label, start, end\).*clip 0: 'a'"),
        ([[("a", 0)]], [[]], 1.0, r"\(label, start, end\)"),
        ([[]], [[("a", "soon", 1)]], 1.0, r"\(label, start, end\).*soon"),
        ([[]], [[("a", 2, 1)]], 1.0, "end after its start"),
        ([[]], [[("a", -1, 1)]], 1.0, "start at 0 s"),
        ([[]], [[("a", 0, math.inf)]], 1.0, "end after its start"),
        ([[]], [[(1, 0, 1)]], 1.0, "must have a name"),
    ],
)
def test_what_makes_no_sense_is_refused(true, found, seconds, message):
    with pytest.raises(ValueError, match=message):
        segment_f1(true, found, segment_seconds=seconds)
