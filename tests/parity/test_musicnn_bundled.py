"""The bundled weights against musicnn 0.1.0's own TensorFlow 1 graphs.

The golden file holds what the wheel's graphs (`.meta`) give for three patches of
log10(10000 mel + 1), computed in float32: upstream's float16 is a recorded deviation.
"""

import numpy as np
import pytest

import kerasaudio
from support.originals import MUSICNN, musicnn_windows


@pytest.mark.parametrize(("factory", "tag", "upstream"), MUSICNN)
def test_patches_and_the_first_window_of_a_waveform_give_upstreams_scores(
    factory, tag, upstream
):
    model = getattr(kerasaudio, factory)(weights=tag)

    pairs = musicnn_windows(model, upstream)

    assert pairs["patches"].want.std() > 1e-2
    for what, (got, want) in pairs.items():
        np.testing.assert_allclose(got, want, atol=1e-4, err_msg=what)


def test_loud_sound_does_not_overflow():
    # Upstream's float16 turns about 3 % of a half-scale chirp into infinity.
    model = kerasaudio.MusiCNN(weights="mtat")
    loud = np.sin(np.arange(model.spec.clip_samples) ** 2 / 3e5, dtype="float32")

    assert np.isfinite(model.predict(loud[None], verbose=0)).all()
