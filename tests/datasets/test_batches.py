"""ClipBatches: what comes in a batch, of which clip, and that models train on it."""

import keras
import numpy as np
import pytest

from kerasaudio import load_audio, windows
from kerasaudio.audio import AudioDecodeError
from kerasaudio.core import AudioSpec
from kerasaudio.datasets import LabeledClips, from_folder
from kerasaudio.evaluation import predict_clips
from support import sounds
from support.tiny import tiny_model

SPEC = AudioSpec.of_fixed_clips(sounds.RATE, 2_000)


@pytest.fixture
def clips(tmp_path):
    return from_folder(sounds.class_folders(tmp_path / "set", {"a": 5, "b": 3, "c": 2}))


def several(clips):
    """The same clips, of two classes each."""
    labels = clips.multi_hot | np.roll(clips.multi_hot, 1, axis=1)
    return LabeledClips("several", clips.paths, labels, clips.class_names)


def every(batches):
    return [batches[index] for index in range(len(batches))]


def test_training_takes_a_part_of_each_clip(clips):
    batches = clips.batches(SPEC, 4)
    assert len(batches) == 3
    found = []
    for sound, labels in every(batches):
        assert (sound.dtype, labels.dtype) == (np.float32, np.int32)
        assert sound.shape == (len(labels), 2_000)
        for window, label in zip(sound, labels, strict=True):
            near = [
                _offset(window, load_audio(path, sounds.RATE)) for path in clips.paths
            ]
            (clip,) = np.flatnonzero(np.array(near) >= 0)
            assert clips.targets[clip] == label
            found.append((int(clip), near[clip]))
    assert sorted(clip for clip, _ in found) == list(range(10))
    assert [clip for clip, _ in found] != list(range(10))
    assert len({offset for _, offset in found}) > 5


def _offset(window, waveform):
    """Give where in a waveform a window is, -1 if it is not in there."""
    views = np.lib.stride_tricks.sliding_window_view(waveform, len(window))
    distance = np.abs(views[:, ::50] - window[::50]).max(axis=1)
    return int(distance.argmin()) if distance.min() < 1e-6 else -1


def test_same_seed_same_epochs_whatever_the_order_of_asking(clips):
    first, second = (clips.batches(SPEC, 4, seed=7) for _ in range(2))
    second[2], second[0]
    np.testing.assert_array_equal(first[1][0], second[1][0])
    first.on_epoch_end()
    assert np.abs(first[1][0] - second[1][0]).max() > 0.01
    second.epoch = 1
    np.testing.assert_array_equal(first[1][0], second[1][0])
    other = clips.batches(SPEC, 4, seed=8)
    assert np.abs(other[1][0] - second[1][0]).max() > 0.01


@pytest.mark.parametrize("padding", ["zeros", "repeat", "whole_repeats"])
def test_evaluation_gives_all_windows_in_order(clips, padding):
    spec = SPEC.replace(
        window_padding=padding, window_samples=1_500, clip_samples=1_500
    )
    batches = clips.batches(spec, 4, training=False)
    assert batches.clip_of.tolist() == np.repeat(np.arange(10), 3).tolist()
    sound = np.concatenate([batch[0] for batch in every(batches)])
    labels = np.concatenate([batch[1] for batch in every(batches)])
    assert labels.tolist() == clips.targets[batches.clip_of].tolist()
    for clip, path in enumerate(clips.paths):
        want, _ = windows(load_audio(path, sounds.RATE), 1_500, None, padding)
        np.testing.assert_allclose(sound[batches.clip_of == clip], want, atol=1e-7)


def test_windows_per_clip_are_spread_evenly(clips):
    batches = clips.batches(SPEC, 64, training=False, windows_per_clip=3)
    whole = load_audio(clips.paths[0], sounds.RATE)
    want = [whole[start : start + 2_000] for start in (0, 1_000, 2_000)]
    np.testing.assert_array_equal(batches[0][0][:3], want)
    assert len(clips.batches(SPEC, 10, windows_per_clip=3)) == 3


def test_clips_shorter_than_a_window(tmp_path):
    root = sounds.class_folders(tmp_path, {"a": 1, "b": 1}, seconds=0.1)
    repeat = from_folder(root).batches(SPEC, 2, training=False)[0][0]
    np.testing.assert_array_equal(repeat[:, :800], repeat[:, 800:1_600])
    zeros = from_folder(root).batches(SPEC.replace(window_padding="zeros"), 2)[0][0]
    assert np.abs(zeros[:, :800]).max() > 0.4
    assert not zeros[:, 800:].any()


def test_parts_of_files(tmp_path):
    ramp = np.linspace(-0.9, 0.9, 8_000, dtype="float32")
    path = sounds.write(tmp_path / "ramp.flac", ramp)
    clips = LabeledClips(
        "parts",
        (path, path),
        np.array([0, 1]),
        ("early", "late"),
        starts=np.array([0.0, 0.5]),
        ends=np.array([0.25, np.inf]),
    )
    batches = clips.batches(SPEC, 8, training=False)
    sound, labels = batches[0]
    assert labels.tolist() == [0, 1, 1]
    want = np.stack([ramp[:2_000], ramp[4_000:6_000], ramp[6_000:]])
    np.testing.assert_allclose(sound, want, atol=1e-4)
    for sound, labels in every(clips.batches(SPEC, 1)):
        assert (sound[0, 0] < -0.4) == (labels[0] == 0)


def test_several_classes_a_clip(clips):
    _, targets = several(clips).batches(SPEC, 10, training=False)[0]
    assert targets.dtype == np.float32
    assert targets[0].tolist() == [1, 1, 0]
    _, one_hot = clips.batches(SPEC, 10, training=False, one_hot=True)[0]
    assert one_hot[0].tolist() == [1, 0, 0]


def test_class_weights(clips):
    _, labels, weights = clips.batches(SPEC, 10, class_weights=True)[0]
    sums = np.bincount(labels, weights)
    np.testing.assert_allclose(sums, [10 / 3] * 3, rtol=1e-5)
    *_, weights = several(clips).batches(SPEC, 99, class_weights=True)[0]
    assert weights.dtype == np.float32
    assert (weights > 0).all()


def test_silence_is_left_out(tmp_path):
    half = np.concatenate([np.zeros(8_000, "float32"), sounds.tone(400, 1)])
    sounds.write(tmp_path / "a" / "0.wav", half)
    sounds.write(tmp_path / "b" / "0.wav", half)
    sounds.write(tmp_path / "b" / "silent.wav", np.zeros(8_000, "float32"))
    clips = from_folder(tmp_path)
    training = clips.batches(SPEC, 8, silence_db=-30)
    for _ in range(5):
        (sound, labels) = training[0]
        assert sorted(labels.tolist()) == [0, 1]
        assert (np.sqrt((sound**2).mean(axis=1)) >= 10 ** (-30 / 20)).all()
        training.on_epoch_end()
    evaluation = clips.batches(SPEC, 99, training=False, silence_db=-30)
    assert evaluation.clip_of.tolist() == [0] * 4 + [1] * 4 + [2]
    with pytest.raises(ValueError, match=r"Every window of .* below silence_db=-1"):
        clips.batches(SPEC, silence_db=-1)
    quiet = clips.take([0, 2])
    with pytest.raises(
        ValueError, match="no clip is left to train on for the classes b"
    ):
        quiet.batches(SPEC, silence_db=-30)


def test_augmentation(clips):
    batches = clips.batches(SPEC, 4, augment=lambda x, rng: x * rng.uniform(2, 3))
    assert np.abs(batches[0][0]).max() > 0.9
    np.testing.assert_array_equal(batches[0][0], batches[0][0])
    before = clips.batches(SPEC, 4)[0][0]
    clips.batches(SPEC, 4, augment=lambda x, rng: np.negative(x, out=x))[0]
    np.testing.assert_array_equal(clips.batches(SPEC, 4)[0][0], before)
    with pytest.raises(ValueError, match=r"windows of shape \(2000,\).*\(5,\)"):
        clips.batches(SPEC, 4, augment=lambda x, rng: x[:5])[0]


def test_last_batch(clips):
    assert len(clips.batches(SPEC, 4)[2][0]) == 2
    assert len(clips.batches(SPEC, 4, drop_remainder=True)) == 2
    assert len(clips.batches(SPEC, 99, drop_remainder=True)) == 1
    with pytest.raises(IndexError, match=r"3 batches\. Received: 3"):
        clips.batches(SPEC, 4)[3]


def test_targets_follow_the_model(clips):
    spec = SPEC.replace(labels=("c", "x", "b", "a"))
    batches = clips.batches(spec, 99, training=False)
    assert batches.class_names == spec.labels
    assert batches[0][1][[0, 10, 16]].tolist() == [3, 2, 0]
    made_up = SPEC.replace(labels=("class 0", "class 1", "class 2"))
    assert clips.batches(made_up, 99, training=False)[0][1].tolist()[-1] == 2
    with pytest.raises(ValueError, match=r"no output for: a\. .*labels=clips"):
        clips.batches(SPEC.replace(labels=("b", "c")))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size must be"),
        ({"clip_seconds": 1.0}, "accepts clips of exactly 0.25 s"),
        ({"clip_seconds": -1}, "accepts clips of"),
        ({"windows_per_clip": 0}, "windows_per_clip must be"),
        ({"errors": "ignore"}, "errors must be one of"),
        ({"dtype": "float64"}, "dtype must be one of"),
        ({"seed": -1}, "seed must be"),
        ({"silence_db": 1}, "at most 0 dB"),
        ({"silence_db": float("nan")}, "at most 0 dB"),
    ],
)
def test_bad_arguments_are_found_before_decoding(clips, settings, message):
    for path in clips.paths:
        path.write_bytes(b"no sound")
    with pytest.raises(ValueError, match=message):
        clips.batches(SPEC, **settings)
    with pytest.raises(ValueError, match=r"or an AudioSpec.*Received: Sequential"):
        clips.batches(keras.Sequential())


def test_corrupt_files(clips):
    clips.paths[1].write_bytes(b"RIFF, but no more")
    clips.paths[6].unlink()
    with pytest.raises(
        AudioDecodeError, match=r"2 files of set(.|\n)*a.1\.wav: (.|\n)*b.1"
    ):
        clips.batches(SPEC)
    with pytest.warns(UserWarning, match="left out"):
        batches = clips.batches(SPEC, 99, training=False, errors="skip")
    assert batches.kept.tolist() == [0, 2, 3, 4, 5, 7, 8, 9]
    assert len(batches.clips) == 8
    with pytest.warns(UserWarning, match="left out"):
        scores = predict_clips(tiny_model(), clips, errors="skip")
    assert np.isnan(scores[[1, 6]]).all()
    assert np.isfinite(scores[batches.kept]).all()
    for path in clips.paths[:5]:
        path.write_bytes(b"")
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(
            ValueError, match="no clip is left to train on for the classes a"
        ),
    ):
        clips.batches(SPEC, errors="skip")


def test_a_part_behind_the_end_of_its_file(clips):
    late = LabeledClips(
        "late", clips.paths[:2], np.array([0, 1]), ("a", "b"), starts=np.array([0, 9.0])
    )
    with pytest.raises(
        AudioDecodeError, match=r"start at 9 s, but its file is only 0\.5"
    ):
        late.batches(SPEC)


def test_length_of_a_model_that_takes_any(clips):
    spec = SPEC.replace(clip_samples=None, min_samples=400, window_samples=80_000)
    assert clips.batches(spec).window_samples == 4_000
    assert clips.batches(spec, clip_seconds=0.1).window_samples == 800
    with pytest.raises(ValueError, match=r"at least 0\.05 s"):
        clips.batches(spec, clip_seconds=0.01)


def test_fit_evaluate_and_predict(clips):
    model = tiny_model(clip_samples=2_000)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        clips,
        epochs=2,
        validation_data=clips,
        class_weight=clips.class_weights(),
        verbose=0,
    )
    assert len(history.history["val_accuracy"]) == 2
    assert np.isfinite(history.history["loss"]).all()
    assert len(model.evaluate(clips, batch_size=4, verbose=0)) == 2
    scores = predict_clips(model, clips)
    assert scores.shape == (10, 3)
    each = model.predict(clips.batches(model, training=False), verbose=0)
    np.testing.assert_allclose(scores[0], each[:2].mean(axis=0), rtol=1e-4)


def test_fit_with_weights_threads_and_several_classes(clips):
    model = tiny_model(clip_samples=2_000)
    model.compile("sgd", "binary_crossentropy")
    batches = several(clips).batches(model, 4, class_weights=True, workers=2)
    follow = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda number, logs: setattr(batches, "epoch", number)
    )
    history = model.fit(batches, epochs=2, verbose=0, callbacks=[follow])
    assert np.isfinite(history.history["loss"]).all()
    assert batches.epoch == 2
