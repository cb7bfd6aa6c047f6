"""Several threads ask one model at once."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

import kerasaudio
from support.tiny import RATE, tiny_model

THREADS = 4
CALLS = 200


@pytest.fixture(scope="module")
def model():
    return tiny_model()


def clips():
    """Clips of some lengths, so that batches of some sizes are compiled on the way."""
    rng = np.random.default_rng(0)
    return [
        rng.normal(0, 0.1, 4_000 * (1 + number % 5)).astype("float32")
        for number in range(CALLS)
    ]


def compare(use, sounds, tolerance=1e-6):
    expected = [np.asarray(use(sound)) for sound in sounds[:5]]
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(use, sounds))
    assert len(results) == len(sounds)
    for one, other in zip(results[:5], expected, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)
    return results


def test_tags_and_vectors(model):
    extractor = kerasaudio.FeatureExtractor(model, "level2")

    def use(sound):
        scores = dict(model.tag(sound, RATE, top=3))
        return np.concatenate(
            [
                [scores[label] for label in "abc"],
                model.embed(sound, RATE),
                extractor(sound, RATE),
            ]
        )

    compare(use, clips())


def test_predictions_of_all_kinds_at_once(model):
    waveforms = np.random.default_rng(1).normal(0, 0.1, (20, 4_000)).astype("float32")
    wanted = model.predict(waveforms, verbose=0)
    kinds = (
        lambda: model.predict(waveforms, batch_size=8, verbose=0),
        lambda: model.predict(Pairs(waveforms), verbose=0),
        lambda: model.predict_on_batch(waveforms),
        lambda: keras.ops.convert_to_numpy(model(waveforms, training=False)),
    )

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(lambda n: kinds[n % len(kinds)](), range(CALLS // 2)))

    for outputs in results:
        np.testing.assert_allclose(outputs, wanted, atol=1e-5)


def test_the_first_call_may_come_from_all_threads_at_once():
    sounds = clips()[:8]
    for _ in range(3):
        model = tiny_model()
        with ThreadPoolExecutor(8) as pool:
            vectors = list(pool.map(lambda s: model.embed(s, RATE), sounds))  # noqa: B023
        for sound, vector in zip(sounds, vectors, strict=True):
            np.testing.assert_allclose(vector, model.embed(sound, RATE), atol=1e-6)


def test_weights_are_what_they_were(model):
    before = model.get_weights()

    compare(lambda sound: model.embed(sound, RATE), clips()[:40])

    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class Pairs(keras.utils.PyDataset):
    """Batches of two waveforms, with targets that prediction leaves alone."""

    def __init__(self, waveforms):
        super().__init__()
        self._waveforms = waveforms

    def __len__(self):
        return len(self._waveforms) // 2

    def __getitem__(self, index):
        return self._waveforms[2 * index : 2 * index + 2], np.zeros(2)
