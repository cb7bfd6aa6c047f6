"""Deletion and insertion curves: whether an attribution says what matters."""

import numpy as np
import pytest

import kerasaudio
from kerasaudio import interpret
from support.listener import RATE, listener, two_tones


@pytest.fixture(scope="module")
def model():
    return listener()


@pytest.fixture(scope="module")
def sound():
    return two_tones(3.0)


def test_curves(model, sound):
    found = interpret.occlusion(model, sound, RATE, label="tone")
    settings = {"steps": 5}
    removed = interpret.deletion_curve(model, found, **settings)
    added = interpret.insertion_curve(model, found, **settings)
    whole = dict(model.tag(sound, RATE))["tone"]
    assert removed.scores[0] == pytest.approx(whole, abs=1e-5)
    assert added.scores[-1] == pytest.approx(whole, abs=1e-5)
    assert removed.scores[-1] == pytest.approx(added.scores[0], abs=1e-5)
    for seed in range(3):
        settings = {"steps": 5, "order": "random", "seed": seed}
        assert removed.auc < interpret.deletion_curve(model, found, **settings).auc
        assert added.auc > interpret.insertion_curve(model, found, **settings).auc
    with pytest.raises(ValueError, match="`order` must be one of"):
        interpret.deletion_curve(model, found, order="best")
    with pytest.raises(ValueError, match=r"result of a method.*Received: str"):
        interpret.deletion_curve(model, "tone")
    other = kerasaudio.BarkNet(labels=["tone"])
    with pytest.raises(ValueError, match=r"hears 16,000 Hz, but .* for 8,000 Hz"):
        interpret.insertion_curve(other, found)


def test_curves_at_given_fractions(model, sound):
    found = interpret.occlusion(model, sound, RATE, label="tone")
    equal = interpret.deletion_curve(model, found, steps=5)
    some = interpret.deletion_curve(model, found, fractions=[0, 0.2, 0.8, 1])
    assert some.fractions.tolist() == [0, 0.2, 0.8, 1]
    np.testing.assert_allclose(some.scores, equal.scores[[0, 1, 4, 5]], atol=1e-5)
    area = np.trapezoid(some.scores, [0, 0.2, 0.8, 1])
    assert some.auc == pytest.approx(area)
    for wrong in ([], [0, 1, 1], [0.1, 1], [0, 0.5]):
        with pytest.raises(ValueError, match="fractions must rise from 0 to 1"):
            interpret.insertion_curve(model, found, fractions=wrong)
    with pytest.raises(ValueError, match="fractions must be"):
        interpret.insertion_curve(model, found, fractions=[0, "half", 1])
