"""Every network, in a small form, in every format."""

import keras
import numpy as np
import pytest

from kerasaudio.exporting import ExportError, export
from kerasaudio.exporting.clips import synthetic
from kerasaudio.models import FACTORIES
from support.exported import PATHS, run_saved_models
from support.small import small

NAMES = sorted(FACTORIES)
CLOSE = 5e-5
# With the random weights of its usual small size, roundings grow a hundred times.
OTHER_SIZE = {"HarmonicCNN": {"filters": 7}}


def build(name):
    """Give a network, and the length of its input."""
    keras.utils.set_random_seed(1)
    size = small(name) | OTHER_SIZE.get(name, {})
    model = FACTORIES[name](**size, labels=["knock", "bark", "nothing"])
    spec = model.spec
    return model, spec.clip_samples or max(spec.min_samples, spec.sample_rate // 2)


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", ["litert", "onnx", "openvino"])
@pytest.mark.parametrize("name", NAMES)
def test_every_network_exports(name, form, tmp_path):
    model, length = build(name)

    report = export(
        model, tmp_path / PATHS[form], input_seconds=length / model.spec.sample_rate
    )

    assert report.verification.max_difference < CLOSE


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_every_network_is_served_without_keras(tmp_path):
    clips, expected, wrong = {}, {}, {}
    for name in NAMES:
        model, length = build(name)
        try:
            export(
                model,
                tmp_path / name,
                verify=False,
                input_seconds=length / model.spec.sample_rate,
            )
        except ExportError as error:
            wrong[name] = str(error)
            continue
        clips[name] = synthetic(model.spec, length).windows
        expected[name] = model.predict(clips[name], verbose=0)

    for name, outputs in run_saved_models(tmp_path, clips).items():
        if isinstance(outputs, str) or outputs.shape != expected[name].shape:
            wrong[name] = outputs if isinstance(outputs, str) else outputs.shape
        elif not np.abs(outputs - expected[name]).max() < CLOSE:
            wrong[name] = f"differs by {np.abs(outputs - expected[name]).max():.1e}"

    assert not wrong
