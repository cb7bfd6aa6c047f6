"""ReSE-2-Multi against tae-jun/resemul at f2c2c80, from files as Keras 2.0.5 writes.

Small networks of all kinds are compared with a plain NumPy network, which made the
golden file, too. It follows the paper (Kim, Lee & Nam 2018, arXiv:1710.10451, figure 1)
and takes the layers one after the other, in the order upstream makes them, so it also
says what order that is.
"""

import numpy as np
import pytest

import kerasaudio
from parity.kit import Parity, Stage, each_stage, seeded_file
from support.keras2 import CASES, SMALL, keras_names
from support.originals import rese2_multi

RESE2_MULTI = Parity(
    kerasaudio.ReSE2Multi,
    "rese2_multi_seeded",
    {
        "stem": Stage("stem_relu", 2e-5),
        **{f"block{n}": Stage(f"block{n}_pool", 2e-5) for n in (1, 3, 7, 8, 9)},
        "embedding": Stage("embedding", 1e-5),
        "predictions": Stage("predictions", 1e-5),
    },
    weights=seeded_file("ckpt-e001-l0.1.hdf5", arranged=keras_names),
)


@each_stage(RESE2_MULTI)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


@pytest.mark.parametrize("whole_model", [True, False], ids=["model", "weights only"])
@pytest.mark.parametrize("case", CASES)
def test_keras2_file_gives_upstreams_scores(tmp_path, rng, case, whole_model):
    model, (got, want) = rese2_multi(tmp_path, case, rng, whole_model)

    arguments = SMALL | CASES[case]
    if arguments["block"] in ("basic", "res"):
        arguments.pop("amplifying_ratio")  # res and basic have none to tell
    assert arguments.items() <= model.spec.arguments.items()
    assert want.std() > 1e-2
    np.testing.assert_allclose(got, want, atol=1e-5)
