"""EfficientAT mn04 against the original, on the published file.

Upstream: fschmid56/EfficientAT at a425fdc, torch; it read the real clips by
`librosa.load(path, sr=32000)`.
"""

import keras
import numpy as np
import pytest

import kerasaudio
from support.originals import EFFICIENT_AT_CLIPS, efficient_at, heard, probe

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def golden(shared):
    return np.load(shared / "reference" / "golden" / "efficientat_mn04_as.npz")


@pytest.fixture(scope="module")
def model(shared):
    return kerasaudio.EfficientAT(
        weights=shared / "reference" / "mn04_as_mAP_432.pt", classifier_activation=None
    )


def test_signal_gives_upstreams_spectrogram_features_and_logits(golden, model):
    waveform = heard(golden)

    taps = probe(model, {"logmel": "frontend"}).predict(waveform[None], verbose=0)

    logmel = taps["logmel"][0, :200].T
    np.testing.assert_allclose(logmel, golden["logmel"], atol=2e-4)
    check(efficient_at(model, waveform, golden, ""))


@pytest.mark.parametrize("clip", EFFICIENT_AT_CLIPS)
def test_real_clip_gives_upstreams_features_and_logits(shared, golden, model, clip):
    path = shared / "data" / "esc10" / "audio" / f"{EFFICIENT_AT_CLIPS[clip]}.ogg"
    waveform = kerasaudio.load_audio(path, 32_000)

    check(efficient_at(model, waveform, golden, f"{clip}_"))


def check(pairs):
    logits, features = pairs["logits"], pairs["features"]
    assert logits.want.std() > 1
    assert features.want.std() > 1e-2
    np.testing.assert_allclose(logits.got, logits.want, atol=1e-3)
    np.testing.assert_allclose(features.got, features.want, atol=1e-4)


def test_published_tag_reads_the_published_file(shared, monkeypatch, golden):
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(shared / "reference"))
    model = kerasaudio.EfficientAT(weights="audioset")

    scores = model.predict(heard(golden)[None], verbose=0)[0]

    want = 1 / (1 + np.exp(-golden["logits"]))
    np.testing.assert_allclose(scores, want, atol=1e-4)
    assert model.count_params() - 2 * counted_statistics(model) == 983_599
    assert model.spec.arguments["width"] == 0.4
    assert (
        model.decode(scores[None], top=1)[0][0][0] == model.spec.labels[want.argmax()]
    )


def counted_statistics(model):
    norms = (keras.layers.BatchNormalization,)
    return sum(
        layer.gamma.shape[0] for layer in model.layers if isinstance(layer, norms)
    )
