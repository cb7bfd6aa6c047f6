"""Windows of a stream are bit for bit those of the whole sound, however it is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.audio.window_rule import PADDINGS
from kerasaudio.core import AudioSpec
from kerasaudio.core.windowed import MIN_SECONDS, waveform_windows
from kerasaudio.streaming.feed import WindowFeed

RATE = 8_000
SIZES = st.integers(1, 2_000)
HOPS = st.integers(40, 2_000)


def noise(samples):
    return np.random.default_rng(samples).uniform(-0.9, 0.9, samples).astype("float32")


def fed(spec, blocks, rate):
    feed = WindowFeed(spec, rate)
    early = [window for block in blocks for window in feed.push(block)]
    return early, [*early, *feed.finish()]


@settings(deadline=None, max_examples=60)
@given(
    samples=st.integers(int(MIN_SECONDS * 44_100), 6_000),
    cuts=st.lists(st.integers(0, 6_000), max_size=8),
    rate=st.sampled_from([8_000, 11_025, 16_000, 44_100]),
    size=SIZES,
    hop=HOPS,
    shortest=SIZES,
    padding=st.sampled_from(PADDINGS),
)
def test_equals_the_windows_of_the_whole(
    samples, cuts, rate, size, hop, shortest, padding
):
    spec = AudioSpec(
        sample_rate=RATE,
        clip_samples=None,
        window_samples=size,
        min_samples=min(shortest, size),
        window_padding=padding,
        hop_samples=hop,
    )
    sound = noise(samples)
    _, streamed = fed(spec, np.split(sound, sorted(cuts)), rate)
    whole = list(waveform_windows(spec, sound, rate))
    assert [w.start for w in streamed] == [w.start for w in whole]
    assert [w.length for w in streamed] == [w.length for w in whole]
    for ours, theirs in zip(streamed, whole, strict=True):
        np.testing.assert_array_equal(ours.samples, theirs.samples)


@pytest.mark.parametrize("hop", [100, 400, 700])
def test_a_window_is_given_with_its_last_sample(hop):
    spec = AudioSpec(RATE, None, 400, hop_samples=hop)
    sound = noise(2_000)
    feed = WindowFeed(spec, RATE)
    for end in range(1, len(sound) + 1):
        ready = list(feed.push(sound[end - 1 : end]))
        is_end = end >= 400 and (end - 400) % hop == 0
        assert [w.start + w.length for w in ready] == [end] * is_end


def test_nothing_comes_of_less_than_50_ms():
    spec = AudioSpec(RATE, None, 4_000)
    enough = int(MIN_SECONDS * RATE)
    assert fed(spec, [noise(enough - 1)], RATE)[1] == []
    assert len(fed(spec, [noise(enough)], RATE)[1]) == 1


def test_windows_are_no_views_of_the_feed():
    spec = AudioSpec(RATE, None, 100, hop_samples=50)
    sound = noise(250)
    feed = WindowFeed(spec, RATE)
    for window in [*feed.push(sound[:125]), *feed.push(sound[125:])]:
        np.testing.assert_array_equal(
            window.samples, sound[window.start : window.start + 100]
        )
        window.samples[:] = 0
