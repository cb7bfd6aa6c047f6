"""fit_probe: classifiers that learn, keep to their seed, and go onto a body."""

import keras
import numpy as np
import pytest

from kerasaudio import transfer
from kerasaudio.core import AudioModel

QUICK = {
    "linear": {},
    "mlp": {"units": 16, "epochs": 12, "batch_size": 10, "learning_rate": 1e-2},
    "gru": {"units": 16, "epochs": 12, "batch_size": 10, "learning_rate": 2e-2},
}
CLASSES = 3


def _features(probe, rows=60, width=6, seed=0):
    """Three classes; for gru they differ only in the order of their windows."""
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % CLASSES
    if probe != "gru":
        centers = 3 * rng.normal(size=(CLASSES, width))
        x = centers[labels] + rng.normal(size=(rows, width))
        return (100 + 7 * x).astype("float32"), labels
    x = 0.3 * rng.normal(size=(rows, CLASSES, width))
    x[np.arange(rows), labels] += 3
    return (5 + x).astype("float32"), labels


@pytest.fixture(scope="module")
def fitted():
    """One fit of each kind, with its features and labels."""
    models = {}
    for probe, settings in QUICK.items():
        x, labels = _features(probe)
        models[probe] = (
            transfer.fit_probe(x, labels, probe=probe, **settings),
            x,
            labels,
        )
    return models


@pytest.mark.parametrize("probe", QUICK)
def test_learns(fitted, probe):
    model, x, labels = fitted[probe]
    assert isinstance(model, keras.Model)
    scores = model.predict(x, verbose=0)
    assert scores.shape == (60, CLASSES)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert (scores.argmax(axis=1) == labels).mean() >= 0.95


@pytest.mark.parametrize("probe", QUICK)
def test_survives_save_and_load(fitted, probe, tmp_path):
    model, x, _ = fitted[probe]
    model.save(tmp_path / "probe.keras")
    again = keras.saving.load_model(tmp_path / "probe.keras")
    np.testing.assert_allclose(
        again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6
    )


@pytest.mark.parametrize("probe", ["mlp", pytest.param("gru", marks=pytest.mark.slow)])
def test_the_seed_decides(fitted, probe):
    model, x, labels = fitted[probe]
    wanted = model.predict(x, verbose=0)
    short = QUICK[probe]
    same = transfer.fit_probe(x, labels, probe=probe, **short).predict(x, verbose=0)
    np.testing.assert_allclose(same, wanted, atol=1e-6)
    other = transfer.fit_probe(
        x, labels, probe=probe, seed=1, **(short | {"epochs": 1})
    ).predict(x, verbose=0)
    assert np.abs(other - wanted).max() > 1e-3


def test_padding_makes_no_difference(fitted):
    model, x, _ = fitted["gru"]
    padded = np.pad(x, ((0, 0), (0, 4), (0, 0)))
    np.testing.assert_allclose(
        model.predict(padded, verbose=0), model.predict(x, verbose=0), atol=1e-6
    )


def test_clips_of_different_lengths(fitted):
    _, x, labels = fitted["gru"]
    longer = [np.concatenate([clip, clip[-1:]]) for clip in x[:30]]
    model = transfer.fit_probe([*longer, *x[30:]], labels, probe="gru", **QUICK["gru"])
    scores = model.predict(np.stack(longer), verbose=0)
    assert (scores.argmax(axis=1) == labels[:30]).mean() >= 0.9
    # Had padding been standardized with the sound, the moments would have moved.
    scale = model.get_layer("standardization")
    rows = np.concatenate([*longer, *x[30:]])
    np.testing.assert_allclose(scale.mean, rows.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale.std, rows.std(axis=0), rtol=1e-4)


def test_a_feature_that_never_changed_is_not_blown_up():
    x, labels = _features("linear")
    x[:, 2] = 3.0
    model = transfer.fit_probe(x, labels)
    before = model.predict(x, verbose=0)
    x[:, 2] = 3.5
    np.testing.assert_allclose(model.predict(x, verbose=0), before, atol=1e-4)


def test_goes_onto_the_body(model, tmp_path):
    rng = np.random.default_rng(0)
    waveforms = rng.normal(0, 0.1, (12, 4_000)).astype("float32")
    waveforms[::2] *= np.sin(np.arange(4_000) / 3).astype("float32")
    vectors = model.embed(list(waveforms), model.spec.sample_rate)
    probe = transfer.fit_probe(vectors, np.arange(12) % 2, C=10.0)
    whole = transfer.attach(model, probe, ["knock", "bark"])
    assert isinstance(whole, AudioModel)
    np.testing.assert_allclose(
        whole.predict(waveforms, verbose=0),
        probe.predict(vectors, verbose=0),
        atol=1e-5,
    )
    assert {label for label, _ in whole.tag(waveforms[0], 8_000, top=2)} == {
        "knock",
        "bark",
    }
    whole.save(tmp_path / "mine.keras")
    again = keras.saving.load_model(tmp_path / "mine.keras")
    assert again.spec.labels == ("knock", "bark")
    np.testing.assert_allclose(
        again.predict(waveforms, verbose=0),
        whole.predict(waveforms, verbose=0),
        atol=1e-6,
    )


def test_attach_refuses_what_does_not_fit(model, fitted):
    with pytest.raises(ValueError, match="must be 3 different class names"):
        transfer.attach(model, fitted["linear"][0], ["one", "two"])
    with pytest.raises(ValueError, match="Probes over windows"):
        transfer.attach(model, fitted["gru"][0], ["a", "b", "c"])


X, LABELS = _features("linear", rows=12)


@pytest.mark.parametrize(
    ("features", "labels", "settings", "message"),
    [
        (X[0], LABELS, {}, r"needs features of shape \(clips, n\).*\(6,\)"),
        (X, LABELS, {"probe": "gru"}, r"shape \(clips, windows, n\).*\(12, 6\)"),
        (X[:0], LABELS[:0], {}, r"Received: shape \(0, 6\)"),
        ([X[0], X[1, :3]], LABELS[:2], {}, "needs features of shape"),
        (np.where(X[4, 2] == X, np.nan, X), LABELS, {}, "first in clip 4"),
        (X, LABELS[:5], {}, r"12 integers, one per clip. Received: shape \(5,\)"),
        (X, LABELS * 1.0, {}, "dtype float64"),
        (X, LABELS * 2, {}, r"from 0 without gaps.*\[0, 2, 4\]"),
        (X, LABELS * 0, {}, "at least two classes"),
        (X, LABELS, {"probe": "svm"}, "probe must be one of.*'svm'"),
        (X, LABELS, {"probe": "full"}, "probe must be one of"),
        (
            X,
            LABELS,
            {"epochs": 3},
            "'linear' has no setting 'epochs'. Its settings are: C",
        ),
        (X, LABELS, {"C": 0}, "C must be a number above 0. Received: 0"),
        (X, LABELS, {"probe": "mlp", "units": 2.5}, "units must be a whole number, 1"),
        (
            X,
            LABELS,
            {"probe": "mlp", "dropout": 1.0},
            "dropout must be a number at least 0 and below 1",
        ),
        (X, LABELS, {"seed": -1}, "seed must be a whole number"),
        (X * 0, LABELS, {}, "the same for all clips"),
    ],
)
def test_bad_input(features, labels, settings, message):
    with pytest.raises(ValueError, match=message):
        transfer.fit_probe(features, labels, **settings)
