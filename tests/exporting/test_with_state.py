"""Files that take the state of a network and return the next, step by step."""

import numpy as np
import pytest

import kerasaudio
from kerasaudio.exporting import ExportError, export, read_facts
from support.goldens import Golden

STEP = 512


@pytest.fixture(scope="module")
def network():
    return kerasaudio.SileroVAD("16k")


def opened(path):
    """Give a function of inputs by name, as programs without kerasaudio run a file."""
    if path.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path)
        names = [output.name for output in session.get_outputs()]
        return lambda **inputs: dict(zip(names, session.run(None, inputs), strict=True))
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(str(path)).get_signature_runner()


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("name", ["vad.tflite", "vad.onnx"])
def test_each_step_has_the_score_of_the_original(network, tmp_path, name):
    golden = Golden.read("silero_vad_16k").arrays
    waveform = (golden["waveform_int16"] / 32_768).astype("float32")

    report = export(network, tmp_path / name, with_state=True)

    assert report.verification.max_difference < 1e-5
    assert report.input_samples == STEP
    facts = read_facts(tmp_path / name)
    assert [part["size"] for part in facts["state"]] == [64, 128, 128]
    run = opened(tmp_path / name)
    state = {p["input"]: np.zeros((1, p["size"]), "float32") for p in facts["state"]}
    scores = []
    for samples in waveform[: 31 * STEP].reshape(31, 1, STEP):
        found = run(**{facts["input"]: samples}, **state)
        scores.append(found[facts["output"]].item())
        state = {p["input"]: np.array(found[p["output"]]) for p in facts["state"]}
    np.testing.assert_allclose(scores, golden["probs"][:31], atol=1e-5)


@pytest.mark.usefixtures("in_process")
def test_several_steps_at_once(network, tmp_path):
    path = tmp_path / "vad.onnx"
    report = export(network, path, with_state=True, input_seconds=0.128)
    assert report.input_samples == 4 * STEP
    assert report.verification.max_difference < 1e-5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"path": "a.onnx", "quantize": "float16"}, ExportError, "in float32"),
        ({"path": "a", "format": "saved_model"}, ExportError, "litert and onnx"),
        ({"path": "a.onnx", "input_seconds": 0.1}, ValueError, "multiple of 0.032"),
    ],
)
def test_what_cannot_be_written_is_refused(
    runtimes, network, tmp_path, arguments, error, message
):
    path = tmp_path / arguments.pop("path")
    with pytest.raises(error, match=message):
        export(network, path, with_state=True, **arguments)
    assert not list(tmp_path.iterdir())


def test_networks_without_a_state_are_refused(runtimes, model, tmp_path):
    with pytest.raises(ValueError, match="hears each window on its own"):
        export(model, tmp_path / "a.onnx", with_state=True)
