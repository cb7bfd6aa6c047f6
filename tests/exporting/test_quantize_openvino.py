"""Rounding for OpenVINO: the body alone, on any backend, and nobody hears of it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasaudio.exporting import ExportError, export, read_facts
from kerasaudio.exporting.formats import FORMATS, check_installed
from support.tiny import tiny_model

CHECKOUT = Path(__file__).parents[2]

# Refuses all names and connections, and writes down that they were asked for.
WATCH = """
import os, sys

def watch(event, words):
    if event in ("socket.getaddrinfo", "socket.connect", "socket.gethostbyname"):
        with open(os.environ["WATCHED"], "a") as file:
            print(event, words, file=file)
        raise OSError("no network here")

sys.addaudithook(watch)
"""
EXPORTS = """
import sys
import numpy as np
from kerasaudio.exporting import export, read_facts
from support.tiny import tiny_model

sounds = np.random.default_rng(0).normal(0, 0.1, (2, 4_000)).astype("float32")
export(tiny_model(width=64), "model.xml", quantize="int8", calibrate=sounds)
read_facts("model.xml")
assert "nncf" not in sys.modules
import openvino_telemetry  # as it was for the user
"""


def operations(path):
    import openvino

    return openvino.Core().read_model(path).get_ordered_ops()


def sources(operation):
    return [put.get_source_output().get_node() for put in operation.inputs()]


def made_from(waiting):
    """Give operations and all that their values come from."""
    found = {}
    while waiting:
        operation, *waiting = waiting
        if operation.get_friendly_name() not in found:
            found[operation.get_friendly_name()] = operation
            waiting += sources(operation)
    return list(found.values())


def rounded(operation):
    """Give what has fewer bits here; an empty set is false."""
    if operation.get_type_name() == "FakeQuantize":
        return {"FakeQuantize"}
    kinds = {put.get_element_type().get_type_name() for put in operation.outputs()}
    return kinds & {"f16", "i8", "u8"}


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("kind", "bits"),
    [
        ("int8", "i8"),
        pytest.param("dynamic", "i8", marks=pytest.mark.slow),
        pytest.param("float16", "f16", marks=pytest.mark.slow),
    ],
)
def test_only_the_body_is_rounded(kind, bits, sounds, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    model = tiny_model(width=64)
    calibrate = sounds if kind == "int8" else None

    report = export(model, "model.xml", quantize=kind, calibrate=calibrate)

    network = operations("model.xml")
    called = [op for op in network if "/frontend_1/" in op.get_friendly_name()]
    front = made_from(called)
    assert len(front) > len(called) > 10
    assert not any(map(rounded, front))
    weights = [tuple(op.shape) for op in network if rounded(op) == {bits}]
    # all but the few of the last layer, (64, 3)
    assert sorted(weights) == [(65, 65), (65, 66), (66, 64)]
    has_ranges = any(op.get_type_name() == "FakeQuantize" for op in network)
    assert has_ranges == (kind == "int8")
    assert 0 < report.verification.max_difference < 0.05
    facts = read_facts("model.xml")
    assert facts["quantize"] == kind
    assert facts["labels"] == ["a", "b", "c"]
    assert sorted(os.listdir()) == ["model.bin", "model.xml"]
    printed = "".join(capfd.readouterr()).lower()
    assert "nncf" not in printed
    assert "%" not in printed


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_ranges_are_those_of_all_clips(tmp_path):
    model = tiny_model(width=30)  # two frames a unit: see quantize_openvino
    clips = np.random.default_rng(0).normal(0, 1, (9, 4_000)).astype("float32")
    clips[1:] *= 1e-3

    export(model, tmp_path / "model.xml", quantize="int8", calibrate=clips)

    features = keras.Model(model.input, model.get_layer("frontend").output)
    loudest = np.asarray(features.predict(clips, verbose=0)).max()
    (ceiling,) = (
        np.asarray(sources(operation)[2].get_data()).max()
        for operation in operations(tmp_path / "model.xml")
        if operation.get_type_name() == "FakeQuantize"
        and "/level1_1/" in operation.get_friendly_name()
        and sources(operation)[0].get_type_name() not in ("Constant", "Convert")
    )
    assert ceiling == pytest.approx(loudest, rel=0.02)


@pytest.mark.slow
@pytest.mark.usefixtures("runtimes")
def test_any_backend_and_any_length(sounds, tmp_path, monkeypatch):
    from kerasaudio.exporting.openvino.artifact import run

    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    model = tiny_model(None, width=64)
    path = tmp_path / "model.xml"

    export(model, path, quantize="int8", calibrate=sounds, input_seconds="dynamic")

    assert read_facts(path)["quantize"] == "int8"
    for samples in (1_000, 3_333):
        found = run(path, sounds[:, :samples], 1, 1).outputs
        expected = model.predict(sounds[:, :samples], verbose=0)
        np.testing.assert_allclose(found, expected, atol=0.05)


@pytest.mark.slow
@pytest.mark.usefixtures("runtimes")
def test_what_nncf_cannot_round_is_told(tmp_path):
    import openvino
    from openvino import opset8

    from kerasaudio.exporting.openvino.quantize import quantize

    waveform = opset8.parameter([1, 8], np.float32, name="waveform")
    waveform.output(0).set_names({"waveform"})
    scores = opset8.matmul(waveform, np.ones((8, 300), "float32"), False, False)
    network = openvino.Model([scores], [waveform])
    too_short = np.zeros((3, 7), "float32")

    with pytest.raises(
        ExportError, match=r"nncf cannot round .* to 'int8': .*\(1\.7\)"
    ):
        quantize(network, tmp_path / "model.xml", "int8", ["frontend"], too_short)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["dynamic", "int8"])
def test_a_missing_nncf_is_named(kind, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "nncf" else found("json"),
    )

    check_installed(FORMATS["openvino"], "float16")
    with pytest.raises(ImportError, match=r"needs nncf: pip install .*nncf>="):
        check_installed(FORMATS["openvino"], kind)


@pytest.fixture
def watched(tmp_path):
    """Run Python where each look at the network is refused and written down."""
    folders = {name: tmp_path / name for name in ("site", "home", "work")}
    for folder in folders.values():
        folder.mkdir()
    (folders["site"] / "sitecustomize.py").write_text(WATCH)
    asked = tmp_path / "asked.txt"
    paths = [folders["site"], CHECKOUT, CHECKOUT / "tests"]
    in_ci = ("CI", "TF_BUILD", "JENKINS_URL", "NNCF_CI", "NNCF_DEV")
    env = {name: value for name, value in os.environ.items() if name not in in_ci} | {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "HOME": str(folders["home"]),
        "WATCHED": str(asked),
        "KERAS_BACKEND": "tensorflow",
    }

    def run(script):
        words = [sys.executable, "-c", script]
        done = subprocess.run(
            words, env=env, cwd=folders["work"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        left = {path.name for path in folders["home"].iterdir()}
        return asked.read_text() if asked.exists() else "", left

    return run


@pytest.mark.slow
@pytest.mark.usefixtures("runtimes")
def test_nobody_is_told_of_an_export(watched):
    asked, left = watched(EXPORTS)

    assert asked == ""
    assert "intel" not in left


@pytest.mark.slow
@pytest.mark.usefixtures("runtimes")
def test_openvino_by_itself_would_tell(watched):
    asked, left = watched("import openvino")

    assert "socket.getaddrinfo" in asked
    assert "intel" in left
