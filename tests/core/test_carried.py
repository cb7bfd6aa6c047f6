"""A network with a state hears a clip as if in one piece, wherever it is cut."""

import contextlib

import keras
import numpy as np
import pytest
import soundfile
from keras import layers

import kerasaudio
from kerasaudio import AudioModel, FeatureExtractor
from kerasaudio.core import windowed
from kerasaudio.core.carried import Continued, beginning, continued
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.windowed import Hearing
from kerasaudio.datasets import LabeledClips
from kerasaudio.evaluation import predict_clips
from kerasaudio.events import frame_scores, framewise
from support.song import song
from support.stateful import RATE, STEP, WINDOW, in_one_piece, tiny, twice

TOLERANCE = 1e-6
ONE_EPOCH = kerasaudio.training.Schedule(unfreeze_epochs=1)


@pytest.fixture(scope="module")
def model():
    return tiny(twice)


@pytest.fixture(scope="module")
def sound():
    """Give 2.6 windows, in whole steps."""
    return song(130 * STEP)


def files(folder, sound):
    """Write two clips of different lengths, whose last windows are alike long."""
    paths = (folder / "long.wav", folder / "short.wav")
    for path, waveform in zip(paths, (sound, sound[:-WINDOW]), strict=True):
        soundfile.write(path, waveform, RATE, subtype="FLOAT")
    return LabeledClips("clips", paths, np.arange(2), ("a", "b"))


@pytest.mark.parametrize(
    "kind",
    [layers.GRU, layers.LSTM, layers.SimpleRNN, layers.GRU(3, reset_after=False)],
)
def test_any_recurrent_layer_goes_on(kind, sound):
    if isinstance(kind, type):
        layer = kind(3, return_sequences=True)
    else:
        layer = type(kind).from_config(kind.get_config() | {"return_sequences": True})
    model = tiny(layer)
    scores, _ = frame_scores(model, sound, RATE)
    want = in_one_piece(model, sound)
    np.testing.assert_allclose(scores, want, atol=TOLERANCE)
    apart = framewise(model).predict(sound[None, WINDOW : 2 * WINDOW], verbose=0)[0]
    assert abs(apart - want[50:100]).max() > 1e-3  # the state matters


def test_one_mean_for_a_clip(model, sound, tmp_path):
    want = in_one_piece(model, sound).mean(axis=0)
    clips = files(tmp_path, sound)
    path, other = clips.paths
    tagged = dict(model.tag(sound, RATE))
    extractor = FeatureExtractor(model, "predictions", cache=tmp_path)
    rest = in_one_piece(model, sound[:-WINDOW]).mean(axis=0)
    np.testing.assert_allclose(extractor(other), rest, atol=TOLERANCE)
    np.testing.assert_allclose(predict_clips(model, clips)[1], rest, atol=TOLERANCE)
    for got in (
        [tagged["a"], tagged["b"]],
        extractor(path),
        extractor.extract([other, path]).vectors[1],
        predict_clips(model, clips)[0],
    ):
        np.testing.assert_allclose(got, want, atol=TOLERANCE)


def test_clips_of_one_window_share_batches(model, tmp_path):
    paths = [tmp_path / f"{number}.wav" for number in range(6)]
    for number, path in enumerate(paths):
        soundfile.write(path, song(20 * STEP) * 0.15 * number, RATE, subtype="FLOAT")
    extractor = FeatureExtractor(model, "predictions", cache=tmp_path)
    with count_batches() as batches:
        vectors = extractor.extract(paths).vectors
    assert batches == [6]
    want = [in_one_piece(model, kerasaudio.load_audio(p, RATE)).mean(0) for p in paths]
    np.testing.assert_allclose(vectors, want, atol=TOLERANCE)


@contextlib.contextmanager
def count_batches():
    """Give the sizes of batches that hear each row on its own."""
    real, sizes = windowed.run, []

    def run(predict, waveforms):
        sizes.append(len(waveforms))
        return real(predict, waveforms)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windowed, "run", run)
        yield sizes


@pytest.mark.parametrize("samples", [401, WINDOW + 1, 2 * WINDOW - 1])
def test_a_step_that_is_not_full_counts_like_the_others(model, samples):
    sound = song(samples)
    want = in_one_piece(model, sound).mean(axis=0)
    means = FeatureExtractor(model, "predictions")(sound, RATE)
    np.testing.assert_allclose(means, want, atol=TOLERANCE)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="others need no program")
def test_last_windows_of_any_length_share_few_programs(monkeypatch):
    model, shapes = tiny(twice), set()
    run = InferenceModel.predict_on_batch

    def remember(network, x):
        shapes.add(tuple(np.shape(part) for part in keras.tree.flatten(x)))
        return run(network, x)

    monkeypatch.setattr(InferenceModel, "predict_on_batch", remember)
    for samples in range(WINDOW + 1, 2 * WINDOW, 331):
        model.tag(song(samples), RATE)
    assert len(shapes) <= 2 + 4  # of one or two whole windows, and of the last


def test_a_layer_that_padding_may_change_gets_the_last_window_as_it_is():
    class Backwards(layers.Layer):
        def call(self, x):
            return x - keras.ops.mean(x, axis=1, keepdims=True)

    model = tiny(lambda x: Backwards()(layers.LSTM(4, return_sequences=True)(x)))
    sound = song(WINDOW + 130)
    want = (
        in_one_piece(model, sound[:WINDOW]).mean(axis=0),
        FeatureExtractor(model, "predictions", pool=None)(sound, RATE),
    )
    np.testing.assert_allclose(want[1][0], want[0], atol=TOLERANCE)
    hear = Continued(model)
    hear(sound[None, :WINDOW])
    np.testing.assert_allclose(
        want[1][1], hear(sound[None, WINDOW:])[0], atol=TOLERANCE
    )


def test_a_long_file_that_is_decoded_in_blocks(model, tmp_path, monkeypatch):
    monkeypatch.setattr(windowed, "WHOLE_SECONDS", 1)
    long = song(31 * RATE)  # more than one block of 30 s
    path = tmp_path / "long.wav"
    soundfile.write(path, long, RATE, subtype="FLOAT")
    scores, times = frame_scores(model, path)
    np.testing.assert_allclose(scores, in_one_piece(model, long), atol=TOLERANCE)
    assert times[-1] == 31
    np.testing.assert_allclose(
        FeatureExtractor(model, "predictions")(path), scores.mean(axis=0), atol=1e-5
    )


def test_windows_of_several_clips_may_be_mixed(model, sound):
    clips = {"one": sound[: 4 * STEP], "other": sound[STEP : 5 * STEP]}
    hear = Hearing(framewise(model))
    order = ["one", "other", "other", "one", "one", "other", "one", "other"]
    place = dict.fromkeys(clips, 0)
    windows = []
    for name in order:
        windows.append(clips[name][place[name] : place[name] + STEP])
        place[name] += STEP

    first = hear(np.stack(windows[:3]), order[:3])
    scores = np.concatenate([first, hear(np.stack(windows[3:]), order[3:])])

    for name, clip in clips.items():
        own = np.concatenate([scores[i] for i, n in enumerate(order) if n == name])
        np.testing.assert_allclose(own, in_one_piece(model, clip), atol=TOLERANCE)
    hear.forget("one")
    again = hear(clips["one"][None, :STEP], ["one"])[0]
    np.testing.assert_allclose(again, scores[0], atol=TOLERANCE)


def test_new_weights_are_heard_at_once(sound):
    model = tiny(twice)
    before = np.array([score for _, score in sorted(model.tag(sound, RATE))])
    model.set_weights([weight * 0.5 for weight in model.get_weights()])

    after = np.array([score for _, score in sorted(model.tag(sound, RATE))])

    np.testing.assert_allclose(
        after, in_one_piece(model, sound).mean(axis=0), atol=TOLERANCE
    )
    assert abs(after - before).max() > 1e-3


def test_hearing_leaves_the_layers_as_they_are(model, sound):
    model.tag(sound, RATE)
    assert len(model.get_layer("predictions")._inbound_nodes) == 1
    assert model.get_layer("frame_scores").output.shape == (None, None, 2)


def test_a_copy_and_a_saved_model_have_the_state(model, sound, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.spec.step_samples == STEP
    scores, _ = frame_scores(again, sound, RATE)
    np.testing.assert_allclose(scores, in_one_piece(model, sound), atol=TOLERANCE)
    apart = AudioModel(
        model.input, model.output, spec=model.spec.replace(step_samples=None)
    )
    assert apart.tag(sound, RATE) != model.tag(sound, RATE)


def test_the_step_network_takes_and_gives_the_state(model, sound):
    network = continued(framewise(model))
    state = beginning(network)
    assert [part.shape for part in state] == [(1, 20), (1, 4), (1, 4), (1, 3)]
    scores = []
    for step in sound[: 9 * STEP].reshape(9, 1, STEP):
        output, *state = network.predict_on_batch([step, *state])
        scores.append(np.asarray(output)[0, 0])
    want = in_one_piece(model, sound[: 9 * STEP])
    np.testing.assert_allclose(scores, want, atol=TOLERANCE)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Bidirectional(layers.GRU(3, return_sequences=True)),
        layers.GRU(3, return_sequences=True, go_backwards=True),
        layers.RNN(layers.GRUCell(3), return_sequences=True),
    ],
    ids=["both ways", "backwards", "unknown"],
)
def test_layers_without_such_a_state_are_refused(layer, sound):
    with pytest.raises(ValueError, match="no state that could go on"):
        tiny(layer).tag(sound, RATE)


@pytest.mark.parametrize(
    "fields",
    [
        {"window_samples": WINDOW + 1},
        {"hop_samples": STEP},
        {"whole_samples": 2 * WINDOW},
        {"windows_per_clip": 4},
    ],
)
def test_windows_that_cannot_share_a_state_are_refused(model, fields):
    with pytest.raises(ValueError, match="side by side"):
        model.spec.replace(**fields)
    model.spec.replace(step_samples=None, **fields)


def test_training_hears_windows_on_their_own(model, sound, tmp_path):
    clips = files(tmp_path, sound)
    batches = clips.batches(model, 1, clip_seconds=0.123)
    assert batches[0][0].shape == (1, 984)
    tuned = AudioModel.from_config(model.get_config())
    tuned.compile("sgd", "sparse_categorical_crossentropy")
    tuned.fit(batches, verbose=0)
    trained = kerasaudio.training.train(
        tuned, clips, clips, tmp_path / "trained.keras", schedule=ONE_EPOCH
    )
    assert trained.model.spec.window_samples == WINDOW
