"""FeatureExtractor: vectors equal the network's own, however they are asked for."""

import keras
import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio import FeatureExtractor
from kerasaudio.audio.window_rule import Window
from kerasaudio.features.pool import Pooled
from support.tiny import RATE, tiny_model

TOLERANCE = 1e-5  # batches of different sizes round differently


@pytest.fixture(scope="module")
def sound():
    return np.random.default_rng(0).normal(0, 0.1, 10_000).astype("float32")


def test_one_sound_is_the_mean_of_its_windows(model, sound):
    windows, _ = kerasaudio.windows(sound, 4_000, padding="repeat")
    network = keras.Model(model.input, model.get_layer("embedding").output)
    each = network.predict(windows, verbose=0)
    mean = np.average(each, axis=0, weights=[1, 1, 0.5])  # half of the last is filling

    extractor = FeatureExtractor(model)

    np.testing.assert_allclose(extractor(sound, RATE), mean, atol=TOLERANCE)
    np.testing.assert_allclose(
        FeatureExtractor(model, pool="max")(sound, RATE), each.max(0), atol=TOLERANCE
    )
    np.testing.assert_allclose(
        FeatureExtractor(model, pool=None)(sound, RATE), each, atol=TOLERANCE
    )
    np.testing.assert_allclose(model.embed(sound, RATE), mean, atol=TOLERANCE)


def test_lists(model, sound):
    extractor = FeatureExtractor(model)
    vectors = extractor([sound, sound[:5_000]], RATE)
    assert vectors.shape == (2, 6)
    np.testing.assert_allclose(vectors[0], extractor(sound, RATE), atol=TOLERANCE)
    rows = FeatureExtractor(model, pool=None)([sound, sound[:5_000]], RATE)
    assert [len(r) for r in rows] == [3, 2]


def test_times_of_windows(model, sound):
    found = FeatureExtractor(model, hop_seconds=0.25, pool=None).timeline(sound, RATE)
    assert found.vectors.shape == (4, 6)
    np.testing.assert_allclose(found.starts, [0, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(found.ends, [0.5, 0.75, 1.0, 1.25])
    whole = FeatureExtractor(model).timeline(sound, RATE)
    assert (whole.starts.tolist(), whole.ends.tolist()) == ([0.0], [1.25])


def test_windows_of_another_length_where_the_network_takes_them(sound):
    extractor = FeatureExtractor(
        tiny_model(None), window_seconds=0.3, hop_seconds=0.2, pool=None
    )
    found = extractor.timeline(sound, RATE)
    np.testing.assert_allclose(found.starts, np.arange(6) * 0.2, atol=1e-9)
    np.testing.assert_allclose(found.ends, np.minimum(found.starts + 0.3, 1.25))


def test_short_clips_are_filled_up_to_a_window_that_was_asked_for(sound):
    short = sound[:1_000]
    asked = FeatureExtractor(tiny_model(None), window_seconds=0.3)
    own = FeatureExtractor(tiny_model(None))
    np.testing.assert_allclose(
        asked(short, RATE), own(np.resize(short, 2_400), RATE), atol=TOLERANCE
    )
    assert asked.timeline(short, RATE).ends.tolist() == [0.125]


def test_any_layer_and_several(model, sound):
    first = FeatureExtractor(model, "level1")(sound, RATE)
    scores = FeatureExtractor(model, "predictions")(sound, RATE)
    both = FeatureExtractor(model, ["level1", "predictions"])(sound, RATE)

    assert first.shape == (7,)
    np.testing.assert_allclose(
        scores, [s for _, s in sorted(model.tag(sound, RATE, top=3))], atol=TOLERANCE
    )
    np.testing.assert_allclose(both, np.concatenate([first, scores]), atol=TOLERANCE)


def test_factories_and_names():
    by_name = FeatureExtractor("MusiCNN/mtat")
    by_factory = FeatureExtractor(kerasaudio.MusiCNN)
    assert by_name.origin == by_factory.origin
    assert by_name.origin["model"] == "MusiCNN/mtat"
    assert by_name.width == 200


def test_without_a_top(sound):
    model = kerasaudio.MusiCNN(weights="mtat", include_top=False)
    assert FeatureExtractor(model)(sound, RATE).shape == (200,)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"layer": "nothing"}, "no layer 'nothing'.*embedding"),
        ({"layer": []}, "at least one layer"),
        ({"layer": "waveform", "model": tiny_model(None)}, "no fixed number"),
        ({"pool": "median"}, "pool must be one of.*median"),
        ({"hop_seconds": 0}, "hop_seconds must be a number above 0.*0"),
        ({"hop_seconds": float("nan")}, "hop_seconds must be"),
        ({"window_seconds": 3.0}, "exactly 0.5 s.*window_seconds=3.0"),
        ({"window_seconds": 0.01, "model": tiny_model(None)}, "at least 0.05 s"),
        ({"window_seconds": "1"}, "window_seconds must be"),
        ({"window_seconds": 1e9, "model": tiny_model(None)}, "A window would have 8,0"),
        ({"batch_size": 0}, "batch_size"),
        ({"model": "Musicn"}, "Unknown model"),
        ({"model": keras.Sequential()}, "must be a model of kerasaudio.*Sequential"),
    ],
)
def test_bad_settings(model, arguments, says):
    with pytest.raises(ValueError, match=says):
        FeatureExtractor(**({"model": model} | arguments))


@pytest.mark.parametrize(
    ("audio", "rate", "error"),
    [
        (np.zeros(4_000, "float32"), None, ValueError),
        (np.zeros(4_000, "int16"), RATE, ValueError),
        (np.zeros((2, 4_000), "float32"), RATE, ValueError),
        (np.zeros(10, "float32"), RATE, ValueError),
        ([], RATE, ValueError),
        ("absent.wav", None, OSError),
        ("absent.wav", RATE, ValueError),
    ],
)
def test_bad_sounds(model, audio, rate, error):
    with pytest.raises(error):
        FeatureExtractor(model)(audio, rate)


def test_folder_equals_file_by_file(model, folder, cache):
    extractor = FeatureExtractor(model, cache=cache)
    features = extractor.extract(folder)

    assert [path.name for path in features.paths] == [
        "long.wav", "one.wav", "short.wav", "two.wav", "Zwölf\n'käse'.flac",
        "stereo.wav",
    ]  # fmt: skip
    for path, vector, end in zip(
        features.paths, features.vectors, features.ends, strict=True
    ):
        np.testing.assert_allclose(vector, extractor(path), atol=TOLERANCE)
        info = soundfile.info(path)
        assert end == pytest.approx(info.duration, abs=2 / RATE)
    assert {bad.path.name for bad in features.failed} == {"empty.wav", "text.mp3"}
    assert all(bad.error for bad in features.failed)


def test_folder_by_windows(model, folder, cache):
    extractor = FeatureExtractor(model, pool=None, hop_seconds=0.25, cache=cache)
    features = extractor.extract(folder)
    for path in set(features.paths):
        mine = [i for i, other in enumerate(features.paths) if other == path]
        alone = extractor.timeline(path)
        assert mine == list(range(mine[0], mine[0] + len(mine)))
        np.testing.assert_allclose(features.starts[mine], alone.starts)
        np.testing.assert_allclose(features.ends[mine], alone.ends)
        np.testing.assert_allclose(
            features.vectors[mine], alone.vectors, atol=TOLERANCE
        )
    assert sum(path.name == "long.wav" for path in features.paths) == 169


def test_variable_lengths_in_one_folder(folder, cache):
    extractor = FeatureExtractor(tiny_model(None), cache=cache, batch_size=4)
    features = extractor.extract(folder)
    for path, vector in zip(features.paths, features.vectors, strict=True):
        np.testing.assert_allclose(vector, extractor(path), atol=TOLERANCE)


def test_nothing_usable(model, tmp_path, cache):
    (tmp_path / "empty.wav").touch()
    features = FeatureExtractor(model, cache=cache).extract(tmp_path)
    assert features.vectors.shape == (0, 6)
    assert len(features.failed) == 1


@pytest.mark.parametrize("pool", ["mean", "max", None])
def test_windows_may_come_in_any_order(pool):
    """A batch holds windows of one length, and the last window may have its own."""
    windows = [Window(np.zeros(1), start, 4, 1.0) for start in (0, 4, 8)]
    rows = []
    for order in ((0, 1, 2), (2, 0, 1)):
        pooled = Pooled(pool, sample_rate=2)
        for number in order:
            pooled.add(np.array([number, -number], "float32"), windows[number])
        rows.append(pooled.rows())
    for name in ("vectors", "starts", "ends"):
        assert np.array_equal(*(getattr(one, name) for one in rows))
    assert (rows[1].starts[0], rows[1].ends[-1]) == (0, 6)
