"""What cannot be exported is refused before anything is converted."""

import importlib.util
import re

import keras
import numpy as np
import pytest

from kerasaudio.exporting import (
    ExportError,
    export,
    exporting,
    other_backend,
    read_facts,
)
from kerasaudio.exporting.formats import FORMATS, check_installed
from kerasaudio.exporting.rebuild import rebuild
from kerasaudio.extras import install
from support.tiny import tiny_model


@pytest.fixture
def never(monkeypatch):
    """No conversion may begin."""

    def refuse(*_):
        raise AssertionError("a conversion began")

    monkeypatch.setattr(exporting, "convert", refuse)
    monkeypatch.setattr(other_backend, "convert_elsewhere", refuse)
    monkeypatch.setattr(exporting, "check_installed", lambda *_: None)


@pytest.mark.usefixtures("never")
@pytest.mark.parametrize(
    ("path", "arguments", "message"),
    [
        ("model.pb", {}, "not that of a format.*'litert'"),
        ("model.tflite", {"format": "coreml"}, "format must be one of.*'coreml'"),
        ("model.bin", {"format": "litert"}, r"suffix '\.tflite'"),
        ("model.tflite", {"quantize": "int4"}, "quantize must be None or one of"),
        ("model", {"quantize": "float16"}, "saved_model does not support.*litert"),
        ("model.tflite", {"quantize": "int8"}, "needs calibrate="),
        ("model.tflite", {"calibrate": "."}, "needs calibrate=.*quantize=None"),
        ("model.tflite", {"input_seconds": "dynamic"}, "exactly 0.5 s"),
        ("model.tflite", {"input_seconds": 0.6}, "exactly 0.5 s.*0.6"),
        ("model.tflite", {"input_seconds": "long"}, '"dynamic" or a number'),
        ("model.tflite", {"input_seconds": True}, '"dynamic" or a number'),
        ("model.tflite", {"verify": np.zeros((2, 9), "float32")}, "exactly 4000"),
        ("model.tflite", {"verify": np.zeros((2, 4_000), "int16")}, "int16"),
        ("model.tflite", {"verify": 3}, "verify must be a folder, files, an array"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    model, tmp_path, path, arguments, message
):
    with pytest.raises(ValueError, match=message):
        export(model, tmp_path / path, **arguments)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("never")
def test_too_short_an_input_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"at least 0\.05 s.*input_seconds=0\.01"):
        export(tiny_model(None), tmp_path / "model.tflite", input_seconds=0.01)


@pytest.mark.usefixtures("never")
def test_a_model_that_is_not_ours_is_refused(tmp_path):
    other = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])

    with pytest.raises(ValueError, match=r"takes a model of kerasaudio.*Sequential"):
        export(other, tmp_path / "model.tflite")


@pytest.mark.usefixtures("never")
def test_an_empty_calibration_folder_is_refused(model, tmp_path):
    (tmp_path / "sounds").mkdir()

    with pytest.raises(ValueError, match=r"calibrate: The folder .* contains no audio"):
        export(
            model,
            tmp_path / "m.tflite",
            quantize="int8",
            calibrate=tmp_path / "sounds",
        )


@pytest.mark.usefixtures("never")
def test_a_missing_calibration_folder_is_refused(model, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        export(
            model,
            tmp_path / "m.tflite",
            quantize="int8",
            calibrate=tmp_path / "nowhere",
        )


@pytest.mark.usefixtures("never")
def test_what_exists_is_never_overwritten_unasked(model, tmp_path):
    (tmp_path / "model.tflite").write_text("mine")
    (tmp_path / "model.bin").write_text("mine")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes.txt").write_text("mine")

    for name in ("model.tflite", "model", "model.xml"):
        with pytest.raises(FileExistsError, match="overwrite=True"):
            export(model, tmp_path / name)
    with pytest.raises(FileExistsError, match="without a SavedModel"):
        export(model, tmp_path / "model", overwrite=True)

    assert (tmp_path / "model.tflite").read_text() == "mine"
    assert (tmp_path / "model" / "notes.txt").read_text() == "mine"


@pytest.mark.usefixtures("never")
def test_a_folder_that_does_not_exist_is_named(model, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.model\.tflite"):
        export(model, tmp_path / "nowhere" / "model.tflite")


@pytest.mark.parametrize("form", list(FORMATS.values()), ids=list(FORMATS))
def test_missing_packages_are_named(form, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ImportError, match=re.escape(install(form.extra))):
        check_installed(form, None)


def test_facts_of_a_file_that_has_none(tmp_path):
    (tmp_path / "other.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3")

    with pytest.raises(ValueError, match="no facts of kerasaudio"):
        read_facts(tmp_path / "other.tflite")
    with pytest.raises(FileNotFoundError, match="missing"):
        read_facts(tmp_path / "missing.tflite")


@pytest.mark.slow  # Keras imports much to quantize
def test_keras_own_quantization_is_refused():
    model = tiny_model()
    model.get_layer("level1").quantize("int8")

    with pytest.raises(ExportError, match="Export the model without that"):
        rebuild(model, 4_000)
