"""Presets, exported: words in 8 bits; YAMNet against the published graph."""

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
from support.goldens import Golden

TITLE = "SampleCNN/fsdd"
CALIBRATE = 80


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("form", ["litert", "onnx", "openvino"])
def test_eight_bits_cost_less_than_a_point(form, shared, tmp_path):
    (entry,) = (one for one in load_manifest() if one.title == TITLE)
    learned, test, *_ = held_out(entry, shared / "data")
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


WORDS = {"yes", "no", "stop", "go", "right"}


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("tag", ["s", "m", "l", "tiny"])
def test_spoken_words_are_recognized_in_eight_bits(tag, shared, tmp_path, monkeypatch):
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(shared / "reference"))
    name = "kws_mlperf_tiny" if tag == "tiny" else "kws_arm"
    golden = Golden.read(name, shared / "reference" / "golden")
    clips, named = golden.waveforms(), golden.meta["clips"]
    moved = [np.roll(clips, shift, axis=1) for shift in range(-1_500, 1_501, 500)]
    model = kerasaudio.DSCNN(f"speech-commands-{tag}")

    report = export(
        model,
        tmp_path / "words.tflite",
        quantize="int8",
        calibrate=np.concatenate(moved),
        verify=clips,
    )

    got = module_of(FORMATS["litert"]).run(report.path, clips, 0, 1).outputs
    scores = model.predict(clips, verbose=0)
    truth = ["right" if name == "arm_wav_data" else name for name in named]
    spoken = [place for place, word in enumerate(truth) if word in WORDS]
    heard = [
        [model.spec.labels[one] for one in s.argmax(axis=1)] for s in (scores, got)
    ]
    before, after = (
        sum(labels[place].lower() == truth[place] for place in spoken)
        for labels in heard
    )
    assert len(spoken) == 6
    assert before >= 4
    assert after >= before
    sure = [place for place in spoken if scores[place].max() > 0.9]
    assert np.abs(got - scores)[sure].max() < 0.1
    assert report.verification.max_difference < 0.3
