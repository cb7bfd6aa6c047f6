"""LiteRT's own metadata: what a file states, and that nothing else changes."""

import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasaudio.core import AudioSpec
from kerasaudio.exporting import export, read_facts
from kerasaudio.exporting.facts import describe
from kerasaudio.exporting.litert import artifact as litert
from kerasaudio.exporting.litert.metadata import describe_model
from support.described import ODD_LABELS, SPEC, with_labels
from support.flat_tables import FlatTable
from support.tiny import RATE, tiny_model

KINDS = [None, "float16", "dynamic", "int8"]


@pytest.fixture(scope="module")
def flatbuffers():
    return pytest.importorskip("flatbuffers")


def stated(spec, quantize=None):
    return FlatTable.root(describe_model(describe(spec, spec.clip_samples, quantize)))


@pytest.mark.usefixtures("flatbuffers")
def test_the_metadata_state_what_the_model_is():
    content = describe_model(describe(SPEC, 4_000, "int8"))
    model = FlatTable.root(content)

    assert content[4:8] == b"M001"
    assert model.text(0) == "Tiny/own"
    assert model.text(1) == (
        "Tiny/own, from a waveform to scores of its labels, int8. Please cite: "
        "Somebody, A Paper, 2020. See https://example.org/tiny."
    )
    assert model.text(2) == "own"
    assert model.text(4) == "kerasaudio"
    assert model.text(5) == "MIT"
    (facts,) = model.tables(6)
    assert (facts.text(0), facts.number(2, 1)) == ("kerasaudio.json", 1)
    assert model.text(7) == "1.3.0"

    (graph,) = model.tables(3)
    (waveform,), (scores,) = graph.tables(2), graph.tables(3)
    assert waveform.text(0) == "waveform"
    assert waveform.text(1) == "Mono sound at 8000 Hz, 4000 samples, floats in [-1, 1]."
    assert waveform.table(3).number(0, 1) == 4  # AudioProperties
    audio = waveform.table(3).table(1)
    assert (audio.number(0, 4), audio.number(1, 4)) == (RATE, 1)
    assert waveform.tables(4) == []  # nothing is to be done before or after
    assert scores.tables(4) == []
    assert scores.text(0) == "predictions"
    (labels,) = scores.tables(6)
    assert (labels.text(0), labels.number(2, 1)) == ("labels.txt", 2)


@pytest.mark.usefixtures("flatbuffers")
def test_an_embedding_has_no_labels():
    model = stated(SPEC.replace(labels=None))

    (vector,) = model.tables(3)[0].tables(3)
    assert vector.text(0) == "embedding"
    assert vector.tables(6) == []
    assert "to an embedding, float32" in model.text(1)


@pytest.mark.usefixtures("flatbuffers")
def test_what_is_not_known_is_not_stated():
    model = stated(AudioSpec(RATE, None, 4_000, min_samples=400, labels=("a",)))

    assert model.text(0) == "kerasaudio"
    assert "cite" not in model.text(1)
    assert model.text(2) is None
    assert model.text(5) is None
    (waveform,) = model.tables(3)[0].tables(2)
    assert "at least 400 samples" in waveform.text(1)


@pytest.mark.usefixtures("flatbuffers")
@given(st.text(), st.text(min_size=1), st.integers(1_000, 1_000_000))
def test_any_text_and_rate_can_be_read_back(license, weights, sample_rate):
    spec = SPEC.replace(license=license, weights=weights, sample_rate=sample_rate)

    model = stated(spec)

    assert model.text(0) == f"Tiny/{weights}"
    assert model.text(5) == license
    audio = model.tables(3)[0].tables(2)[0].table(3).table(1)
    assert audio.number(0, 4) == sample_rate


def opened(path):
    """Give the model as LiteRT's schema reads it, with its bytes."""
    from ai_edge_litert import schema_py_generated as schema

    content = path.read_bytes()
    assert content[4:8] == b"TFL3"
    return schema.Model.GetRootAs(content, 0), content


def entries(model):
    numbers = range(model.MetadataLength())
    return {model.Metadata(i).Name(): model.Metadata(i).Buffer() for i in numbers}


@pytest.mark.usefixtures("in_process")
def test_a_file_has_its_metadata_and_its_labels(tmp_path):
    path = tmp_path / "model.tflite"
    export(with_labels(tiny_model(), ODD_LABELS), path, verify=False)

    facts = read_facts(path)
    model, _ = opened(path)
    found = model.Buffers(entries(model)[b"TFLITE_METADATA"])
    assert found.DataAsNumpy().tobytes() == describe_model(facts)
    assert facts["labels"] == list(ODD_LABELS)
    with zipfile.ZipFile(path) as archive:
        kept = {entry.filename: entry.compress_type for entry in archive.infolist()}
        text = archive.read("labels.txt").decode()
    assert kept == dict.fromkeys(("kerasaudio.json", "labels.txt"), zipfile.ZIP_STORED)
    assert text.split("\n") == ["käse 🎵", "two lines", 'a,b; "c"', ""]


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_the_same_model_gives_the_same_bytes(model, tmp_path):
    for name in ("one.tflite", "two.tflite"):
        export(model, tmp_path / name, verify=False)

    one, two = (path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert one == two


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("kind", KINDS)
def test_the_metadata_change_nothing_else(kind, tmp_path, sounds, monkeypatch):
    real, bare = litert.with_metadata, tmp_path / "bare.tflite"

    def spy(content, facts):
        bare.write_bytes(content)
        return real(content, facts)

    monkeypatch.setattr(litert, "with_metadata", spy)
    path = tmp_path / "model.tflite"
    # Beyond 256 kB the quantizer keeps buffers behind the flatbuffer.
    model = tiny_model(width=700)
    calibrate = sounds if kind == "int8" else None
    export(model, path, quantize=kind, calibrate=calibrate, verify=False)

    before, after = (litert.run(file, sounds, 1, 1).outputs for file in (bare, path))
    np.testing.assert_array_equal(after, before)
    assert path.stat().st_size < bare.stat().st_size + 4_000
    graph, content = opened(path)
    assert set(entries(opened(bare)[0])) == set(entries(graph)) - {b"TFLITE_METADATA"}
    start = np.frombuffer(content, np.uint8).ctypes.data
    filled = [graph.Buffers(i) for i in range(graph.BuffersLength())]
    filled = [buffer for buffer in filled if buffer.DataLength()]
    assert len(filled) > 5
    for buffer in filled:
        assert (buffer.DataAsNumpy().ctypes.data - start) % 16 == 0


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_a_file_of_any_length_takes_a_window_unless_told_otherwise(tmp_path, sounds):
    from ai_edge_litert.interpreter import Interpreter

    model, path = tiny_model(None), tmp_path / "model.tflite"
    export(model, path, input_seconds="dynamic", verify=False)

    interpreter = Interpreter(str(path))
    (waveform,) = interpreter.get_input_details()
    assert waveform["shape"].tolist() == [1, 4_000]
    assert waveform["shape_signature"].tolist() == [1, -1]
    run = interpreter.get_signature_runner("serving_default")
    for samples in (4_000, 1_234, 4_000):
        clip = sounds[-1:, :samples]
        expected = model.predict(clip, verbose=0)
        np.testing.assert_allclose(run(waveform=clip)["predictions"], expected, 0, 1e-5)
