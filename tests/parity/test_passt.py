"""PaSST against kkoutini/PaSST at 2a5c818, filled by the same rule.

The original gives the logits in float32 to 4e-7 of their largest; the tolerance is 20
times as much. Near silence the front-end differs more.
"""

import numpy as np
import pytest

import kerasaudio
from parity.kit import IMAGE, STEPS, Parity, Stage, each_stage, seeded_file
from support.goldens import Golden
from support.passt import HEADS, bands_first, converted_file


def stages(bands):
    return {
        "logmel": Stage("frontend", 5e-5, STEPS),
        "patch": Stage("patch_embed_proj", 1e-5, IMAGE),
        "block0": Stage("blocks_0_output_add", 2e-5, bands_first(bands)),
        "norm": Stage("norm", 2e-5, bands_first(bands)),
        "embedding": Stage("embedding", 1e-5),
        "logits": Stage("predictions", 1e-5),
    }


SMALL = Parity(
    kerasaudio.PaSST,
    "passt_small",
    stages(8),
    weights=converted_file(),
    arguments={
        "hidden_size": 48,
        "num_layers": 2,
        "num_heads": HEADS,
        "stride": 16,
        "max_length": 198,
        "classes": 10,
        "classifier_activation": None,
    },
)
PUBLISHED = Parity(
    kerasaudio.PaSST,
    "passt_s",
    stages(12),
    weights=seeded_file("passt-s-f128-p16-s10-ap.476-swa.pt"),
    arguments={"classifier_activation": None},
)


@each_stage(SMALL)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.slow
@each_stage(PUBLISHED)
def test_stage_of_the_published_size_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Give the network of the published size, and its golden file."""
    golden = Golden.read("passt_s")
    path = PUBLISHED.weights(tmp_path_factory.mktemp("passt"), golden)
    return kerasaudio.PaSST(weights=path, classifier_activation=None), golden


@pytest.mark.slow
def test_a_clip_of_twelve_seconds_is_cut_as_by_the_original(published):
    model, golden = published
    waveform = np.resize(golden.waveforms()[0], 12 * 32_000)

    got = model.predict(waveform[None], verbose=0)[0]

    want = golden.arrays["long12s_logits"]
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max())
