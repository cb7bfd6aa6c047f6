"""tag, embed and decode: paths, arrays, lists; any length and rate; bad input."""

import keras
import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio.core import AudioModel

RATE = 16_000


@pytest.fixture(scope="module")
def model():
    return kerasaudio.MusiCNN(weights="mtat")


@pytest.fixture(scope="module")
def song():
    """Seven seconds of a chord with a beat."""
    time = np.arange(7 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * f * time) for f in (220, 277, 330)) / 6
    return (chord * np.exp(-4 * (time % 0.5))).astype("float32")


@pytest.fixture(scope="module")
def file(song, tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds") / "ein Lied.wav"
    soundfile.write(path, song, RATE, subtype="FLOAT")
    return path


def test_tag_averages_the_scores_of_the_windows(model, song):
    cut = model.spec.rule.cut(song)
    windows = np.stack([window.samples for window in cut])
    mean = model.predict(windows, verbose=0).mean(axis=0)

    tags = model.tag(song, RATE, top=50)

    assert len(windows) == 2  # what fills no patch is left out, as upstream does
    assert [score for _, score in tags] == sorted(mean, reverse=True)[:50] or (
        np.allclose([score for _, score in tags], sorted(mean, reverse=True), atol=1e-6)
    )
    assert tags[0][0] == model.spec.labels[mean.argmax()]


def test_tag_takes_a_path_an_array_or_a_list(model, song, file):
    of_array = model.tag(song, RATE)

    assert len(of_array) == 5
    assert model.tag(file) == of_array
    assert model.tag(str(file)) == of_array
    assert model.tag([song, song], RATE) == [of_array, of_array]
    assert model.tag([file]) == [of_array]
    with pytest.raises(ValueError, match="sample_rate"):
        model.tag([song, file])


def test_other_rates_are_resampled(model, song):
    doubled = kerasaudio.resample(song, RATE, 44_100)

    best, score = model.tag(doubled, 44_100)[0]

    assert best == model.tag(song, RATE)[0][0]
    assert score == pytest.approx(model.tag(song, RATE)[0][1], abs=0.05)


def test_embed_gives_the_mean_of_the_embedding_layer(model, song, file):
    probe = keras.Model(model.input, model.get_layer("embedding").output)
    windows = np.stack([window.samples for window in model.spec.rule.cut(song)])

    vector = model.embed(song, RATE)

    assert vector.shape == (200,)
    assert vector.dtype == np.float32
    np.testing.assert_allclose(
        vector, probe.predict(windows, verbose=0).mean(axis=0), atol=1e-4
    )
    np.testing.assert_array_equal(model.embed(file), vector)
    assert model.embed([file, file]).shape == (2, 200)


def test_short_audio_is_filled_up(model, song):
    tags = model.tag(song[:RATE], RATE)

    assert len(tags) == 5


def test_labels_agree_with_a_real_sound_source(model):
    # A sine with harmonics of a plucked string is no drum and no voice.
    time = np.arange(3 * RATE) / RATE
    pluck = sum(
        np.sin(2 * np.pi * 196 * k * time) * np.exp(-3 * k * (time % 1)) / k
        for k in range(1, 12)
    )
    tags = dict(model.tag((0.3 * pluck).astype("float32"), RATE, top=50))

    assert tags["guitar"] > 3 * tags["choir"]


@pytest.mark.parametrize(
    ("audio", "arguments", "error", "message"),
    [
        (np.zeros(RATE), {}, ValueError, "sample_rate"),
        (np.zeros(RATE), {"sample_rate": 0}, ValueError, "rate"),
        (np.zeros(RATE), {"sample_rate": "16k"}, ValueError, "rate"),
        (np.zeros(RATE), {"sample_rate": 16}, ValueError, "^sample_rate.*from 1000"),
        (np.zeros((2, RATE)), {"sample_rate": RATE}, ValueError, "channels"),
        (np.zeros((RATE, 2)), {"sample_rate": RATE}, ValueError, "channels"),
        (np.zeros(RATE, "int16"), {"sample_rate": RATE}, ValueError, "int16"),
        (np.full(RATE, np.nan), {"sample_rate": RATE}, ValueError, "finite"),
        (np.zeros(0), {"sample_rate": RATE}, ValueError, "samples"),
        (np.zeros(1), {"sample_rate": RATE}, ValueError, "too short"),
        (np.full(RATE, 20000.0), {"sample_rate": RATE}, ValueError, "full scale"),
        ([], {}, ValueError, "empty"),
        ("no such file.wav", {}, OSError, "no such file"),
        (np.zeros(RATE), {"sample_rate": RATE, "top": 0}, ValueError, "top"),
        (np.zeros(RATE), {"sample_rate": RATE, "top": 51}, ValueError, "top"),
        (np.zeros(RATE), {"sample_rate": RATE, "top": 2.5}, ValueError, "top"),
    ],
)
def test_unusable_audio_is_refused(model, audio, arguments, error, message):
    with pytest.raises(error, match=message):
        model.tag(audio, **arguments)


def test_a_file_knows_its_own_rate(model, file):
    with pytest.raises(ValueError, match="contains its own sample rate"):
        model.tag(file, sample_rate=RATE)


def test_decode_pairs_scores_with_labels(model):
    scores = np.zeros((2, 50), "float32")
    scores[0, 3] = scores[1, 7] = 0.5

    decoded = model.decode(scores, top=2)

    assert decoded[0][0] == (model.spec.labels[3], 0.5)
    assert decoded[1][0] == (model.spec.labels[7], 0.5)
    assert [len(tags) for tags in decoded] == [2, 2]
    for wrong in (scores[0], scores[:, :3], [[]]):
        with pytest.raises(ValueError, match="shape"):
            model.decode(wrong)


def test_a_model_built_by_hand_says_that_it_has_no_spec():
    x = keras.Input((100,), name="waveform")

    model = AudioModel(x, keras.layers.Dense(1)(x))

    with pytest.raises(ValueError, match="factory"):
        model.tag(np.zeros(100), 16_000)


def test_saving_keeps_the_spec(model, song, tmp_path):
    model.save(tmp_path / "model.keras")

    again = keras.saving.load_model(tmp_path / "model.keras")

    assert again.spec == model.spec
    assert again.tag(song, RATE) == model.tag(song, RATE)


def test_a_long_file_gives_the_same_as_its_array(model, tmp_path):
    long = np.random.default_rng(3).normal(0, 0.1, 70 * RATE).astype("float32")
    soundfile.write(tmp_path / "long.wav", long, RATE, subtype="FLOAT")

    tags = model.tag(tmp_path / "long.wav", top=3)

    assert [label for label, _ in tags] == [
        label for label, _ in model.tag(long, RATE, top=3)
    ]
    np.testing.assert_allclose(
        model.embed(tmp_path / "long.wav"), model.embed(long, RATE), atol=1e-5
    )


def test_short_sounds_are_repeated_where_that_was_asked_for(song):
    model = kerasaudio.EfficientAT(width=0.1, labels=["a", "b", "c"])
    rate = model.spec.sample_rate
    short = song[: rate // 2]
    near = model.with_windows(repeat_to_seconds=2)
    want = model.embed(np.resize(short, 2 * rate), rate)
    np.testing.assert_allclose(near.embed(short, rate), want, rtol=1e-5)
    assert not np.allclose(model.embed(short, rate), want, rtol=1e-3)
    long = np.resize(song, 3 * rate)
    want = model.embed(long, rate)  # by another program on jax
    np.testing.assert_allclose(near.embed(long, rate), want, rtol=1e-4)
    with pytest.raises(ValueError, match=r"at most 30.*Received: 31"):
        model.with_windows(repeat_to_seconds=31)
    with pytest.raises(ValueError, match="repeat_to_seconds must be a number above 0"):
        model.with_windows(repeat_to_seconds=0)


def test_other_windows(model, song):
    often = model.with_windows(hop_seconds=1.0)
    assert often.get_layer("embedding") is model.get_layer("embedding")
    heard = kerasaudio.FeatureExtractor(model, hop_seconds=1.0)
    np.testing.assert_array_equal(often.embed(song, RATE), heard(song, RATE))
    with pytest.raises(ValueError, match=r"MusiCNN takes exactly 2\.992 s"):
        model.with_windows(window_seconds=2)


def test_windows_longer_than_the_network_hears_are_refused(song):
    model = kerasaudio.AST(
        hidden_size=8, num_layers=1, num_heads=1, intermediate_size=8, classes=2
    )
    with pytest.raises(ValueError, match=r"AST takes from 0\.025 s to 10\.255 s"):
        model.with_windows(window_seconds=20)
    with pytest.raises(ValueError, match=r"to 10\.255 s. Received: window_seconds=11"):
        kerasaudio.FeatureExtractor(model, window_seconds=11)
    with pytest.raises(ValueError, match=r"to 10\.255 s.*: input_sec"):
        kerasaudio.export(model, "long.onnx", input_seconds=10.26)
    assert model.with_windows(window_seconds=2).spec.window_seconds == 2


def test_windows_that_no_memory_holds_are_refused():
    model = kerasaudio.EfficientAT(width=0.1, classes=2)
    with pytest.raises(ValueError, match="A window would have 3,200,000,000 samples"):
        model.with_windows(window_seconds=100_000)


def test_networks_of_few_classes_give_all_their_tags(song):
    model = kerasaudio.LeNetMFCC(filters=2, labels=["a", "b", "c"])
    tags = model.tag(song, RATE)
    assert sorted(label for label, _ in tags) == ["a", "b", "c"]
    assert model.decode(np.arange(3.0)[None]) == [[("c", 2), ("b", 1), ("a", 0)]]
    stream = kerasaudio.Stream(model)
    (heard, *_) = stream.push(song, RATE)
    assert len(stream.tags(heard)) == 3
