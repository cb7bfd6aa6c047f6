"""A clip has one answer, whoever gives it: the same windows, the same mean."""

import keras
import numpy as np
import pytest

from kerasaudio.transfer.waveforms import load_waveforms
from support.answers import NAMES, build, clip_answers, clips_for, over_time, scenes
from support.chosen import KINDS

# torch hears them all. What gives them their windows is no backend's, and the others
# would compile for long.
if keras.backend.backend() != "torch":
    NAMES = sorted(KINDS.intersection(NAMES))
# Batches of other sizes round differently, by up to 1.5e-6.
TOLERANCE = 5e-6


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    return build(request.param)


@pytest.fixture(scope="module")
def clips(model, tmp_path_factory):
    return clips_for(model, tmp_path_factory.mktemp("clips"))


def test_everyone_gives_the_same_answer(model, clips, tmp_path):
    for who, (got, want) in clip_answers(model, clips, tmp_path).items():
        assert want.std(axis=0).max() > 1e-4  # clips differ
        np.testing.assert_allclose(got, want, atol=TOLERANCE, err_msg=who)


def test_transfer_hears_clips_as_ones_own_head_does(model, clips):
    waveforms = load_waveforms(clips.paths, model.spec, None)
    assert waveforms.rule == model.spec.of_own_head().rule


def test_over_time_streams_and_extractors_agree(model, clips):
    for pairs in over_time(model, clips.paths):
        for what, (got, want) in pairs.items():
            np.testing.assert_allclose(got, want, atol=TOLERANCE, err_msg=what)


def test_hears_scenes_are_embeddings(model, clips):
    pairs = list(scenes(model, (clips.paths[0], clips.paths[2])))
    if not pairs:
        pytest.skip("HEAR has no sounds at this rate")
    for pair in pairs:
        largest = max(1.0, np.abs(pair.want).max())
        np.testing.assert_allclose(*pair, atol=TOLERANCE * largest)
