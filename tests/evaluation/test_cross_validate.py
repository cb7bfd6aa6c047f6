"""evaluate: figures, folds kept apart, vectors computed once."""

import dataclasses

import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio.datasets import ESC50, LabeledClips
from kerasaudio.evaluation import cross_validation as room
from kerasaudio.features import FeatureExtractor
from kerasaudio.transfer import probes, vectors
from support import esc_folder

QUICK = {
    "linear": {},
    "mlp": {"units": 8, "epochs": 2},
    "gru": {"units": 4, "epochs": 1},
}


@pytest.mark.parametrize("probe", QUICK)
def test_reports_every_fold(open_model, clips, probe):
    report = kerasaudio.cross_validate(open_model, clips, probe, **QUICK[probe])
    assert (report.dataset, report.probe, report.seed) == (clips.name, probe, 0)
    assert len(report.folds) == 2
    assert report.confusion.sum() == len(clips)
    right = report.predictions == clips.targets
    by_fold = [right[clips.folds == fold].mean() for fold in (1, 2)]
    np.testing.assert_allclose(report.folds, by_fold)
    assert report.accuracy == pytest.approx(np.mean(by_fold))
    assert report.origin["model"] == "Tiny"
    assert report.origin["weights_hash"].startswith("sha256:")
    assert set(report.seconds) == {"features", "folds"}


def test_linear_tells_sines_from_noise(open_model, clips):
    report = kerasaudio.cross_validate(open_model, clips, layer="frontend", C=10.0)
    assert report.accuracy >= 0.9
    assert report.settings == {"C": 10.0}


@pytest.mark.parametrize("probe", ["mlp", pytest.param("gru", marks=pytest.mark.slow)])
def test_same_seed_same_figures(open_model, clips, probe):
    one, two = (
        kerasaudio.cross_validate(open_model, clips, probe, seed=3, **QUICK[probe])
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.predictions, two.predictions)
    assert one.folds == two.folds


def test_vectors_are_computed_once(open_model, clips, monkeypatch):
    first = kerasaudio.cross_validate(open_model, clips)

    def refuse(*_):
        raise AssertionError("the network ran again")

    monkeypatch.setattr(FeatureExtractor, "_compute", refuse)
    again = kerasaudio.cross_validate(open_model, clips)
    np.testing.assert_array_equal(first.predictions, again.predictions)
    with pytest.raises(AssertionError, match="ran again"):
        kerasaudio.cross_validate(open_model, clips, "gru")


@pytest.mark.slow
def test_each_fold_is_compiled_no_more_than_once(open_model, clips, monkeypatch):
    made = []
    real = probes.Trainer
    monkeypatch.setattr(probes, "Trainer", lambda *a: made.append(a) or real(*a))
    kerasaudio.cross_validate(open_model, clips, "mlp", **QUICK["mlp"])
    assert len(made) == 1


@pytest.fixture
def stubbed(clips, monkeypatch):
    """Evaluate given vectors instead of those of a network."""

    def call(features, probe="linear", targets=clips.targets, **settings):
        monkeypatch.setattr(
            room, "clip_features", lambda *_: (features.astype("float32"), {})
        )
        monkeypatch.setattr(room, "as_extractor", lambda *_: None)
        given = changed(clips, targets=targets)
        return kerasaudio.cross_validate(None, given, probe, **settings)

    return call


def changed(clips, **changes):
    fields = {f.name: getattr(clips, f.name) for f in dataclasses.fields(LabeledClips)}
    return LabeledClips(**(fields | changes))


@pytest.mark.parametrize(
    "probe", ["linear", pytest.param("mlp", marks=pytest.mark.slow)]
)
def test_nothing_leaks_from_the_held_out_fold(stubbed, clips, probe):
    """Neither vectors nor targets of a fold's other clips move its predictions."""
    features = np.random.default_rng(0).normal(size=(len(clips), 4))
    before = stubbed(features, probe, **QUICK[probe]).predictions
    held = np.flatnonzero(clips.folds == 2)
    watched, others = held[0], held[1:]
    moved = features.copy()
    moved[others] = 1e4 * (1 + moved[others])
    targets = clips.targets.copy()
    targets[others] = (targets[others] + 1) % 3
    after = stubbed(moved, probe, targets=targets, **QUICK[probe]).predictions
    assert after[watched] == before[watched]
    # The same change does move what other folds learn from.
    rest = clips.folds != 2
    assert (after[rest] != before[rest]).any()


def test_clips_that_cannot_be_read_stop_it(tmp_path, open_model):
    folder = esc_folder.make(tmp_path / "set", clips=1)
    (folder / "audio" / "2-207-A-7.wav").write_bytes(b"no sound")
    soundfile.write(folder / "audio" / "3-300-A-0.wav", np.zeros(5), 8_000)
    with pytest.raises(ValueError, match=r"2 of the 15 clips.*2-207-A-7\.wav: "):
        kerasaudio.cross_validate(open_model, ESC50(folder))


def test_an_extractor_brings_its_layer(open_model, clips):
    extractor = FeatureExtractor(open_model, ["level1", "embedding"], pool="max")
    report = kerasaudio.cross_validate(extractor, clips)
    assert report.origin["layer"] == ["level1", "embedding"]
    windows = FeatureExtractor(open_model, pool=None, window_seconds=0.1)
    assert kerasaudio.cross_validate(windows, clips, "gru", units=4, epochs=1).folds
    with pytest.raises(ValueError, match=r"'gru' needs windows: pool=None.*'max'"):
        kerasaudio.cross_validate(extractor, clips, "gru")
    with pytest.raises(ValueError, match=r"'linear' needs one vector per clip.*None"):
        kerasaudio.cross_validate(windows, clips)
    with pytest.raises(ValueError, match="Pass the AudioModel itself"):
        kerasaudio.cross_validate(extractor, clips, "full")


def test_windows_of_recurrent_probes(model, open_model):
    any_length = vectors.as_extractor(open_model, "gru", "embedding").origin
    assert (any_length["window_seconds"], any_length["hop_seconds"]) == (1.0, 0.5)
    fixed = vectors.as_extractor(model, "gru", "embedding").origin
    assert fixed["window_seconds"] == 0.5
    assert fixed["hop_seconds"] == pytest.approx(0.5 / 3, abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (("svm",), {}, "probe must be one of"),
        (("linear", -1), {}, "seed must be a whole number"),
        (("linear", 0), {"units": 3}, "'linear' has no setting 'units'"),
        (("full", 0), {"batch_size": 0}, "batch_size must be a whole number, 1"),
    ],
)
def test_bad_arguments(open_model, clips, arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.cross_validate(open_model, clips, *arguments, **settings)


def test_other_objects_are_refused(clips):
    with pytest.raises(
        ValueError, match=r"AudioModel or a FeatureExtractor\. Rec.*str"
    ):
        kerasaudio.cross_validate("EfficientAT", clips)


def test_folds_are_needed(open_model, clips):
    with pytest.raises(ValueError, match="no folds for cross-validation"):
        kerasaudio.cross_validate(open_model, changed(clips, folds=None))
