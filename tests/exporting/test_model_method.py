"""`model.export`, and what `kerasaudio.export` offers besides being called."""

import keras
import pytest

import kerasaudio
from kerasaudio.exporting import ExportError, read_facts
from support.exported import PATHS


@pytest.mark.usefixtures("in_process")
def test_a_model_exports_itself_as_the_function_does(model, tmp_path, capsys):
    report = model.export(tmp_path / "model.tflite", verbose=True)

    assert report.format == "litert"
    assert report.verification.max_difference < 1e-5
    assert "largest difference" in capsys.readouterr().out
    assert (tmp_path / "model.tflite").is_file()
    assert read_facts(tmp_path / "model.tflite")["labels"] == ["a", "b", "c"]
    with pytest.raises(FileExistsError):
        model.export(tmp_path / "model.tflite")


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", ["tf_saved_model", "onnx", "openvino", "litert"])
def test_the_names_that_keras_has_for_formats_are_taken(form, model, tmp_path):
    ours = "saved_model" if form == "tf_saved_model" else form
    report = model.export(tmp_path / PATHS[ours], format=form, verify=False)

    assert report.format == ours
    assert read_facts(report.path)["labels"] == ["a", "b", "c"]


def test_what_only_keras_exports_is_refused(model, tmp_path):
    with pytest.raises(ValueError, match=r"(?s)Received: 'torch'.*keras.Model.export"):
        model.export(tmp_path / "model.pt2", format="torch")
    with pytest.raises(ValueError, match="input_seconds="):
        model.export(
            tmp_path / "model.tflite",
            input_signature=[keras.InputSpec(shape=(None, 4_000))],
        )
    with pytest.raises(ValueError, match="not that of a format"):
        model.export(tmp_path / "model.txt")
    assert not list(tmp_path.iterdir())


def test_the_function_has_what_its_package_has(tmp_path):
    assert kerasaudio.export.read_facts is read_facts
    assert kerasaudio.export.ExportError is ExportError
    with pytest.raises(FileNotFoundError):
        kerasaudio.export.read_facts(tmp_path / "none.tflite")


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", ["litert", "openvino"])
def test_facts_say_where_the_weights_are_from(form, tmp_path):
    model = kerasaudio.MusicVGG(weights="mtat")
    spec = model.spec
    trained = type(model)(
        model.input,
        model.output,
        spec=spec.replace(trained_on=("my sounds",), metrics={}),
    )

    facts = read_facts(model.export(tmp_path / PATHS[form], verify=False).path)
    after = read_facts(
        trained.export(tmp_path / PATHS[form], verify=False, overwrite=True).path
    )

    assert facts["preset"] == "MusicVGG/mtat"
    assert facts["metrics"] == spec.metrics
    assert after["preset"] is None
    assert after["trained_on"] == ["my sounds"]
    for each in (facts, after):
        assert each["weights"] == "mtat"
        assert each["weights_hash"] == spec.weights_hash
        assert each["license"] == spec.license


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_openvino_is_also_compared_as_most_load_it(model, tmp_path):
    report = model.export(tmp_path / "model.xml")

    found = report.verification
    assert found.max_difference < 1e-5
    # What this processor does without a word is its own affair: it is told.
    assert found.untold_precision in ("f32", "bf16", "f16")
    if found.untold_precision == "f32":
        assert found.untold_difference < 1e-5
    text = str(report)
    assert "INFERENCE_PRECISION_HINT: f32" in text
    assert f"{found.untold_difference:.1e}, {found.untold_precision} here" in text
    assert read_facts(report.path)["compile_with"] == {
        "INFERENCE_PRECISION_HINT": "f32"
    }


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_a_refused_openvino_export_says_how_it_would_be_loaded(
    model, tmp_path, monkeypatch
):
    from kerasaudio.exporting.openvino import artifact as openvino

    real = openvino.run
    monkeypatch.setattr(
        openvino,
        "run",
        lambda *words: real(*words)._replace(outputs=real(*words).outputs + 2e-4),
    )
    with pytest.raises(ExportError, match=r"compile_model.*INFERENCE_PRECISION_HINT"):
        model.export(tmp_path / "model.xml")


@pytest.mark.usefixtures("in_process")
def test_other_formats_have_one_figure(model, tmp_path):
    report = model.export(tmp_path / "model.tflite")

    assert report.verification.untold_difference is None
    assert "without" not in str(report)
