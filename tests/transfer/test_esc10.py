"""Published networks on ESC-10: the figures that the documentation states."""

import numpy as np
import pytest

import kerasaudio
from kerasaudio.datasets import ESC50
from kerasaudio.features import extractor

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def esc10(shared):
    return ESC50(shared / "data" / "esc10")


def test_efficient_at_linear_and_stored_vectors(shared, esc10, monkeypatch):
    """98.5 % was measured with the original code's embeddings."""
    model = kerasaudio.EfficientAT(weights=shared / "reference" / "mn04_as_mAP_432.pt")
    report = kerasaudio.cross_validate(model, esc10)
    assert report.accuracy >= 0.98
    assert len(report.folds) == 5
    assert min(report.per_class.values()) >= 0.9

    def computes(*_, **__):
        raise AssertionError("a stored vector was computed again")

    monkeypatch.setattr(extractor, "embed_files", computes)
    again = kerasaudio.cross_validate(model, esc10)
    np.testing.assert_array_equal(again.predictions, report.predictions)


def test_yamnet_linear(esc10):
    model = kerasaudio.YAMNet(weights="audioset")
    assert kerasaudio.cross_validate(model, esc10).accuracy >= 0.95
