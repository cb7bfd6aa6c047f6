"""One thread scores the windows of all visitors."""

import queue
import threading

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.app.ear import Ear, Moment
from kerasaudio.app.scorer import Listener, Scorer
from kerasaudio.streaming.feed import stream_spec
from support import stateful
from support.hum_or_hiss import RATE, sound


@pytest.mark.parametrize("rate", [RATE, 22_050])
def test_windows_are_those_of_the_sound_behind_silence(model, rate):
    spec = stream_spec(model.spec, 0.2)
    heard = sound("hiss", 1.5, rate)
    ear = Ear(spec, rate)
    moments = [
        moment for part in np.array_split(heard, 30) for moment in ear.hear(part)
    ]
    lead = round(0.3 * rate)
    behind = np.concatenate([np.zeros(lead, np.float32), heard])
    expected = spec.rule.cut(kerasaudio.resample(behind, rate, RATE))
    assert len(moments) >= 6
    for moment, window in zip(moments, expected, strict=False):
        np.testing.assert_array_equal(moment.samples, window.samples)
        assert moment.end == pytest.approx(window.start / RATE + 0.2, abs=1e-3)
        assert moment.end - moment.start == pytest.approx(0.5)


class Slow:
    """A model whose batches wait to be let through."""

    has_state = False

    def __init__(self):
        self.batches, self.gate = [], threading.Semaphore(100)
        self.is_asked = threading.Event()

    def predict_on_batch(self, batch):
        self.is_asked.set()
        self.gate.acquire()
        self.batches.append(batch[:, 0].tolist())
        return batch[:, :1]


def moment(value, size):
    return Moment(np.full(size, value, np.float32), 0, value)


def test_a_late_network_hears_what_is_new_in_one_batch(model):
    slow, found = Slow(), queue.Queue()
    spec = stream_spec(model.spec, 0.2)
    scorer = Scorer(slow, spec)
    scorer.start()
    slow.batches.clear()
    slow.is_asked.clear()
    while slow.gate.acquire(blocking=False):
        pass
    visitors = [Listener(lambda at, scores: found.put(at.end)) for _ in range(4)]
    scorer.submit(visitors[0], [moment(1, spec.rule.window)])
    assert slow.is_asked.wait(10)
    for value in (2, 3, 4):  # while the first is scored
        for visitor in visitors[:3]:
            scorer.submit(visitor, [moment(value, spec.rule.window)])
    scorer.submit(visitors[3], [moment(9, spec.rule.window)])
    scorer.leave(visitors[3])
    scorer.submit(visitors[0], [])
    slow.gate.release(2)
    ends = [found.get(timeout=10) for _ in range(4)]
    scorer.stop()
    assert ends == [1, 4, 4, 4]
    assert [batch[:3] for batch in slow.batches] == [[1], [4, 4, 4]]


def test_a_network_with_a_state_hears_all_in_order():
    model = stateful.tiny(keras.layers.GRU(3, return_sequences=True))
    rate = stateful.RATE
    spec = stream_spec(model.spec, usual=0.2)
    assert spec.rule.window == spec.rule.hop == stateful.STEP
    heard = np.random.default_rng(0).normal(0, 0.1, rate // 10).astype("float32")
    with kerasaudio.Stream(model) as stream:
        expected = [each.scores for each in stream.push(heard, rate)]
    scorer = Scorer(model, spec)
    scorer.start()
    found = [queue.Queue(), queue.Queue()]
    visitors = [Listener(lambda at, scores, to=to: to.put(scores)) for to in found]
    moments = Ear(spec, rate).hear(heard)
    assert len(moments) == len(expected) == 10
    for each in moments:
        for visitor in visitors:
            scorer.submit(visitor, [each])
    for one in found:
        scores = [one.get(timeout=30) for _ in moments]
        np.testing.assert_allclose(scores, expected, atol=1e-5)
    scorer.stop()
