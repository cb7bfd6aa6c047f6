"""SampleCNN and SampleCNN+SE against the original, both filled by the same rule.

Upstream: minzwon/sota-music-tagging-models at 4e1d652, torch. The golden files hold its
outputs, in torch's layout (batch, channels, steps).
"""

from pathlib import Path

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.weights.convert.native import assign
from kerasaudio.weights.convert.torch_state import from_torch
from support.seeding import read_shapes, seeded

GOLDEN = Path(__file__).parents[1] / "golden"
STAGES = {
    "layer1": "layer1_relu",
    "layer2": "layer2_mp",
    "layer5": "layer5_mp",
    "layer11": "layer11_relu",
    "predictions": "predictions",
}


@pytest.fixture(scope="module", params=["sample", "se"])
def network(request):
    factory, head = {
        "sample": (kerasaudio.SampleCNN, "dense"),
        "se": (kerasaudio.SampleCNNSE, "dense2"),
    }[request.param]
    keys = (GOLDEN / f"seeded_{request.param}_keys.txt").read_text()
    model = factory()
    tensors = seeded(read_shapes(keys))
    assign(model, from_torch(tensors, rename={head: "predictions"}), "seeded")
    golden = np.load(GOLDEN / f"seeded_{request.param}.npz")
    probe = keras.Model(
        model.input,
        {name: model.get_layer(layer).output for name, layer in STAGES.items()},
    )
    return golden, probe.predict(
        golden["waveform_int16"] / np.float32(32768), verbose=0
    )


@pytest.mark.parametrize("stage", STAGES)
def test_stage_equals_upstream(network, stage):
    golden, outputs = network
    want, got = golden[stage], outputs[stage]
    if want.ndim == 3:
        got = got.transpose(0, 2, 1)[:, :, : want.shape[2]]
    assert want.std() > 1e-3  # a dead network passes anything
    np.testing.assert_allclose(got, want, atol=1e-4)
