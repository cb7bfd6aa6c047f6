"""AudioClassifier: the library's probe in cross-validation, searches and pickles."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import soundfile

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    PredefinedSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

import kerasaudio
from kerasaudio import transfer
from kerasaudio.sklearn import AudioClassifier
from kerasaudio.transfer.vectors import hearing_all
from support.tiny import RATE, tiny_model

CLASSES = np.array(["hum", "hiss", "tone"])


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def clips():
    """Waveforms, labels and groups: 12 clips of 3 classes in 4 groups."""
    rng = np.random.default_rng(0)
    time = np.arange(5_000) / RATE
    targets = np.arange(12) % 3
    waveforms = []
    for target in targets:
        noise = rng.normal(0, 0.1, 5_000)
        tone = 0.3 * np.sin(2 * np.pi * rng.uniform(900, 1_100) * time)
        sound = (np.cumsum(noise) / 30, noise, tone)[target]
        waveforms.append(np.clip(sound, -1, 1).astype("float32"))
    return waveforms, CLASSES[targets], np.arange(12) // 3


@pytest.fixture
def folder(tmp_path, clips):
    """The clips as folder/CLASS/NUMBER.wav."""
    for number, (waveform, label) in enumerate(zip(*clips[:2], strict=True)):
        path = tmp_path / "clips" / label / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, waveform, RATE, subtype="FLOAT")
    return tmp_path / "clips"


def test_predictions_are_those_of_the_probe(model, clips):
    waveforms, labels, _ = clips
    classifier = AudioClassifier(model, sampling_rate=RATE, C=1.0)

    scores = classifier.fit(waveforms, labels).predict_proba(waveforms)

    assert classifier.classes_.tolist() == ["hiss", "hum", "tone"]
    vectors = kerasaudio.FeatureExtractor(hearing_all(model))(waveforms, RATE)
    targets = np.searchsorted(classifier.classes_, labels)
    probe = transfer.fit_probe(vectors, targets, C=1.0)
    np.testing.assert_allclose(scores, probe.predict(vectors, verbose=0), atol=1e-5)
    predicted = classifier.predict(waveforms)
    assert predicted.tolist() == classifier.classes_[scores.argmax(1)].tolist()
    assert classifier.score(waveforms, labels) == np.mean(predicted == labels) > 0.6


def test_cross_validation_gives_the_figures_of_the_library(model, folder):
    dataset = kerasaudio.datasets.from_folder(folder)
    labels = [path.parent.name for path in dataset.paths]
    folds = np.arange(len(dataset)) % 4 + 1
    report = kerasaudio.cross_validate(model, replace(dataset, folds=folds))

    scores = cross_val_score(
        AudioClassifier(model), dataset.paths, labels, cv=PredefinedSplit(folds)
    )

    np.testing.assert_allclose(scores, report.folds)


def test_groups_stay_together_in_cross_validation(model, clips):
    waveforms, labels, groups = clips

    scores = cross_val_score(
        AudioClassifier(model, sampling_rate=RATE),
        waveforms,
        labels,
        groups=groups,
        cv=GroupKFold(4),
    )

    assert len(scores) == 4
    assert scores.mean() > 0.5


def test_a_search_over_the_settings_in_a_pipeline(model, clips):
    waveforms, labels, _ = clips
    pipeline = make_pipeline(AudioClassifier(model, sampling_rate=RATE))
    choices = {"audioclassifier__C": [1e-6, 1.0], "audioclassifier__pool": ["max"]}

    search = GridSearchCV(pipeline, choices, cv=2).fit(waveforms, labels)

    assert search.best_params_["audioclassifier__pool"] == "max"
    assert search.best_estimator_[-1].model is model
    assert search.predict(waveforms[:2]).shape == (2,)


def test_the_hidden_layer_takes_its_settings_and_seed(model, clips):
    waveforms, labels, _ = clips
    settings = {"units": 5, "epochs": 1, "batch_size": 4, "dropout": 0.0}
    classifier = AudioClassifier(
        model, sampling_rate=RATE, probe="mlp", random_state=3, **settings
    )

    scores = classifier.fit(waveforms, labels).predict_proba(waveforms)

    again = clone(classifier).fit(waveforms, labels).predict_proba(waveforms)
    np.testing.assert_allclose(again, scores, atol=1e-6)
    other = clone(classifier).set_params(random_state=4).fit(waveforms, labels)
    assert np.abs(other.predict_proba(waveforms) - scores).max() > 1e-4
    assert classifier.probe_.count_params() == 6 * 5 + 5 + 5 * 3 + 3


@pytest.mark.parametrize("probe", ["linear", "mlp"])
def test_a_pickle_of_a_fitted_classifier_predicts_the_same(
    probe, model, clips, tmp_path
):
    waveforms, labels, _ = clips
    model.save(tmp_path / "mine.keras")
    classifier = AudioClassifier(
        str(tmp_path / "mine.keras"), sampling_rate=RATE, probe=probe
    )
    classifier.set_params(epochs=1 if probe == "mlp" else None).fit(waveforms, labels)

    again = pickle.loads(pickle.dumps(classifier))

    np.testing.assert_allclose(
        again.predict_proba(waveforms), classifier.predict_proba(waveforms), atol=1e-6
    )
    assert again.predict(waveforms).tolist() == classifier.predict(waveforms).tolist()


def test_a_pickle_with_a_model_object_is_refused(model, clips):
    classifier = AudioClassifier(model, sampling_rate=RATE).fit(*clips[:2])

    with pytest.raises(TypeError, match="AudioClassifier holds a model object"):
        pickle.dumps(classifier)


def test_the_probe_can_be_attached_to_the_model(model, clips):
    waveforms, labels, _ = clips
    classifier = AudioClassifier(model, sampling_rate=RATE).fit(waveforms, labels)

    mine = transfer.attach(model, classifier.probe_, classifier.classes_.tolist())

    assert mine.spec.labels == ("hiss", "hum", "tone")


@pytest.mark.parametrize(
    "numbers", [[3, 7, -1], [0.0, 1.0, 2.0], [True, False, True]], ids=str
)
def test_numbers_as_labels_are_kept(numbers, model, clips):
    waveforms, _, _ = clips
    y = np.array(numbers * 4)

    classifier = AudioClassifier(model, sampling_rate=RATE).fit(waveforms, y)

    assert classifier.predict(waveforms).dtype == y.dtype
    assert classifier.classes_.tolist() == sorted(set(numbers))


BAD = {
    "another length": (["a", "b", "a"], "3 labels for 12 clips"),
    "one class": (["a"] * 12, "Received: one class, 'a'|one class, np.str_"),
    "none": (None, "target y is None"),
    "no labels": ([], "no labels"),
    "NaN": ([0.0, np.nan] * 6, "y contains NaN"),
    "a quantity": (np.linspace(0, 1, 12), "Unknown label type"),
    "several": (np.eye(12), "y should be a 1d array"),
    "gaps": (np.array(["a", None] * 6, dtype=object), "one kind.*NoneType, str"),
    "texts and numbers": (np.array(["a", 1] * 6, dtype=object), "one kind.*int, str"),
}


@pytest.mark.parametrize("kind", BAD)
def test_unusable_labels_are_refused(kind, model, clips):
    y, message = BAD[kind]
    with pytest.raises(ValueError, match=message):
        AudioClassifier(model, sampling_rate=RATE).fit(clips[0], y)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"probe": "gru"}, "probe must be one of"),
        ({"C": -1}, "C must be"),
        ({"units": 8}, "'linear' has no setting 'units'"),
        ({"random_state": None}, "random_state must be a whole number"),
    ],
)
def test_wrong_parameters_are_told_by_fit(wrong, message, model, clips):
    with pytest.raises(ValueError, match=message):
        AudioClassifier(model, sampling_rate=RATE, **wrong).fit(*clips[:2])


def test_a_classifier_must_be_fitted(model, clips):
    with pytest.raises(NotFittedError):
        AudioClassifier(model, sampling_rate=RATE).predict(clips[0])
