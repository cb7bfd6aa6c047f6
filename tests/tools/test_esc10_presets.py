"""The presets of the ESC-10 recipes score what the manifest says, on fold 5."""

import esc10_dogs
import esc10_log_mel
import pytest

import kerasaudio
from kerasaudio.datasets import ESC50
from kerasaudio.training import measure

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def data(shared):
    return ESC50(shared / "data" / "esc10", esc10=True)


def test_log_mel_cnn(data):
    model = kerasaudio.LogMelCNN(weights="esc10")

    report = measure(model, data.hold_out(5)[1], **esc10_log_mel.TESTED)

    assert len(report.labels) == 80
    # Backends differ in the last digit: one clip may fall on the other side.
    assert report.accuracy == pytest.approx(model.spec.metrics["accuracy"], abs=0.013)


def test_bark_net(data):
    model = kerasaudio.BarkNet(weights="esc10")
    seconds = esc10_dogs.seconds_of(esc10_dogs.dogs(data).hold_out(5)[1])

    report = measure(model, seconds)

    assert len(report.labels) == 118
    assert report.accuracy == pytest.approx(model.spec.metrics["accuracy"], abs=0.009)
    assert model.spec.labels == esc10_dogs.LABELS
