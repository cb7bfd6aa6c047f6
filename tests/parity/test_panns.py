"""PANNs against qiuqiangkong/audioset_tagging_cnn at d2f4b8c, filled by the same rule.

Small networks come from the twin of test_twins.py, those in full size from the original
itself. Stages differ by 2e-6 of the maximum at most (4e-6 in the MobileNets with gain,
whose own rounding is larger); the tolerance is about five times that.
"""

import json
from dataclasses import replace

import numpy as np
import pytest

import kerasaudio
from kerasaudio.layers import Decibel, MelSpectrogram
from kerasaudio.models.panns_blocks import FRONTENDS
from parity.kit import FRAMES, Parity, Stage, each_stage, seeded_file
from support.goldens import GOLDEN
from support.seeding import read_shapes, seeded
from support.torch_files import write_state
from support.torchlibrosa import tables_16k, torchlibrosa_tables

LOGMEL = {"logmel": Stage("frontend", 1e-5)}
BLOCK1 = {"conv_block1": Stage("conv_block1_pool", 1e-5, FRAMES)}
BLOCK4 = {"conv_block4": Stage("conv_block4_pool", 1e-5, FRAMES)}
ENDS = {"embedding": Stage("embedding", 1e-5), "logits": Stage("predictions", 1e-5)}
SCORES = {"clipwise": Stage("predictions", 1e-5)}
LOGITS = {"classifier_activation": None}
FILE = seeded_file("panns.pth", torchlibrosa_tables)

CNN6 = Parity(
    kerasaudio.CNN6, "panns_cnn6", LOGMEL | BLOCK1 | BLOCK4 | ENDS, FILE, LOGITS
)
CNN10 = replace(CNN6, factory=kerasaudio.CNN10, golden="panns_cnn10")
CNN14 = replace(CNN6, factory=kerasaudio.CNN14, golden="panns_cnn14_small")
CNN14_16K = replace(
    CNN14,
    golden="panns_cnn14_16k_small",
    weights=seeded_file("panns.pth", tables_16k),
)
DECISION_MAX = Parity(
    kerasaudio.CNN14DecisionLevelMax,
    "panns_dlmax_small",
    BLOCK4 | {"frames": Stage("frame_scores", 1e-5)} | SCORES,
    FILE,
)
DECISION_ATT = replace(
    DECISION_MAX, factory=kerasaudio.CNN14DecisionLevelAtt, golden="panns_dlatt_small"
)
V1 = Parity(
    kerasaudio.PANNsMobileNetV1,
    "panns_mobilenetv1_gain",  # without gain the sound is lost on its way
    {
        "features0": Stage("features_0_2_relu", 1e-5, FRAMES),
        "features": Stage("features_13_5_relu", 1e-5, FRAMES),
        **ENDS,
    },
    FILE,
    LOGITS,
)
V2 = replace(
    V1,
    factory=kerasaudio.PANNsMobileNetV2,
    golden="panns_mobilenetv2_gain",
    stages={
        "features0": Stage("features_0_2_relu6", 1e-5, FRAMES),
        "features": Stage("features_18_1_relu6", 1e-5, FRAMES),
        **ENDS,
    },
)
LAYERS = {
    "layer1": Stage("resnet_layer1_1_relu2", 1e-5, FRAMES),
    "layer3": Stage("resnet_layer3_1_relu2", 1e-5, FRAMES),
    "layer4": Stage("resnet_layer4_1_relu2", 1e-5, FRAMES),
}
RESNET22 = Parity(
    kerasaudio.PANNsResNet,
    "panns_resnet22_small",
    BLOCK1 | LAYERS | ENDS,
    FILE,
    LOGITS,
)
WAVEGRAM = replace(
    RESNET22,
    factory=kerasaudio.WavegramLogmelCNN14,
    golden="panns_wavegram_small",
    stages={"wavegram": Stage("pre_block4_pool", 1e-5, FRAMES)}
    | BLOCK1
    | BLOCK4
    | ENDS,
)

# In full size, as published: 64 to 82 million weights.
FRAMEWISE = {"framewise_first8": Stage("frame_scores", 1e-5)}
DECISIONS = LOGMEL | BLOCK1 | BLOCK4 | FRAMEWISE | SCORES
FULL = (
    replace(CNN14, golden="panns_cnn14"),
    replace(CNN14_16K, golden="panns_cnn14_16k"),
    replace(DECISION_MAX, golden="panns_cnn14_dlmax", stages=DECISIONS),
    replace(DECISION_ATT, golden="panns_cnn14_dlatt", stages=DECISIONS),
    replace(RESNET22, golden="panns_resnet22", stages=LOGMEL | BLOCK1 | ENDS),
    replace(RESNET22, golden="panns_resnet38", stages=LOGMEL | BLOCK1 | ENDS),
    replace(
        WAVEGRAM,
        golden="panns_wavegram_logmel_cnn14",
        stages=LOGMEL | BLOCK1 | BLOCK4 | ENDS,
    ),
)


@each_stage(
    *(CNN6, CNN10, CNN14, CNN14_16K, DECISION_MAX, DECISION_ATT),
    *(V1, V2, RESNET22, WAVEGRAM),
)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.slow
@each_stage(*FULL)
def test_stage_of_the_full_network_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.shared
def test_published_mobilenets_log_mel_and_its_normalization(shared):
    """Of the published network, recorded by others; its weights are not at hand."""
    path = shared / "reference" / "panns_mobilenetv1_fixtures.json"
    for recorded in json.loads(path.read_text()).values():
        waveform = np.array(recorded["waveform"], "float32")[None]
        mel = MelSpectrogram(**FRONTENDS[32_000])(waveform)
        got = np.asarray(Decibel(top_db=None)(mel))[0]
        want = np.reshape(recorded["logmel"], got.shape)
        np.testing.assert_allclose(got, want, rtol=0, atol=2e-3)
        normal = recorded.get("taps", {}).get("bn0")
        if normal is not None:
            # One scale and one offset for each band.
            bands = zip(want.T, np.reshape(normal["data"], got.shape).T, strict=True)
            for band, scaled in bands:
                line = np.polynomial.Polynomial.fit(band, scaled, 1)
                np.testing.assert_allclose(line(band), scaled, atol=1e-4)


@pytest.mark.shared
def test_published_mobilenets_tensors_are_those_that_are_read(shared, tmp_path):
    path = shared / "reference" / "panns_mobilenetv1_manifest.json"
    published = json.loads(path.read_text())["tensors"]
    shapes = {key: tuple(tensor["shape"]) for key, tensor in published.items()}
    tables = torchlibrosa_tables()
    assert {key: shapes[key] for key in tables} == {
        key: table.shape for key, table in tables.items()
    }
    file = tmp_path / "MobileNetV1.pth"
    write_state(file, seeded(shapes) | tables)

    model = kerasaudio.PANNsMobileNetV1(weights=file)

    assert model.spec.arguments["width"] == 1
    own = read_shapes((GOLDEN / "panns_mobilenetv1_gain_keys.txt").read_text())
    assert {key for key in shapes if key not in tables} == own.keys()
