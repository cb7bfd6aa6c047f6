"""A clip has one answer, whoever gives it: the same windows, the same mean."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio import hear, tagging
from kerasaudio.datasets import LabelledClips, predict_clips
from kerasaudio.features import FeatureExtractor
from kerasaudio.models import FACTORIES, AudioModel
from kerasaudio.training import measure
from kerasaudio.transfer.waveforms import load_waveforms
from support.small import small
from support.song import song
from support.sounds import write

LENGTHS = (0.5, 1, 1.7, 2, 2.5)  # windows
SPREAD = "SampleCNN, spread"
LABELS = ["knock", "bark", "nothing"]
# Batches of other sizes round differently, on torch by up to 1.4e-6.
TOLERANCE = 2e-6 if keras.backend.backend() == "torch" else 1e-6


def build(name):
    keras.utils.set_random_seed(1)
    if name == SPREAD:
        model = build("SampleCNN")
        spec = model.spec.replace(windows_per_clip=4)
        return AudioModel(model.input, model.output, spec=spec)
    return FACTORIES[name](**small(name), labels=LABELS)


def published(name):
    """Give the rule that goes with a head of the original's, not with one's own."""
    return {"MusiCNN": "drop", "MusicVGG": "drop", "YAMNet": "full", "VGGish": "drop"}


@pytest.fixture(scope="module", params=[*sorted(FACTORIES), SPREAD])
def model(request):
    model = build(request.param)
    rest = published(request.param).get(request.param, "count")
    return AudioModel(
        model.input, model.output, name="one", spec=model.spec.replace(rest=rest)
    )


@pytest.fixture(scope="module")
def clips(model, tmp_path_factory):
    spec = model.spec
    rate = spec.sample_rate
    window = spec.window_samples
    if spec.whole_samples:  # beyond what is heard whole, too
        window = spec.whole_samples // 2 + rate
    folder = tmp_path_factory.mktemp("clips")
    waveforms = [song(max(round(n * window), rate // 20 + 1)) for n in LENGTHS]
    paths = [
        write(folder / f"{i}.wav", waveform, rate)
        for i, waveform in enumerate(waveforms)
    ]
    labels = np.arange(len(paths)) % 3
    return LabelledClips("clips", tuple(paths), labels, tuple(LABELS))


def answer(model, path):
    """Give a clip's answer straight from the rule, window by window."""
    waveform = kerasaudio.load_audio(path, model.spec.sample_rate)
    cut = model.spec.rule.cut(waveform)
    each = [model.predict_on_batch(window.samples[None])[0] for window in cut]
    weights = [window.weight for window in cut]
    return np.average(np.asarray(each, "float64"), axis=0, weights=weights)


def scores(model, tags):
    by_label = dict(tags)
    return [by_label[label] for label in model.spec.labels]


def test_everyone_gives_the_same_answer(model, clips, tmp_path):
    want = np.stack([answer(model, path) for path in clips.paths])
    paths = list(clips.paths)
    extractor = FeatureExtractor(model, "predictions", cache=tmp_path)
    table = extractor.extract(paths)
    rows = [table.paths.index(path) for path in paths]
    given = {
        "tag": [scores(model, model.tag(path, top=3)) for path in paths],
        "tag_files": [
            scores(model, found.tags)
            for found in tagging.tag_files(model, paths, top=3, with_timeline=True)
        ],
        "FeatureExtractor": extractor(paths),
        "extract": table.vectors[rows],
        "predict_clips": predict_clips(model, clips, batch_size=4),
        "measure": measure(model, clips).scores,
        "transfer": _transfer(model, clips),
    }
    for who, found in given.items():
        np.testing.assert_allclose(found, want, atol=TOLERANCE, err_msg=who)


def _transfer(model, clips):
    waveforms = load_waveforms(clips.paths, model.spec, None)
    if model.spec.rest != "count" or model.spec.windows_per_clip:
        # A head of one's own, which these train, has the rule of one's own.
        assert waveforms.rule == model.spec.of_own_head().rule
        return np.stack([answer(model, path) for path in clips.paths])
    return waveforms.answers(model.predict_on_batch, np.arange(len(clips)), 4)


def test_over_time_streams_and_extractors_agree(model, clips):
    rate = model.spec.sample_rate
    by_window = FeatureExtractor(model, "predictions", pool=None)
    for path in clips.paths:
        waveform = kerasaudio.load_audio(path, rate)
        rows = by_window.timeline(waveform, rate)
        heard = list(
            kerasaudio.Stream(model, None).run(np.array_split(waveform, 9), rate)
        )
        np.testing.assert_allclose([h.start for h in heard], rows.starts)
        np.testing.assert_allclose([h.end for h in heard], rows.ends)
        np.testing.assert_allclose(
            [h.scores for h in heard], rows.vectors, atol=TOLERANCE
        )
        if model.spec == model.spec.over_time():
            mean = np.average(rows.vectors, axis=0, weights=[h.weight for h in heard])
            np.testing.assert_allclose(mean, answer(model, path), atol=TOLERANCE)


def test_hears_scenes_are_embeddings(model, clips):
    if model.spec.sample_rate not in hear.SAMPLE_RATES:
        pytest.skip("HEAR has no sounds at this rate")
    wrapped = hear.HearModel(model)
    rate = model.spec.sample_rate
    for path in (clips.paths[0], clips.paths[2]):
        waveform = kerasaudio.load_audio(path, rate)
        scenes = hear.get_scene_embeddings(waveform[None], wrapped)
        want = model.embed(waveform, rate)
        largest = max(1.0, np.abs(want).max())
        got = keras.ops.convert_to_numpy(scenes)[0]
        np.testing.assert_allclose(got, want, atol=TOLERANCE * largest)
