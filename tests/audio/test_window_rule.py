"""One rule cuts clips and streams alike, and says what each window counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.audio.window_rule import (
    PADDINGS,
    Cutter,
    WindowRule,
    cut_stream,
    weighted_means,
)

SIZES = st.integers(1, 40)


@st.composite
def rules(draw):
    window = draw(SIZES)
    return WindowRule(
        window=window,
        hop=draw(SIZES),
        padding=draw(st.sampled_from(PADDINGS)),
        rest=draw(st.sampled_from(["count", "full", "drop"])),
        exact=draw(st.booleans()),
        shortest=draw(st.integers(1, window)),
        per_clip=draw(st.sampled_from([None, None, 1, 4])),
        whole=draw(st.sampled_from([0, 0, 25, 90])),
        context=draw(st.sampled_from([0, 3, 50])),
        edge=draw(st.integers(0, window - 1)),
        step=draw(st.sampled_from([1, 1, 4])),
    )


def ramp(samples):
    return np.linspace(0.1, 0.9, samples, dtype="float32")


@settings(deadline=None, max_examples=300)
@given(rules(), st.integers(1, 300), st.lists(st.integers(0, 70), max_size=8))
def test_a_stream_gives_the_windows_of_the_whole(rule, samples, cuts):
    clip = ramp(samples)
    pieces = np.split(clip, sorted({min(cut, samples) for cut in cuts}))
    length = samples if rule.per_clip else None

    streamed = list(cut_stream(pieces, rule, length))

    whole = rule.cut(clip)
    assert [w[1:] for w in streamed] == [w[1:] for w in whole]
    for one, other in zip(streamed, whole, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)


@settings(deadline=None, max_examples=300)
@given(rules(), st.integers(1, 300))
def test_windows_hold_the_samples_that_they_name(rule, samples):
    clip = ramp(samples)
    silence = np.zeros(rule.context, "float32")
    before = np.concatenate([silence, clip])
    windows = rule.cut(clip)
    assert windows[0].start == 0
    for window in windows:
        own = rule.context + window.length
        start = window.start
        np.testing.assert_array_equal(window.samples[:own], before[start : start + own])
        assert 0 < window.weight <= 1
        size = len(window.samples) - rule.context
        if rule.exact and samples > rule.whole:
            assert size == rule.window
        assert rule.shortest <= size


def test_a_rest_counts_by_its_length():
    windows = WindowRule(100, 100, rest="count").cut(ramp(225))
    assert [w.start for w in windows] == [0, 100, 200]
    assert [w.weight for w in windows] == [1, 1, 0.25]
    assert [len(w.samples) for w in windows] == [100, 100, 100]


def test_a_rest_of_its_own_length_where_any_length_goes():
    rule = WindowRule(100, 100, rest="count", exact=False, shortest=30)
    assert [len(w.samples) for w in rule.cut(ramp(240))] == [100, 100, 40]
    (_, _, rest) = rule.cut(ramp(210))
    assert (len(rest.samples), rest.length, rest.weight) == (30, 10, 0.1)
    (short,) = rule.cut(ramp(40))
    assert (len(short.samples), short.weight) == (40, 1.0)


def test_a_rest_that_is_dropped_but_for_short_clips():
    rule = WindowRule(100, 100, padding="repeat", rest="drop")
    assert [w.start for w in rule.cut(ramp(299))] == [0, 100]
    (short,) = rule.cut(ramp(40))
    np.testing.assert_array_equal(short.samples, np.resize(ramp(40), 100))


def test_whole_repeats_end_in_silence():
    rule = WindowRule(100, 100, padding="whole_repeats", context=5)
    short = rule.cut(ramp(40))[0].samples[5:]
    np.testing.assert_array_equal(short[:80], np.tile(ramp(40), 2))
    assert not short[80:].any()
    rest = rule.cut(ramp(130))[1].samples[5:]
    np.testing.assert_array_equal(rest[:90], np.tile(ramp(130)[100:], 3))
    assert not rest[90:].any()
    (long,) = rule.cut(ramp(60))
    assert not long.samples[65:].any()


def test_silence_stands_for_the_edge():
    rule = WindowRule(100, 100, padding="repeat", rest="drop", edge=10)
    clip = ramp(190)
    assert [w.weight for w in rule.cut(clip)] == [1, 1]
    assert not rule.cut(clip)[1].samples[90:].any()
    assert len(rule.cut(ramp(189))) == 1
    assert not rule.cut(ramp(90))[0].samples[90:].any()


def test_windows_per_clip_are_spread_from_the_beginning():
    rule = WindowRule(100, 100, per_clip=4)
    assert [w.start for w in rule.cut(ramp(1_000))] == [0, 225, 450, 675]
    assert [w.start for w in rule.cut(ramp(103))] == [0]  # four times the same
    assert [w.length for w in rule.cut(ramp(60))] == [60]


def test_a_clip_that_is_heard_whole():
    rule = WindowRule(100, 100, rest="count", exact=False, whole=250)
    assert [len(w.samples) for w in rule.cut(ramp(250))] == [250]
    assert [len(w.samples) for w in rule.cut(ramp(251))] == [100, 100, 51]


def test_context_is_silence_at_the_beginning_and_then_what_was_before():
    clip = ramp(250)
    first, second = WindowRule(100, 100, rest="drop", context=30).cut(clip)
    assert not first.samples[:30].any()
    np.testing.assert_array_equal(first.samples[30:], clip[:100])
    np.testing.assert_array_equal(second.samples, clip[70:200])


def test_a_stream_holds_no_more_than_a_few_windows():
    cutter = Cutter(WindowRule(100, 50, context=20))
    for _ in range(2_000):
        list(cutter.push(ramp(7)))
    assert len(cutter._store) <= 1_000
    assert cutter.samples == 14_000


def test_windows_per_clip_need_the_length():
    with pytest.raises(ValueError, match="length of the clip"):
        list(cut_stream([ramp(9)], WindowRule(2, 2, per_clip=3)))


def test_a_rest_counts_in_whole_steps():
    rule = WindowRule(40, 40, rest="count", exact=False, shortest=5, step=10)
    *_, rest = rule.cut(ramp(91))
    assert (len(rest.samples), rest.length, rest.weight) == (20, 11, 0.5)
    (short,) = rule.cut(ramp(3))
    assert (len(short.samples), short.length, short.weight) == (10, 3, 1.0)


def test_weighted_means():
    outputs = np.array([[0.0], [1.0], [10.0]])
    means = weighted_means(outputs, np.array([0, 0, 2]), [1, 0.25, 1], 3)
    np.testing.assert_allclose(means[[0, 2], 0], [0.2, 10])
    assert np.isnan(means[1, 0])
