"""FCN, CRNN and MusiCNN with the published checkpoints of Won et al. 2020.

Upstream: minzwon/sota-music-tagging-models at 4e1d652, torch with torchaudio.
"""

import numpy as np
import pytest

import kerasaudio

CHECKPOINTS = [
    ("FCN", "mtat", "fcn"),
    ("FCN", "msd", "fcn"),
    ("FCN", "jamendo", "fcn"),
    ("CRNN", "mtat", "crnn"),
    ("CRNN", "msd", "crnn"),
    ("CRNN", "jamendo", "crnn"),
    ("MusiCNN", "won2020-mtat", "musicnn"),
    ("MusiCNN", "won2020-jamendo", "musicnn"),
]


@pytest.mark.shared
@pytest.mark.parametrize(("factory", "tag", "upstream"), CHECKPOINTS)
def test_published_checkpoint_gives_the_published_scores(
    shared, monkeypatch, factory, tag, upstream
):
    reference = shared / "reference"
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(reference / "music_taggers"))
    model = getattr(kerasaudio, factory)(weights=tag)
    golden = np.load(reference / "golden" / "music_taggers.npz")
    waveform = golden["waveform_int16"] / np.float32(32768)

    got = model.predict(waveform[None, : model.spec.clip_samples], verbose=0)[0]

    want = golden[f"{tag.removeprefix('won2020-')}_{upstream}"]
    assert want.std() > 1e-2
    np.testing.assert_allclose(got, want, atol=1e-4)


@pytest.mark.shared
def test_a_users_own_upstream_file_loads_by_path(shared):
    path = shared / "reference" / "music_taggers" / "jamendo_musicnn.pth"

    model = kerasaudio.MusiCNN(weights=path)

    assert model.spec.arguments["variant"] == "won2020"
    assert model.spec.labels[:2] == ("class 0", "class 1")
