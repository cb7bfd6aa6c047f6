"""What 0.1.0 had in other places works, and warns once."""

import dataclasses
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasaudio
from kerasaudio import moved
from support.tiny import tiny_model

OLD = [
    ("kerasaudio.models", "AudioModel", kerasaudio.AudioModel),
    ("kerasaudio.models", "AudioSpec", kerasaudio.AudioSpec),
    ("kerasaudio.datasets", "predict_clips", kerasaudio.evaluation.predict_clips),
    ("kerasaudio.models.audio_model", "AudioModel", kerasaudio.AudioModel),
    ("kerasaudio.models.named", "load_named", kerasaudio.load),
    ("kerasaudio.weights.errors", "WeightsError", kerasaudio.weights.WeightsError),
    ("kerasaudio.export", "export", kerasaudio.export),
    ("kerasaudio.export", "ExportReport", kerasaudio.export.ExportReport),
    ("kerasaudio.export.formats", "FORMATS", None),
    ("kerasaudio.weights.convert.native", "assign", None),
    ("kerasaudio.datasets", "LabelledClips", kerasaudio.datasets.LabeledClips),
    ("kerasaudio.similarity", "Neighbour", kerasaudio.similarity.Neighbor),
    (
        "kerasaudio.similarity",
        "nearest_neighbour_accuracy",
        kerasaudio.similarity.nearest_neighbor_accuracy,
    ),
]


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(("module", "name", "now"), OLD)
def test_old_places_give_what_is_there_now(module, name, now):
    found = getattr(importlib.import_module(module), name)
    assert now is None or found is now
    assert callable(kerasaudio.export)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("module", moved._MODULES)
def test_old_modules_have_every_name_of_the_new(module):
    old = importlib.import_module(module)
    new = importlib.import_module(moved._MODULES[module])
    names = [name for name in vars(new) if not name.startswith("__")]
    if module == "kerasaudio.export":
        names = new.__all__
    assert all(getattr(old, name) is getattr(new, name) for name in names)


def test_they_warn_once_and_name_the_line():
    code = """
import warnings, kerasaudio
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(3):
        from kerasaudio.export import read_facts
        from kerasaudio.models import AudioModel
        from kerasaudio.models.named import load_named
print([(str(w.message).split()[0], w.category.__name__, w.filename) for w in caught])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(
        [
            (f"kerasaudio.{name}", "FutureWarning", "<string>")
            for name in ("export", "models.AudioModel", "models.named")
        ]
        + [("kerasaudio.loading.load_named", "FutureWarning", "<string>")]
    )


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_names_that_never_were():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = kerasaudio.models.Nothing
    with pytest.raises(ModuleNotFoundError, match=r"kerasaudio\.export\.nothing"):
        importlib.import_module("kerasaudio.export.nothing")
    assert importlib.util.find_spec("kerasaudio.export.nothing") is None
    assert importlib.util.find_spec("kerasaudio.export.verify") is not None


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_a_moved_module_lacks_is_named(monkeypatch, tmp_path):
    (tmp_path / "new_place.py").write_text("import an_extra\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(moved._MODULES, "kerasaudio.old_place", "new_place")
    with pytest.raises(ModuleNotFoundError, match="'an_extra'"):
        importlib.import_module("kerasaudio.old_place")


FOUR = {"name": "four", "paths": tuple(map(Path, "wxyz")), "class_names": ("a", "b")}


def test_old_arguments_are_taken():
    with pytest.warns(FutureWarning, match=r"LabeledClips\(labels=\) is now targets="):
        clips = kerasaudio.datasets.LabeledClips(labels=np.array([0, 1, 0, 1]), **FOUR)
    assert clips.targets.tolist() == [0, 1, 0, 1]
    with pytest.warns(FutureWarning, match=r"labels=.* is now targets="):
        turned = dataclasses.replace(clips, labels=np.array([1, 0, 0, 0]))
    assert turned.targets.tolist() == [1, 0, 0, 0]
    vectors = np.eye(2, dtype="float32")
    with pytest.warns(FutureWarning, match=r"fit_probe\(labels=\) is now targets="):
        probe = kerasaudio.transfer.fit_probe(vectors, labels=[0, 1])
    assert probe.output_shape == (None, 2)
    old = pytest.warns(FutureWarning, match=r"input_length=\) is now input_seconds=")
    with old, pytest.raises(ValueError, match=r"exactly 0\.5 s.*input_seconds=0\.4998"):
        kerasaudio.export(tiny_model(), "a.tflite", input_length=3_999)


def test_old_attributes_are_found():
    spec = tiny_model().spec.replace(license="MIT")
    with pytest.warns(
        FutureWarning, match=r"AudioSpec\.licence is now AudioSpec\.license"
    ):
        assert spec.licence == "MIT"
    entry = kerasaudio.weights.find("MusiCNN", "mtat")
    with pytest.warns(FutureWarning, match=r"is now WeightsEntry\.license"):
        assert entry.licence == entry.license
    clips = kerasaudio.datasets.LabeledClips(targets=np.array([0, 1, 0, 1]), **FOUR)
    with pytest.warns(FutureWarning, match=r"is now LabeledClips\.targets"):
        assert clips.labels is clips.targets
    report = kerasaudio.evaluation.FoldReport.of(
        dataclasses.replace(clips, folds=np.array([1, 1, 2, 2])),
        np.array([0, 0, 0, 0]),
        probe="none",
        seed=0,
    )
    with pytest.warns(FutureWarning, match=r"is now FoldReport\.targets"):
        assert report.labels is report.targets


def test_the_old_name_of_a_license_is_taken():
    spec = tiny_model().spec
    with pytest.warns(FutureWarning, match=r"AudioSpec\(licence=\) is now license="):
        assert spec.replace(licence="MIT").license == "MIT"
    entry = kerasaudio.weights.find("MusiCNN", "mtat")
    with pytest.warns(FutureWarning, match=r"WeightsEntry\(licence=\)"):
        assert dataclasses.replace(entry, licence="MIT").license == "MIT"


def test_both_names_of_a_length_are_refused():
    with pytest.raises(ValueError, match="pass only input_seconds"):
        kerasaudio.export(tiny_model(), "a", input_length=4_000, input_seconds=0.5)


def test_specs_of_before_are_read():
    config = tiny_model().spec.replace(license="MIT").get_config()
    config["licence"] = config.pop("license")
    assert kerasaudio.AudioSpec.from_config(config).license == "MIT"


def test_the_networks_can_be_loaded_again():
    code = """
import importlib, inspect, kerasaudio
before = kerasaudio.FCN.__doc__, inspect.signature(kerasaudio.FCN)
importlib.reload(kerasaudio.models)
importlib.reload(kerasaudio)
assert (kerasaudio.FCN.__doc__, inspect.signature(kerasaudio.FCN)) == before
assert callable(kerasaudio.export)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
