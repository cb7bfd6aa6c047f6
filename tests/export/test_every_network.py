"""Every network, in a small form, in every format that runs without a server."""

import keras
import pytest

from kerasaudio.export import export
from kerasaudio.models import FACTORIES
from support.exported import PATHS
from support.small import small

# MelResNet50 has no small form: its 24 million weights take a quarter of a minute.
NAMES = sorted(set(FACTORIES) - {"MelResNet50"})


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", ["litert", "onnx", "openvino"])
@pytest.mark.parametrize("name", NAMES)
def test_every_network_exports(name, form, tmp_path):
    keras.utils.set_random_seed(1)
    model = FACTORIES[name](**small(name), labels=["knock", "bark", "nothing"])
    spec = model.spec
    length = spec.clip_samples or max(spec.min_samples, spec.sample_rate // 2)

    report = export(model, tmp_path / PATHS[form], input_length=length)

    assert report.verification.max_difference < 5e-5
