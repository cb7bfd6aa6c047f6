"""EfficientAT mn04 against the original, on the published file.

Upstream: fschmid56/EfficientAT at a425fdc, torch; it read the real clips by
`librosa.load(path, sr=32000)`.
"""

import keras
import numpy as np
import pytest

import kerasaudio

CLIPS = {
    "dog": "1-100032-A-0",
    "rooster": "1-26806-A-1",
    "helicopter": "1-172649-A-40",
}

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def golden(shared):
    return np.load(shared / "reference" / "golden" / "efficientat_mn04_as.npz")


@pytest.fixture(scope="module")
def probe(shared):
    model = kerasaudio.EfficientAT(
        weights=shared / "reference" / "mn04_as_mAP_432.pt", classifier_activation=None
    )
    taps = ("frontend", "embedding", "predictions")
    return keras.Model(
        model.input, {name: model.get_layer(name).output for name in taps}
    )


def test_signal_gives_upstreams_spectrogram_features_and_logits(golden, probe):
    waveform = golden["waveform_int16"] / np.float32(32768)

    got = probe.predict(waveform[None], verbose=0)

    logmel = got["frontend"][0, :200].T
    np.testing.assert_allclose(logmel, golden["logmel"], atol=2e-4)
    check(got, golden, "")


@pytest.mark.parametrize("clip", CLIPS)
def test_real_clip_gives_upstreams_features_and_logits(shared, golden, probe, clip):
    path = shared / "data" / "esc10" / "audio" / f"{CLIPS[clip]}.ogg"
    waveform = kerasaudio.load_audio(path, 32_000)

    check(probe.predict(waveform[None], verbose=0), golden, f"{clip}_")


def check(got, golden, prefix):
    logits, features = golden[f"{prefix}logits"], golden[f"{prefix}features"]
    assert logits.std() > 1
    assert features.std() > 1e-2
    np.testing.assert_allclose(got["predictions"][0], logits, atol=1e-3)
    np.testing.assert_allclose(got["embedding"][0], features, atol=1e-4)


def test_published_tag_reads_the_published_file(shared, monkeypatch, golden):
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(shared / "reference"))
    model = kerasaudio.EfficientAT(weights="audioset")
    waveform = golden["waveform_int16"][None] / np.float32(32768)

    scores = model.predict(waveform, verbose=0)[0]

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
