"""What is written runs without Keras, gives the same, and knows its labels."""

import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from kerasaudio import layers
from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.feature_model import frontend_layers
from kerasaudio.exporting import ExportError, export, read_facts
from kerasaudio.exporting.formats import FORMATS
from kerasaudio.exporting.rebuild import rebuild
from support.exported import PATHS
from support.tiny import RATE, tiny_model

# The others take seconds to start.
FORMS = [
    pytest.param(name, marks=[] if name == "litert" else [pytest.mark.slow])
    for name in FORMATS
]


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", FORMS)
def test_the_export_gives_what_the_model_gives(form, model, tmp_path):
    path = tmp_path / PATHS[form]

    report = export(model, path)

    assert report.format == form
    assert report.path == path
    assert {part.stem for part in tmp_path.iterdir()} == {"model"}
    found = report.verification
    assert found.max_difference < 1e-5
    assert found.top1_agreement == 1
    assert found.clips == 8
    assert found.latency_ms > 0
    assert found.real_time_factor == pytest.approx(found.latency_ms / 500)
    assert 1_000 < report.size_bytes < 1_000_000
    assert "largest difference" in str(report)
    assert json.loads(json.dumps(report.to_dict()))["path"] == str(path)
    facts = read_facts(path)
    assert facts["labels"] == ["a", "b", "c"]
    assert facts["sample_rate"] == RATE
    assert facts["clip_samples"] == facts["window_samples"] == 4_000
    assert facts["output"] == "predictions"


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_the_labels_of_a_tflite_file_can_be_unzipped(model, tmp_path):
    report = export(model, tmp_path / "model.tflite", verify=False)

    assert report.verification is None
    assert "verified  no" in str(report)
    with zipfile.ZipFile(tmp_path / "model.tflite") as archive:
        assert archive.read("labels.txt") == b"a\nb\nc\n"


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", [name for name in FORMATS if name != "saved_model"])
def test_an_embedding_has_no_labels(form, tmp_path):
    whole = tiny_model()
    body = AudioModel(
        whole.input,
        whole.get_layer("embedding").output,
        spec=whole.spec.replace(labels=None),
    )
    report = export(body, tmp_path / PATHS[form])

    assert report.verification.top1_agreement is None
    facts = read_facts(report.path)
    assert facts["labels"] is None
    assert facts["output"] == "embedding"


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", [name for name in FORMATS if name != "saved_model"])
def test_an_export_of_any_length_takes_any_length(form, tmp_path, sounds):
    from kerasaudio.exporting.convert import module_of

    model = tiny_model(None)
    path = tmp_path / PATHS[form]

    report = export(model, path, input_seconds="dynamic")

    assert report.input_samples is None
    assert read_facts(path)["clip_samples"] is None
    for samples in (1_000, 3_333):
        clips = sounds[:2, :samples]
        found = module_of(FORMATS[form]).run(path, clips, 1, 1)
        np.testing.assert_allclose(
            found.outputs, model.predict(clips, verbose=0), atol=1e-5
        )


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_a_network_of_any_length_gets_a_fixed_one(tmp_path):
    report = export(tiny_model(None), tmp_path / "a.tflite", input_seconds=0.1875)

    assert report.input_samples == 1_500
    assert read_facts(report.path)["window_samples"] == 1_500


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_a_half_precision_model_is_exported_in_float32(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = tiny_model()
    finally:
        keras.config.set_dtype_policy("float32")

    report = export(model, tmp_path / "model.tflite")

    assert report.verification.max_difference < 1e-5


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_overwrite_replaces_what_is_there(model, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_text("old")
    folder = tmp_path / "model"

    export(model, path, verify=False, overwrite=True)
    for _ in range(2):
        export(model, folder, verify=False, overwrite=True)

    assert read_facts(path) == read_facts(folder)


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", ["onnx", "openvino"])
def test_a_model_of_others_has_no_facts(form, tmp_path):
    import onnx
    import openvino

    if form == "onnx":
        value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
        graph = onnx.helper.make_graph([], "other", [value], [value])
        onnx.save(onnx.helper.make_model(graph), tmp_path / PATHS[form])
    else:
        x = openvino.opset8.parameter([1], np.float32)
        other = openvino.Model([openvino.opset8.relu(x)], [x])
        openvino.save_model(other, tmp_path / PATHS[form])

    with pytest.raises(ValueError, match="no facts of kerasaudio"):
        read_facts(tmp_path / PATHS[form])


def ending_in(layer):
    whole = tiny_model()
    return AudioModel(whole.input, layer(whole.output), spec=whole.spec)


@keras.saving.register_keras_serializable("tests")
class Inverse(keras.layers.Layer):
    """Ends in an operation that ONNX does not have."""

    def call(self, inputs):
        return keras.ops.erfinv(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_an_operation_that_a_format_lacks_is_named(tmp_path):
    with pytest.raises(ExportError, match=r"(?s)ONNX does not support.*Erfinv"):
        export(ending_in(Inverse()), tmp_path / "model.onnx")

    assert list(tmp_path.iterdir()) == []


def test_a_layer_that_cannot_be_built_anew_is_named():
    odd = keras.layers.Lambda(keras.ops.erfinv, name="odd", output_shape=(3,))

    with pytest.raises(ExportError, match=r"(?s)must be registered.*erfinv"):
        rebuild(ending_in(odd), 4_000)


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_a_saved_model_answers_in_a_process_without_keras(model, tmp_path, sounds):
    export(model, tmp_path / "served", verify=False)
    np.save(tmp_path / "clips.npy", sounds)
    script = """
import sys, json, numpy as np, tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
scores = served(waveform=tf.constant(np.load(sys.argv[2])))["predictions"]
labels = open(sys.argv[1] + "/assets/labels.txt").read().split()
assert "kerasaudio" not in sys.modules
print(json.dumps([scores.numpy().tolist(), labels]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "served", tmp_path / "clips.npy"],
        capture_output=True,
        text=True,
        check=True,
    )

    scores, labels = json.loads(done.stdout.splitlines()[-1])
    assert labels == ["a", "b", "c"]
    np.testing.assert_allclose(scores, model.predict(sounds, verbose=0), atol=1e-5)


@pytest.mark.usefixtures("in_process")
def test_what_differs_from_the_model_is_not_kept(model, tmp_path, monkeypatch):
    from kerasaudio.exporting.litert import artifact as litert

    real = litert.run
    monkeypatch.setattr(
        litert,
        "run",
        lambda *words: real(*words)._replace(outputs=real(*words).outputs + 2e-4),
    )

    with pytest.raises(ExportError, match=r"differs from the model by up to 2\.0e-04"):
        export(model, tmp_path / "model.tflite")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", ["fft", "matmul"])
def test_rebuilt_networks_give_the_same(method, model, sounds):
    again = rebuild(model, 4_000, method)

    assert again.get_layer("frontend").method == method
    assert again.spec == model.spec
    np.testing.assert_allclose(
        again.predict(sounds, verbose=0), model.predict(sounds, verbose=0), atol=1e-6
    )


def test_every_layer_of_the_front_end_takes_the_form():
    waveform = keras.Input((2_000,), name="waveform")
    x = layers.Spectrogram(n_fft=256, name="short")(waveform)
    x = layers.Decibel(name="frontend")(x)
    y = layers.Spectrogram(n_fft=400, name="odd")(waveform)
    x, y = (keras.layers.GlobalAveragePooling1D()(z) for z in (x, y))
    joined = keras.layers.Concatenate(name="embedding")([x, y])
    model = AudioModel(waveform, joined, spec=AudioSpec.of_fixed_clips(RATE, 2_000))

    again = rebuild(model, 2_000, "matmul")

    assert again.get_layer("short").method == "matmul"
    assert again.get_layer("odd").method == "matmul"
    assert frontend_layers(again) == ["short", "frontend"]
