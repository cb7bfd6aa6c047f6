"""ReSE-2-Multi against a plain NumPy network, from files as Keras 2.0.5 wrote them.

The NumPy network follows the paper (Kim, Lee & Nam 2018, arXiv:1710.10451, figure 1)
and tae-jun/resemul at f2c2c80; it takes the layers one after the other, in the order
upstream makes them, so it also says what order that is.
"""

import numpy as np
import pytest

import kerasaudio
from support.keras2 import Upstream, write_keras2

CASES = {
    "rese multi": {"block": "rese", "multi": True},
    "rese": {"block": "rese", "multi": False},
    "res multi": {"block": "res", "multi": True},
    "se multi": {"block": "se", "multi": True},
    "se": {"block": "se", "multi": False},
    "basic": {"block": "basic", "multi": False},
    "basic multi": {"block": "basic", "multi": True, "init_features": 4},
    "wide stem": {"block": "rese", "multi": True, "stem_width": 2},
}
SMALL = {"init_features": 8, "amplifying_ratio": 2, "blocks": 5, "stem_width": 3}
CLASSES = 6


@pytest.mark.parametrize("whole_model", [True, False], ids=["model", "weights only"])
@pytest.mark.parametrize("case", CASES)
def test_keras2_file_gives_upstreams_scores(tmp_path, rng, case, whole_model):
    arguments = SMALL | CASES[case]
    waveform = rng.normal(0, 0.3, 2 * 3**6).astype("float32")
    upstream = Upstream(classes=CLASSES, **arguments)
    want = upstream(waveform)
    path = tmp_path / "ckpt-e001-l0.1.hdf5"
    write_keras2(path, upstream.layers, start=rng.integers(1, 40), whole=whole_model)

    model = kerasaudio.ReSE2Multi(weights=path, clip_samples=len(waveform))

    if arguments["block"] in ("basic", "res"):
        arguments.pop("amplifying_ratio")  # res and basic have none to tell
    assert arguments.items() <= model.spec.arguments.items()
    assert want.std() > 1e-2
    np.testing.assert_allclose(
        model.predict(waveform[None], verbose=0)[0], want, atol=1e-5
    )
