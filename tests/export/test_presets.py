"""A preset of our own in 8 bits: on the clips that it never heard."""

import numpy as np
import pytest
from held_out import held_out

from kerasaudio.export import export
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
    learnt, test, _ = held_out(entry, shared / "data")
    some = np.linspace(0, len(learnt) - 1, CALIBRATE).astype(int)
    model = FACTORIES[entry.factory](weights=entry.tag)

    report = export(
        model,
        tmp_path / PATHS[form],
        quantize="int8",
        calibrate=learnt.take(some),
        verify=test,
    )

    found = report.verification
    assert found.accuracy_before >= 0.99
    assert found.accuracy_after >= found.accuracy_before - 0.01
    assert found.relative_rms < 0.1
