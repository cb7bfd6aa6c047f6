"""Weights of our own: each scores on held-out clips what the manifest says.

One that learned from all clips scores what it did on those when it was made.
"""

import math
from pathlib import Path

import numpy as np
import pytest
from held_out import TESTS, held_out

from kerasaudio.evaluation import evaluate
from kerasaudio.models import FACTORIES
from kerasaudio.weights.manifest import load_manifest

OWN = {entry.title: entry for entry in load_manifest() if entry.training}
CHECKOUT = Path(__file__).parents[2]
FEW = 60  # clips, heard by default; where slow tests run, all of them
ODDS = 3.0  # standard deviations that a score on a few clips may be off


@pytest.fixture(scope="module")
def load():
    made = {}

    def load(entry):
        if entry not in made:
            made[entry] = FACTORIES[entry.factory](weights=entry.tag)
        return made[entry]

    return load


@pytest.mark.parametrize("entry", OWN.values(), ids=OWN)
def test_it_is_small_and_says_how_it_was_made(entry, load):
    model = load(entry)

    assert entry.is_bundled
    assert entry.approximate_size <= 8_000_000
    assert (CHECKOUT / entry.training["script"]).is_file()
    assert entry.metrics["dataset"] in TESTS
    assert model.spec.preset == entry.title
    assert model.spec.labels == entry.labels
    assert model.spec.metrics == entry.metrics
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trainable == entry.parameters


@pytest.mark.shared
@pytest.mark.parametrize("entry", OWN.values(), ids=OWN)
def test_its_score_on_a_few_held_out_clips(entry, load, shared):
    accuracy, stated, count = score(entry, load(entry), shared, few=True)

    spread = math.sqrt(stated * (1 - stated) / count)
    assert abs(accuracy - stated) <= ODDS * spread + 1 / count


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("entry", OWN.values(), ids=OWN)
def test_its_score_on_all_held_out_clips(entry, load, shared):
    accuracy, stated, count = score(entry, load(entry), shared)

    # A clip on the edge may fall to either side on another backend.
    assert abs(accuracy - stated) <= 1.5 / count


def score(entry, model, shared, few=False):
    """Give the accuracy, what it should be, and on how many clips or segments."""
    _, clips, settings, heard = held_out(entry, shared / "data")
    if few:
        clips = clips.take(np.linspace(0, len(clips) - 1, FEW).astype(int))
    report = evaluate(model, clips, **settings)
    stated = entry.metrics["accuracy"] if heard is None else heard
    return report.accuracy, stated, len(report.targets)
