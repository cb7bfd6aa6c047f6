"""Presets, exported: one of our own in 8 bits; YAMNet against the published graph."""

from pathlib import Path

import numpy as np
import pytest
from held_out import held_out

import kerasaudio
from kerasaudio.exporting import export
from kerasaudio.exporting.convert import module_of
from kerasaudio.exporting.formats import FORMATS
from kerasaudio.models import FACTORIES
from kerasaudio.weights.manifest import load_manifest
from support.exported import PATHS

TITLE = "SampleCNN/fsdd"
CALIBRATE = 80


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", ["litert", "onnx", "openvino"])
def test_eight_bits_cost_less_than_a_point(form, shared, tmp_path):
    (entry,) = (one for one in load_manifest() if one.title == TITLE)
    learned, test, _ = held_out(entry, shared / "data")
    some = np.linspace(0, len(learned) - 1, CALIBRATE).astype(int)
    model = FACTORIES[entry.factory](weights=entry.tag)

    report = export(
        model,
        tmp_path / PATHS[form],
        quantize="int8",
        calibrate=learned.take(some),
        verify=test,
    )

    found = report.verification
    assert found.accuracy_before >= 0.99
    assert found.accuracy_after >= found.accuracy_before - 0.01
    assert found.relative_rms < 0.1


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", ["litert", "onnx", "openvino"])
def test_yamnet_stays_the_published_network(form, tmp_path):
    golden = np.load(Path(__file__).parents[1] / "golden" / "yamnet_hub.npz")
    waveform = golden["exact_int16"][None] / np.float32(32768)
    path = tmp_path / PATHS[form]
    model = kerasaudio.YAMNet(weights="audioset")

    export(model, path, input_seconds=waveform.shape[1] / 16_000)

    got = module_of(FORMATS[form]).run(path, waveform, 0, 1).outputs
    np.testing.assert_allclose(got, golden["exact_scores"], atol=1e-4)
