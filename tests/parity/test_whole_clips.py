"""Whole clips: the published networks' answers are those of their originals."""

from pathlib import Path

import numpy as np
import pytest

import kerasaudio
from kerasaudio.features import FeatureExtractor
from support.song import RATE, song
from support.sounds import write

GOLDEN = Path(__file__).parents[1] / "golden" / "musicnn_clips.npz"
SECONDS = (2.0, 3.0, 7.3, 29.0, 30.0)
# The last patch ends in the silence that librosa has behind the clip; one is missing.
EDGES = (2 * 187 * 256 - 256, 2 * 187 * 256 - 257)
LENGTHS = [*(round(seconds * RATE) for seconds in SECONDS), *EDGES]


@pytest.mark.parametrize(
    ("factory", "tag", "upstream"),
    [
        ("MusiCNN", "mtat", "MTT_musicnn"),
        ("MusiCNN", "msd", "MSD_musicnn"),
        ("MusicVGG", "mtat", "MTT_vgg"),
        ("MusicVGG", "msd", "MSD_vgg"),
    ],
)
def test_musicnns_patches_and_clips(factory, tag, upstream):
    # musicnn 0.1.0's own graphs; see tools/make_musicnn_golden.py.
    golden = np.load(GOLDEN)
    model = getattr(kerasaudio, factory)(weights=tag)
    by_patch = FeatureExtractor(model, "predictions", pool=None)
    for samples in LENGTHS:
        want = golden[f"{upstream}_{samples}"]
        clip = song(samples)

        got = by_patch(clip, RATE)
        tags = dict(model.tag(clip, RATE, top=50))

        assert want.std() > 1e-2
        np.testing.assert_allclose(got, want, atol=1e-4)
        means = [tags[label] for label in model.spec.labels]
        np.testing.assert_allclose(means, want.mean(axis=0), atol=1e-4)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("factory", "tag"),
    [("SampleCNN", "mtat"), ("FCN", "mtat"), ("MusiCNN", "won2020-mtat")],
)
def test_won_et_als_sixteen_chunks(shared, monkeypatch, tmp_path, factory, tag):
    folder = shared / "reference" / "music_taggers"
    if factory == "SampleCNN":  # no published file here: the rule does not need one
        model = kerasaudio.SampleCNN()
        model = kerasaudio.AudioModel(
            model.input, model.output, spec=model.spec.replace(windows_per_clip=16)
        )
    else:
        monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(folder))
        model = getattr(kerasaudio, factory)(weights=tag)
    spec = model.spec
    assert spec.windows_per_clip == 16
    size = spec.clip_samples
    clip = song(2 * size + 12_345)
    # training/eval.py of minzwon/sota-music-tagging-models at 4e1d652, get_tensor.
    hop = (len(clip) - size) // 16
    chunks = np.stack([clip[i * hop : i * hop + size] for i in range(16)])
    want = model.predict(chunks, batch_size=4, verbose=0).mean(axis=0)

    scores = dict(model.tag(clip, RATE, top=50))

    got = [scores[label] for label in spec.labels]
    np.testing.assert_allclose(got, want, atol=1e-6)
    path = write(tmp_path / "song.wav", clip, RATE)
    from_file = dict(model.tag(path, top=50))
    got = [from_file[label] for label in spec.labels]
    np.testing.assert_allclose(got, want, atol=1e-3)  # 16 bits


@pytest.mark.shared
def test_efficient_at_hears_a_clip_whole(shared, monkeypatch):
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(shared / "reference"))
    model = kerasaudio.EfficientAT(weights="audioset")
    rate = model.spec.sample_rate
    path = shared / "data" / "esc10" / "audio" / "1-172649-A-40.ogg"
    helicopter = np.resize(kerasaudio.load_audio(path, rate), 29 * rate)
    best = []
    for seconds in (10.0, 10.016, 10.05, 12.5, 29.0):
        clip = helicopter[: round(seconds * rate)]
        (label, score), *_ = model.tag(clip, rate)
        whole = model.predict(clip[None], verbose=0)
        assert score == pytest.approx(float(whole.max()), abs=1e-5)
        best.append((label, score))
    labels, scores = zip(*best, strict=True)
    assert len(set(labels)) == 1
    assert max(scores) - min(scores) < 0.05


def test_the_rest_of_a_long_clip_does_not_halve_its_answer():
    model = kerasaudio.LogMelCNN(weights="esc10")
    size, rate = model.spec.clip_samples, model.spec.sample_rate
    steady = np.resize(song(size // 4), 3 * size)
    one = dict(model.tag(steady[:size], rate, top=10))
    more = dict(model.tag(steady[: size + rate // 60], rate, top=10))
    assert max(abs(one[label] - more[label]) for label in one) < 0.05
