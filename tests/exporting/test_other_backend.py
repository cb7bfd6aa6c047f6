"""Models of any backend are converted by a process on TensorFlow."""

import keras
import pytest

from kerasaudio.exporting import ExportError, export, other_backend, read_facts
from kerasaudio.exporting.facts import describe
from kerasaudio.exporting.formats import FORMATS
from kerasaudio.exporting.graph import Order


@pytest.mark.slow
@pytest.mark.usefixtures("runtimes")
def test_a_model_of_any_backend_is_exported(model, sounds, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")

    report = export(
        model, tmp_path / "m.tflite", quantize="int8", calibrate=sounds, verify=sounds
    )

    assert 0 < report.verification.max_difference < 0.05
    assert read_facts(report.path)["labels"] == ["a", "b", "c"]
    assert list(tmp_path.iterdir()) == [report.path]


def order(model, **changes):
    facts = describe(model.spec, 4_000, None)
    settings = {"format": FORMATS["litert"], "samples": 4_000, "quantize": None}
    return Order(facts=facts, **settings | changes)


def test_what_the_request_says_is_done_there(model, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(other_backend, "convert", lambda *words: asked.append(words))

    def there(words, **settings):
        assert words[1:3] == ["-m", "kerasaudio.exporting.other_backend"]
        assert settings["env"]["KERAS_BACKEND"] == "tensorflow"
        status = other_backend.main(other_backend.Path(words[3]))
        return other_backend.subprocess.CompletedProcess(words, status, "", "")

    monkeypatch.setattr(other_backend.subprocess, "run", there)
    wanted = order(model)

    other_backend.convert_elsewhere(model, wanted, tmp_path / "m.tflite")

    ((loaded, got, path),) = asked
    assert loaded.spec == model.spec
    assert got == wanted
    assert path == tmp_path / "m.tflite"


@pytest.mark.parametrize(
    ("status", "out", "err", "message"),
    [
        (3, "noise\nLiteRT does not support X", "", "^LiteRT does not support X$"),
        (1, "", "Traceback\nTypeError: no such layer", "TypeError: no such layer"),
    ],
)
def test_what_went_wrong_there_is_told_here(
    model, tmp_path, monkeypatch, status, out, err, message
):
    done = other_backend.subprocess.CompletedProcess([], status, out, err)
    monkeypatch.setattr(other_backend.subprocess, "run", lambda *_, **__: done)

    with pytest.raises(ExportError, match=message):
        other_backend.convert_elsewhere(model, order(model), tmp_path / "m.tflite")
