"""BEATs against microsoft/unilm (files of 2022-12-20), filled by the same rule, and
OpenBEATs against the package openbeats 0.1.1 (sha256 of its wheel in the golden file).

The original gives the logits in float32 to 3e-7 of their largest; the tolerance is 20
times as much. Near silence differs more; normalization magnifies that in quiet patches.
"""

import numpy as np
import pytest

import kerasaudio
from parity.kit import Parity, Stage, each_stage, seeded_file
from support.beats import ones, sharing
from support.goldens import Golden


def stages(layers):
    last = f"encoder_layers_{layers - 1}_final_layer_norm"
    return {
        "fbank": Stage("frontend", 5e-5),
        "patch": Stage("patch_embedding", 1e-5, (0, 3, 1, 2)),
        "patch_norm": Stage("layer_norm", 1e-5),
        "pos_conv": Stage("encoder_pos_conv", 1e-5, (0, 2, 1)),
        "enc_norm": Stage("encoder_layer_norm", 2e-5),
        "layer0": Stage("encoder_layers_0_final_layer_norm", 2e-5),
        "encoder": Stage(last, 1e-5),
        "embedding": Stage("embedding", 1e-5),
        "logits": Stage("predictions", 6e-6),
    }


SMALL = Parity(
    kerasaudio.BEATs,
    "beats_small",
    stages(3),
    weights=seeded_file("beats.pt", arranged=sharing),
    arguments={"classifier_activation": None, "max_distance": 40},
)
BASE = Parity(
    kerasaudio.BEATs,
    "beats_base",
    stages(12),
    weights=seeded_file("beats.pt", arranged=sharing),
    arguments={"classifier_activation": None},
)
OPEN = Parity(
    kerasaudio.BEATs,
    "openbeats_small",
    {stage: stages(3)[stage] for stage in ("fbank", "encoder", "embedding", "logits")},
    weights=seeded_file("openbeats.pth", ones, sharing),
    arguments={"classifier_activation": None, "max_distance": 40},
)


@each_stage(SMALL)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@each_stage(OPEN)
def test_a_fine_tuned_file_of_espnet_gives_the_same(parity, stage):
    parity.check(stage)


@pytest.mark.slow
@each_stage(BASE)
def test_stage_of_the_published_size_equals_the_original(parity, stage):
    parity.check(stage)


def test_a_clip_with_silence_behind_it(tmp_path):
    golden = Golden.read("beats_small")
    waveform = golden.waveforms()[0]
    path = SMALL.weights(tmp_path, golden)
    model = kerasaudio.BEATs(weights=path, max_distance=40)

    got = model.predict(np.pad(waveform, (0, len(waveform) // 2))[None], verbose=0)[0]

    want = golden.arrays["padded_probs_unmasked"]
    np.testing.assert_allclose(got, want, rtol=0, atol=5e-6)
