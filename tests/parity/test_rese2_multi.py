"""ReSE-2-Multi against a plain NumPy network, from files as Keras 2.0.5 wrote them.

The NumPy network follows the paper (Kim, Lee & Nam 2018, arXiv:1710.10451, figure 1)
and tae-jun/resemul at f2c2c80; it takes the layers one after the other, in the order
upstream makes them, so it also says what order that is.
"""

import numpy as np
import pytest

from support.keras2 import CASES, SMALL
from support.originals import rese2_multi


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
