"""A stream gives the offline scores, whatever the blocks; bad blocks are refused."""

import gc
import math
import re
import resource
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kerasaudio
from kerasaudio import FeatureExtractor, Stream
from kerasaudio.core import AudioModel
from kerasaudio.streaming import latency
from support.streams import stream_all
from support.tiny import RATE, tiny_model

GROOVE = Path(__file__).parents[2] / "examples" / "groove.ogg"
TOLERANCE = 1e-5
WINDOW = 0.5  # the tiny model's, in seconds


@pytest.mark.parametrize("hop", [0.25, 0.1, None, 0.8])
@pytest.mark.parametrize("rate", [8_000, 22_050])
def test_equals_the_offline_call(model, sound, hop, rate):
    offline = FeatureExtractor(model, "predictions", hop_seconds=hop, pool=None)
    expected = offline.timeline(sound, rate)

    blocks = np.array_split(sound, 23)
    scores, starts, ends = stream_all(Stream(model, hop), blocks, rate)

    np.testing.assert_allclose(scores, expected.vectors, atol=TOLERANCE)
    assert starts == expected.starts.tolist()
    assert ends == expected.ends.tolist()
    assert np.ptp(expected.vectors, axis=0).max() > 100 * TOLERANCE


def test_equals_predict_over_windows(model, sound):
    windows, starts = kerasaudio.windows(sound, 4_000, 2_000, padding="repeat")
    scores, times, _ = stream_all(Stream(model), np.array_split(sound, 9))
    np.testing.assert_allclose(
        scores, model.predict(windows, verbose=0), atol=TOLERANCE
    )
    assert times == (starts / RATE).tolist()


def test_the_mean_without_a_hop_is_what_tag_ranks(model, sound):
    heard = list(Stream(model, None).run([sound], RATE))
    scores, weights = [h.scores for h in heard], [h.weight for h in heard]
    assert weights[-1] < 1
    means = np.average(scores, axis=0, weights=weights)
    for label, score in model.tag(sound, RATE, top=3):
        mean = means[model.spec.labels.index(label)]
        assert mean == pytest.approx(score, abs=TOLERANCE)


def test_a_network_of_any_length(sound):
    model = tiny_model(None)
    for samples, seconds in ((18_000, 0.3), (18_000, None), (1_000, None)):
        offline = FeatureExtractor(
            model, "predictions", window_seconds=seconds, hop_seconds=0.2, pool=None
        ).timeline(sound[:samples], RATE)
        stream = Stream(model, 0.2, window_seconds=seconds)
        scores, _, ends = stream_all(stream, np.array_split(sound[:samples], 7))
        np.testing.assert_allclose(scores, offline.vectors, atol=TOLERANCE)
        assert ends == offline.ends.tolist()


def test_a_model_without_a_top_gives_vectors(model, sound):
    embedding = model.get_layer("embedding").output
    body = AudioModel(model.input, embedding, spec=model.spec.replace(labels=None))
    stream = Stream(body, None)
    vectors, _, _ = stream_all(stream, [sound[:8_000]])
    np.testing.assert_allclose(
        vectors.mean(axis=0), model.embed(sound[:8_000], RATE), atol=TOLERANCE
    )
    with pytest.raises(ValueError, match="no labels to tag with"):
        stream.tags(kerasaudio.streaming.Heard(0.0, 0.5, vectors[0]))


def test_channels_are_averaged(model, sound):
    stereo = np.stack([sound, sound[::-1]], axis=1)
    of_stereo, _, _ = stream_all(Stream(model), np.array_split(stereo, 5))
    of_mono, _, _ = stream_all(Stream(model), [stereo.mean(axis=1)])
    np.testing.assert_array_equal(of_stereo, of_mono)


@settings(deadline=None, max_examples=15)
@given(
    cuts=st.lists(st.integers(0, 9_000), max_size=12),
    samples=st.integers(0, 9_000),
    rate=st.sampled_from([8_000, 11_025]),
    smoothing=st.sampled_from([None, "average", "exponential"]),
)
def test_any_blocks_give_the_same_bits(model, sound, cuts, samples, rate, smoothing):
    whole, parts = (
        Stream(model, smoothing=smoothing),
        Stream(model, smoothing=smoothing),
    )
    once = [*whole.push(sound[:samples], rate), *whole.flush()]
    cut = list(parts.run(np.split(sound[:samples], sorted(cuts)), rate))
    assert [w[:2] for w in cut] == [w[:2] for w in once]
    for ours, theirs in zip(cut, once, strict=True):
        np.testing.assert_array_equal(ours.scores, theirs.scores)


def test_moving_average(model, sound):
    raw, starts, _ = stream_all(Stream(model, 0.1), [sound])
    smooth, times, _ = stream_all(
        Stream(model, 0.1, smoothing="average", smoothing_seconds=0.32), [sound]
    )
    assert times == starts
    for t, row in enumerate(smooth):
        np.testing.assert_allclose(row, raw[max(0, t - 2) : t + 1].mean(0), atol=1e-6)


def test_exponential_smoothing(model, sound):
    raw, _, _ = stream_all(Stream(model, 0.1), [sound])
    smooth, _, _ = stream_all(
        Stream(model, 0.1, smoothing="exponential", smoothing_seconds=0.4), [sound]
    )
    expected = raw[0]
    for t, row in enumerate(smooth):
        if t:
            expected = expected + (1 - math.exp(-0.25)) * (raw[t] - expected)
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_scores_come_as_soon_as_they_can(model, sound):
    stream = Stream(model)
    assert stream.push(sound[:3_999], RATE) == []
    (first,) = stream.push(sound[3_999:4_000])
    assert (first.start, first.end) == (0.0, 0.5)
    assert len(stream.push(sound[4_000:10_000])) == 3
    seen = []

    def blocks():
        for piece in np.split(sound, 9):
            yield piece
            seen.append(len(piece))

    next(Stream(model).run(blocks(), RATE))
    assert len(seen) == 1  # the rest was not asked for


def test_blocks_may_be_overwritten(model, sound):
    expected, _, _ = stream_all(Stream(model), [sound])
    stream, heard = Stream(model), []
    buffer = np.empty(1_500, "float32")
    for piece in np.split(sound, 12):
        buffer[:] = piece
        heard += stream.push(buffer, RATE)
        buffer[:] = 0
    heard += stream.flush()
    np.testing.assert_array_equal([window.scores for window in heard], expected)


@pytest.mark.parametrize(
    "block", [[], np.zeros(0), np.zeros((0, 2), "float32"), np.zeros((0, 1))]
)
def test_blocks_without_samples_are_fine(model, sound, block):
    stream = Stream(model)
    assert stream.push(block, RATE) == []
    assert len(stream.push(sound, RATE)) == 8
    assert stream.push(np.zeros(0), RATE) == []
    assert stream.report().audio_seconds == len(sound) / RATE


def test_tags(model, sound):
    stream = Stream(model)
    first = stream.push(sound, RATE)[0]
    tags = stream.tags(first, top=2)
    best = int(first.scores.argmax())
    assert tags[0] == (model.spec.labels[best], float(first.scores[best]))
    assert len(tags) == 2


def test_report(model, sound):
    stream = Stream(model)
    before = stream.report()
    assert (before.windows, before.audio_seconds) == (0, 0.0)
    assert math.isnan(before.mean_ms)
    assert math.isnan(before.real_time_factor)
    stream.push(sound, 16_000)
    stream.flush()
    after = stream.report()
    assert after.windows == 4
    assert after.audio_seconds == len(sound) / 16_000
    assert 0 < after.mean_ms <= after.max_ms
    assert 0 < after.p95_ms <= after.max_ms
    network = after.windows * after.mean_ms / 1_000
    assert after.real_time_factor >= network / after.audio_seconds
    assert (after.window_seconds, after.hop_seconds) == (WINDOW, 0.25)
    assert 0 < after.resampler_seconds < 0.2
    assert after.delay_seconds == 0.25 + after.resampler_seconds
    assert str(after).startswith("4 windows of 0.5 s every 0.25 s: ")


def test_no_change_of_rate_holds_nothing_back(model, sound):
    stream = Stream(model)
    stream.push(sound, RATE)
    assert stream.report().delay_seconds == 0.25


@pytest.mark.slow
def test_an_hour_takes_no_more_memory_than_a_minute(model, monkeypatch):
    monkeypatch.setattr(latency, "_KEPT", 8)  # full after the first minute
    second = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000).astype("float32")
    stream = Stream(model, 4.0, smoothing="average", smoothing_seconds=9)

    def pass_minutes(count):
        windows = 0
        for block in np.array_split(np.tile(second, 60), 60 * 2) * count:
            windows += len(stream.push(block, 16_000))
        gc.collect()
        return windows, tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    _, after_a_minute = pass_minutes(1)
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    windows, after_an_hour = pass_minutes(60)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - rss
    tracemalloc.stop()

    assert windows == 60 * 15
    assert after_an_hour - after_a_minute < 2**17
    assert grown < 2**15 * (1024 if sys.platform == "darwin" else 1)  # 32 MiB


def test_the_repr_tells_model_windows_and_end(model):
    stream = Stream(model, 0.25)
    assert repr(stream) == "Stream('tiny', 0.5 s every 0.25 s)"
    stream.flush()
    assert repr(stream) == "Stream('tiny', 0.5 s every 0.25 s, was flushed)"
    with Stream(model, 0.1) as stream:
        pass
    assert repr(stream) == "Stream('tiny', 0.5 s every 0.1 s, was closed)"


@pytest.mark.slow
def test_a_real_network_on_music():
    model = kerasaudio.MusiCNN(weights="mtat")
    offline = FeatureExtractor(model, "predictions", hop_seconds=0.5, pool=None)
    expected = offline.timeline(GROOVE)
    stereo = kerasaudio.load_audio(GROOVE, 44_100, mono=False).T
    stream = Stream(model, 0.5)
    scores, starts, _ = stream_all(stream, np.array_split(stereo, 99), 44_100)
    np.testing.assert_allclose(scores, expected.vectors, atol=TOLERANCE)
    assert starts == expected.starts.tolist()
    assert re.match(r"\d+ windows of 2\.99", str(stream.report()))
