"""Fine-tuning: what learns, what stays, and the figures."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio import layers, transfer
from kerasaudio.core import AudioModel
from kerasaudio.transfer.waveforms import load_waveforms
from support.tiny import RATE, tiny_model


@pytest.fixture
def normed():
    """The tiny network with batch normalization before its embedding."""
    tiny = tiny_model()
    x = keras.layers.BatchNormalization(name="norm")(tiny.get_layer("level2").output)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dense(6, name="embedding")(x)
    x = keras.layers.Dense(3, "softmax", name="predictions")(x)
    return AudioModel(tiny.input, x, name="normed", spec=tiny.spec)


def _weights(model):
    return {
        f"{layer.name}/{weight.name}": np.array(keras.ops.convert_to_numpy(weight))
        for layer in model.layers
        for weight in layer.weights
    }


def _changed(before, after):
    return {
        name
        for name in before.keys() & after.keys()
        if before[name].shape != after[name].shape
        or np.abs(before[name] - after[name]).max() > 1e-7
    }


def test_frozen_trains_the_new_head_only(normed, clips):
    before = _weights(normed)
    tuned = transfer.fine_tune(normed, clips, body="frozen", epochs=2)
    assert _changed(before, _weights(tuned)) == {
        "predictions/kernel",
        "predictions/bias",
    }
    assert not _changed(before, _weights(normed))
    assert tuned.spec.labels == clips.class_names
    assert normed.spec.labels == ("a", "b", "c")


def test_full_trains_everything_but_the_original(normed, clips):
    before = _weights(normed)
    tuned = transfer.fine_tune(normed, clips, epochs=1)
    kept = ("frontend", "norm/")  # batch normalization, too
    learned = {name for name in before if not name.startswith(kept)}
    assert _changed(before, _weights(tuned)) == learned
    assert not _changed(before, _weights(normed))


def test_full_begins_with_the_head_of_the_linear_probe(normed, clips):
    tuned = transfer.fine_tune(normed, clips, epochs=1, learning_rate=1e-12)

    waveforms = load_waveforms(clips.paths, normed.spec, None).samples
    sees = keras.Model(normed.input, normed.get_layer("embedding").output)
    vectors = sees.predict(waveforms, verbose=0)
    probe = transfer.fit_probe(vectors, clips.targets)
    np.testing.assert_allclose(
        tuned.predict(waveforms, verbose=0),
        probe.predict(vectors, verbose=0),
        atol=1e-3,
    )


@pytest.mark.slow
def test_learns_and_can_be_saved(clips, tmp_path):
    tuned = transfer.fine_tune(
        tiny_model(width=16), clips, epochs=30, batch_size=10, learning_rate=1e-2
    )
    named = [tuned.tag(path, top=1)[0][0] for path in clips.paths]
    assert (
        np.mean([a == b for a, b in zip(named, clips.categories, strict=True)]) >= 0.9
    )
    tuned.save(tmp_path / "mine.keras")
    again = keras.saving.load_model(tmp_path / "mine.keras", compile=False)
    assert again.tag(clips.paths[0], top=1)[0][0] == named[0]


@pytest.mark.parametrize(
    "probe", ["frozen", pytest.param("full", marks=pytest.mark.slow)]
)
def test_evaluate_gives_the_same_report_each_time(model, clips, probe):
    start = _weights(model)
    one, two = (
        kerasaudio.cross_validate(model, clips, probe, seed=5, epochs=2, batch_size=8)
        for _ in range(2)
    )
    assert one.folds == two.folds
    np.testing.assert_array_equal(one.confusion, two.confusion)
    assert one.confusion.sum() == len(clips)
    assert one.origin["clip_samples"] == 4_000
    assert one.settings["epochs"] == 2
    assert not _changed(start, _weights(model))


def test_a_model_without_a_top_gets_one(clips):
    tiny = tiny_model()
    body = AudioModel(
        tiny.input,
        tiny.get_layer("embedding").output,
        name="body",
        spec=tiny.spec.replace(labels=None),
    )
    tuned = transfer.fine_tune(body, clips, body="frozen", epochs=1)
    assert tuned.output_shape == (None, 3)
    assert tuned.get_layer("predictions").output.shape == (None, 3)


def test_windows_have_one_length(clips, model, open_model):
    fixed = load_waveforms(clips.paths, model.spec, None)
    assert fixed.samples.shape[1] == 4_000
    assert fixed.samples.dtype == np.float32
    assert np.unique(fixed.clip_of).tolist() == list(range(len(clips)))
    median = load_waveforms(clips.paths, open_model.spec, None)
    assert 0.4 * RATE <= median.samples.shape[1] <= 0.6 * RATE
    assert len(median.samples) == len(clips)  # a tenth of a second more is no window
    short = load_waveforms(clips.paths[:2], open_model.spec, 0.1)
    assert short.samples.shape[1] == 800
    assert np.bincount(short.clip_of).min() >= 4


@pytest.mark.parametrize("longest", [0.8, 2.0])  # a window is 0.5 s; whole, 2 s
def test_short_clips_are_repeated_to_learn_from_too(clips, open_model, longest):
    spec = open_model.spec.replace(whole_samples=2 * RATE)
    spec = spec.with_windows(repeat_to_seconds=longest)
    waveforms = load_waveforms(clips.paths, spec, None)
    assert waveforms.samples.shape == (len(clips), RATE // 2)
    short = load_waveforms(clips.paths, spec, 0.1)
    assert short.samples.shape[1] == RATE // 10


def test_windows_longer_than_the_clips_are_learned_from(clips, open_model):
    near = open_model.with_windows(window_seconds=0.9)
    tuned = transfer.fine_tune(near, clips, body="frozen", epochs=1)
    assert tuned.spec.rule == near.spec.rule
    samples = load_waveforms(clips.paths, near.spec, None).samples
    assert samples.shape == (len(clips), round(0.9 * RATE))
    batches = clips.batches(near.spec.replace(labels=None), 4)
    assert batches.window_samples == round(0.9 * RATE)


def test_clips_are_answered_as_tag_does(clips, open_model, model):
    for network in (model, open_model):
        waveforms = load_waveforms(clips.paths, network.spec, None)
        numbers = np.array([7, 0, 3])
        answers = waveforms.answers(network.predict_on_batch, numbers, 2)
        for row, number in zip(answers, numbers, strict=True):
            tags = dict(network.tag(clips.paths[number], top=3))
            want = [tags[label] for label in network.spec.labels]
            np.testing.assert_allclose(row, want, atol=1e-6)


def test_bad_lengths(model, open_model, clips):
    with pytest.raises(ValueError, match=r"exactly 0\.5 s. Received.*clip_seconds=2"):
        transfer.fine_tune(model, clips, clip_seconds=2)
    with pytest.raises(ValueError, match=r"at least 0\.05 s"):
        kerasaudio.cross_validate(open_model, clips, "full", clip_seconds=0.01)
    with pytest.raises(ValueError, match="clip_seconds must be a number above 0"):
        transfer.fine_tune(open_model, clips, clip_seconds=-1)
    with pytest.raises(ValueError, match=r"probe must be one of \('frozen', 'full'\)"):
        transfer.fine_tune(open_model, clips, body="linear")


def test_the_front_end_is_in_the_copy(normed, clips):
    tuned = transfer.fine_tune(normed, clips, body="frozen", epochs=1)
    assert isinstance(tuned.get_layer("frontend"), layers.Spectrogram)
    assert not tuned.get_layer("norm").trainable
    assert tuned.get_layer("predictions").trainable
