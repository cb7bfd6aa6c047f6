"""Whole clips: the published networks' answers are those of their originals."""

import numpy as np
import pytest

import kerasaudio
from support.originals import (
    MUSICNN,
    MUSICNN_LENGTHS,
    WON_CHUNKS,
    all_tags,
    musicnn_clip,
    won_chunks,
)
from support.song import RATE, song
from support.sounds import write


@pytest.mark.parametrize(("factory", "tag", "upstream"), MUSICNN)
def test_musicnns_patches_and_clips(factory, tag, upstream):
    # musicnn 0.1.0's own graphs; see tools/make_musicnn_golden.py.
    model = getattr(kerasaudio, factory)(weights=tag)
    for samples in MUSICNN_LENGTHS:
        pairs = musicnn_clip(model, upstream, samples)

        assert pairs["windows"].want.std() > 1e-2
        for what, (got, want) in pairs.items():
            np.testing.assert_allclose(got, want, atol=1e-4, err_msg=what)


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
            model.input,
            model.output,
            spec=model.spec.replace(windows_per_clip=WON_CHUNKS),
        )
    else:
        monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(folder))
        model = getattr(kerasaudio, factory)(weights=tag)
        from_conversion = getattr(kerasaudio, factory)(weights=tag)
        assert from_conversion.spec == model.spec
    assert model.spec.windows_per_clip == WON_CHUNKS
    clip, want = won_chunks(model)

    got = all_tags(model, clip, RATE)

    np.testing.assert_allclose(got, want, atol=1e-6)
    path = write(tmp_path / "song.wav", clip, RATE)
    np.testing.assert_allclose(all_tags(model, path), want, atol=1e-3)  # 16 bits


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
