"""Fewer bits: of the body only, in smaller files, and measured on labeled clips."""

import numpy as np
import pytest

from kerasaudio.datasets import from_folder
from kerasaudio.exporting import ExportError, export, read_facts
from kerasaudio.exporting.formats import FORMATS
from kerasaudio.models import FACTORIES
from support.exported import PATHS
from support.sounds import class_folders
from support.tiny import tiny_model

KIND_NAMES = ["float16", "dynamic", "int8"]
KINDS = [(form.name, kind) for form in FORMATS.values() for kind in form.quantize]


@pytest.fixture(scope="module")
def wide():
    """A model whose weights are most of its file."""
    return tiny_model(width=256)


@pytest.fixture(scope="module")
def float_bytes(wide, tmp_path_factory):
    folder = tmp_path_factory.mktemp("float")
    return {
        form: export(wide, folder / PATHS[form], verify=False).size_bytes
        for form in {form for form, _ in KINDS}
    }


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(("form", "kind"), KINDS)
def test_quantized_models_are_small_and_close(
    form, kind, wide, sounds, float_bytes, tmp_path
):
    calibrate = sounds if kind == "int8" else None

    report = export(
        wide,
        tmp_path / PATHS[form],
        quantize=kind,
        calibrate=calibrate,
        verify=sounds,
    )

    share = report.size_bytes / float_bytes[form]
    assert share < (0.6 if kind == "float16" else 0.45)
    found = report.verification
    assert 0 < found.max_difference < (5e-3 if kind == "float16" else 0.05)
    assert found.source == "an array of 6"
    assert read_facts(report.path)["quantize"] == kind


def for_themselves(tensors):
    """Leave out copies that a layer makes for the next one, which are named like it."""
    return [t for t in tensors if not t["name"].endswith("_quantized")]


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    "kind",
    [*(pytest.param(kind, marks=pytest.mark.slow) for kind in KIND_NAMES[:2]), "int8"],
)
def test_the_front_end_stays_in_float(kind, wide, sounds, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    path = tmp_path / "model.tflite"
    calibrate = sounds if kind == "int8" else None
    export(wide, path, quantize=kind, calibrate=calibrate, verify=False)

    tensors = Interpreter(model_path=str(path)).get_tensor_details()

    front = [t for t in for_themselves(tensors) if "/frontend_1/" in t["name"]]
    body = [t for t in tensors if "/level1_1/" in t["name"]]
    assert not {np.int8, np.float16} & {t["dtype"] for t in front}
    assert any(t["dtype"] in (np.int8, np.float16) for t in body)


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("form", ["litert", "onnx"])
def test_weights_of_recurrent_layers_shrink(form, kind, tmp_path):
    model = FACTORIES["SpeechGRU"](weights="fsdd")
    clips = np.random.default_rng(0).normal(0, 0.1, (4, 5_600)).astype("float32")
    calibrate = clips if kind == "int8" else None
    settings = {"verify": clips, "input_seconds": 0.7}

    whole = export(model, tmp_path / f"float{FORMATS[form].suffix}", **settings)
    small = export(
        model, tmp_path / PATHS[form], quantize=kind, calibrate=calibrate, **settings
    )

    # gru1 has 168 inputs and states for 384 numbers each, gru2 256.
    weights = 4 * 384 * (168 + 256)
    saved = whole.size_bytes - small.size_bytes
    assert saved > (0.45 if kind == "float16" else 0.65) * weights
    assert small.verification.max_difference < 0.02


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_the_layer_that_reads_raw_samples_stays_in_float(tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    model = FACTORIES["SampleCNN"](weights="fsdd")
    noise = np.random.default_rng(0).normal(0, 0.1, (4, model.spec.clip_samples))
    path = tmp_path / "model.tflite"
    clips = noise.astype("float32")
    export(model, path, quantize="int8", calibrate=clips, verify=False)

    tensors = Interpreter(model_path=str(path)).get_tensor_details()

    kinds = {
        name: {t["dtype"] for t in for_themselves(tensors) if name in t["name"]}
        for name in ("/layer1_conv_1/", "/layer2_conv_1/")
    }
    assert np.int8 not in kinds["/layer1_conv_1/"]
    assert np.int8 in kinds["/layer2_conv_1/"]


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_labeled_clips_tell_the_accuracy_before_and_after(tmp_path):
    class_folders(tmp_path / "sounds", {"a": 2, "b": 2, "c": 2})
    clips = from_folder(tmp_path / "sounds")
    model = tiny_model()

    report = export(
        model,
        tmp_path / "model.tflite",
        quantize="int8",
        calibrate=tmp_path / "sounds",
        verify=clips,
    )

    scores = model.predict(clips.batches(model, training=False), verbose=0)
    right = (scores.argmax(axis=1) == clips.targets).mean()
    assert report.verification.accuracy_before == pytest.approx(right)
    assert report.verification.accuracy_after is not None
    assert "% before" in str(report)


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_scores_that_went_wrong_are_not_kept(model, sounds, tmp_path, monkeypatch):
    from kerasaudio.exporting.litert import artifact as litert

    real = litert.run
    monkeypatch.setattr(
        litert,
        "run",
        lambda *words: real(*words)._replace(
            outputs=real(*words).outputs[:, ::-1] * np.float32([1, 0, 1])
        ),
    )

    with pytest.raises(ExportError, match="times as large as the scores"):
        export(model, tmp_path / "m.tflite", quantize="dynamic")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_accuracy_that_was_lost_is_not_kept(tmp_path, monkeypatch):
    from kerasaudio.exporting.litert import artifact as litert

    class_folders(tmp_path / "sounds", {"a": 2, "b": 2, "c": 2})
    clips = from_folder(tmp_path / "sounds")
    model = tiny_model()
    expected = model.predict(clips.batches(model, training=False), verbose=0)
    best = expected.argmax(axis=1)
    # Every clip is what the model takes it for.
    clips = clips.take(np.arange(6))
    object.__setattr__(clips, "targets", best)
    real = litert.run
    monkeypatch.setattr(
        litert,
        "run",
        lambda *words: real(*words)._replace(
            outputs=np.roll(real(*words).outputs, 1, axis=1)
        ),
    )

    with pytest.raises(ExportError, match=r"recognizes 0\.0 % of 6 clips"):
        export(model, tmp_path / "m.tflite", quantize="dynamic", verify=clips)
