"""SampleCNN and SampleCNN+SE against the original, both filled by the same rule.

Upstream: minzwon/sota-music-tagging-models at 4e1d652, torch. The golden files hold its
outputs, in torch's layout (batch, channels, steps).
"""

import numpy as np
import pytest

from support.originals import (
    SAMPLE_CNN,
    SAMPLE_CNN_STAGES,
    sample_cnn_stages,
    seeded_sample_cnn,
)


@pytest.fixture(scope="module", params=SAMPLE_CNN)
def stages(request):
    return sample_cnn_stages(seeded_sample_cnn(request.param), request.param)


@pytest.mark.parametrize("stage", SAMPLE_CNN_STAGES)
def test_stage_equals_upstream(stages, stage):
    got, want = stages[stage]
    assert want.std() > 1e-3  # a dead network passes anything
    np.testing.assert_allclose(got, want, atol=1e-4)
