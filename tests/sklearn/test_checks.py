"""scikit-learn's own checks of estimators.

They pass arrays of 1 to 10 columns with values up to 100, which are neither long nor
quiet enough to be sounds. So the two limits are lifted here, and the network is linear
in its 64 samples, to which the rows are repeated.
"""

import keras
import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from kerasaudio.core import AudioModel, AudioSpec, windowed
from kerasaudio.sklearn import AudioClassifier, AudioEmbedder

RATE = 8_000
INTEGERS = "they pass integers, which are refused because their scale is unknown"
FAILURES = {
    "AudioEmbedder": {"check_estimators_dtypes": INTEGERS},
    "AudioClassifier": {
        "check_estimators_dtypes": INTEGERS,
        "check_classifier_data_not_an_array": INTEGERS,
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with rows.keras."""
    folder = tmp_path_factory.mktemp("network")
    waveform = keras.Input((64,), name="waveform")
    vector = keras.layers.Dense(24, name="embedding")(waveform)
    scores = keras.layers.Dense(2, "softmax", name="predictions")(vector)
    spec = AudioSpec(
        sample_rate=RATE,
        clip_samples=64,
        window_samples=64,
        min_samples=64,
        architecture="Rows",
        window_padding="repeat",
        labels=("a", "b"),
    )
    AudioModel(waveform, scores, spec=spec).save(folder / "rows.keras")
    return folder


@parametrize_with_checks(
    [
        AudioEmbedder("rows.keras", sampling_rate=RATE),
        AudioClassifier("rows.keras", sampling_rate=RATE),
    ],
    expected_failed_checks=lambda estimator: FAILURES[type(estimator).__name__],
)
def test_check(estimator, check, folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(windowed, "MIN_SECONDS", 0)
    monkeypatch.setattr("kerasaudio.audio.check.PEAK_LIMIT", 1e6)
    check(estimator)
