"""The bundled weights against musicnn 0.1.0's own TensorFlow 1 graphs.

The golden file holds what the wheel's graphs (`.meta`) give for three patches of
log10(10000 mel + 1), computed in float32, and on the way to it
(tools/make_musicnn_golden.py). Upstream casts the mel to float16 first; the
product was float32 again under NumPy 1, and overflows under NumPy 2.
"""

from dataclasses import replace

import keras
import numpy as np
import pytest

import kerasaudio
from parity.kit import Parity, Stage, each_stage
from support.originals import MUSICNN, musicnn_window

PATCHES = ("frontend", "logmel_patches")


def stages(upstream, *layers):
    """Give the stages of one of upstream's networks, and its scores."""
    named = {f"{upstream}_{layer}": Stage(layer, 1e-5) for layer in layers}
    return named | {upstream: Stage("predictions", 1e-5)}


VGG = ("input_bn", "pool1", "pool2", "pool3", "pool4", "embedding")
VGG_MTAT = Parity(
    kerasaudio.MusicVGG,
    "musicnn_tf1",
    stages("MTT_vgg", *VGG),
    weights="mtat",
    hears=PATCHES,
)
VGG_MSD = replace(VGG_MTAT, stages=stages("MSD_vgg", *VGG), weights="msd")
CNN = ("input_bn", "timbre38", "rhythm32", "front", "pool", "embedding")
MUSICNN_MTAT = Parity(
    kerasaudio.MusiCNN,
    "musicnn_tf1",
    stages("MTT_musicnn", *CNN),
    weights="mtat",
    hears=PATCHES,
)
MUSICNN_MSD = replace(MUSICNN_MTAT, stages=stages("MSD_musicnn", *CNN), weights="msd")


@each_stage(MUSICNN_MTAT, MUSICNN_MSD, VGG_MTAT, VGG_MSD)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.parametrize(("factory", "tag", "upstream"), MUSICNN)
def test_the_first_window_of_a_waveform_gives_upstreams_scores(factory, tag, upstream):
    model = getattr(kerasaudio, factory)(weights=tag)

    got, want = musicnn_window(model, upstream)

    assert want.std() > 1e-2
    np.testing.assert_allclose(got, want, atol=1e-4)


def test_loud_sound_does_not_overflow():
    # Under NumPy 2, where a float16 array times a Python number stays float16, upstream
    # turns about 3 % of a half-scale chirp into infinity. Under NumPy 1 it does not.
    model = kerasaudio.MusiCNN(weights="mtat")
    loud = np.sin(np.arange(model.spec.clip_samples) ** 2 / 3e5, dtype="float32")

    assert np.isfinite(model.predict(loud[None], verbose=0)).all()


def test_upstreams_half_precision_overflows_under_numpy_2_only():
    model = kerasaudio.MusiCNN(weights="mtat")
    loud = np.sin(np.arange(model.spec.clip_samples) ** 2 / 3e5, dtype="float32") / 2
    log = keras.Model(model.input, model.get_layer("frontend").output)
    mel = (10 ** log.predict(loud[None], verbose=0) - 1) / 10_000

    with np.errstate(over="ignore"):
        product = 10_000 * mel.astype("float16")

    is_numpy_2 = int(np.__version__.partition(".")[0]) >= 2
    assert np.isinf(product).any() == is_numpy_2
    assert product.dtype == ("float16" if is_numpy_2 else "float32")
