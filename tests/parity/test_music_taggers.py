"""FCN, CRNN and MusiCNN with the published checkpoints of Won et al. 2020.

Upstream: minzwon/sota-music-tagging-models at 4e1d652, torch with torchaudio.
"""

import numpy as np
import pytest

import kerasaudio
from support.originals import WON, won_scores


@pytest.mark.shared
@pytest.mark.parametrize(("factory", "tag", "upstream"), WON)
def test_published_checkpoint_gives_the_published_scores(
    shared, monkeypatch, factory, tag, upstream
):
    reference = shared / "reference"
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(reference / "music_taggers"))
    model = getattr(kerasaudio, factory)(weights=tag)

    got, want = won_scores(model, tag, upstream, reference)

    assert want.std() > 1e-2
    np.testing.assert_allclose(got, want, atol=1e-4)


@pytest.mark.shared
def test_a_users_own_upstream_file_loads_by_path(shared):
    path = shared / "reference" / "music_taggers" / "jamendo_musicnn.pth"

    model = kerasaudio.MusiCNN(weights=path)

    assert model.spec.arguments["variant"] == "won2020"
    assert model.spec.labels[:2] == ("class 0", "class 1")
