"""dtype= of tag, embed and FeatureExtractor: the same variables, near results."""

import json
import re
import warnings

import keras
import numpy as np
import pytest
from keras import ops

import kerasaudio
from kerasaudio import FeatureExtractor, load_features
from kerasaudio.cli import main
from kerasaudio.core import half_precision
from kerasaudio.core.blocks import band_mean
from kerasaudio.core.half_precision import LARGEST_MOVE, in_half, largest_move
from support.command import CHECKOUT
from support.policies import under
from support.tiny import RATE, tiny_model

pytestmark = pytest.mark.filterwarnings("ignore:Nobody has measured:UserWarning")
NEAR = {"bfloat16": 0.03, "float16": 4e-3}


@pytest.fixture(scope="module")
def sound():
    return np.random.default_rng(0).normal(0, 0.1, 10_000).astype("float32")


@pytest.fixture(scope="module")
def model():
    return tiny_model()


def dtypes(network):
    return {layer.name: layer.compute_dtype for layer in network.layers}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_results_are_near_and_float32(model, sound, dtype):
    exact, half = model.embed(sound, RATE), model.embed(sound, RATE, dtype=dtype)

    assert half.dtype == np.float32
    near = np.abs(half - exact).max() / np.abs(exact).max()
    assert 1e-6 < near < NEAR[dtype]  # it was computed otherwise
    best = model.tag(sound, RATE)
    found = dict(model.tag(sound, RATE, dtype=dtype))
    for label, score in best:
        assert found[label] == pytest.approx(score, abs=NEAR[dtype])


def test_front_end_and_head_stay_in_float32(model):
    known = dtypes(in_half(model, "bfloat16"))
    assert known["frontend"] == known["predictions"] == "float32"
    assert known["level1"] == known["embedding"] == "bfloat16"
    assert set(dtypes(model).values()) == {"float32"}


def test_layers_that_the_factory_wants_in_float32_stay():
    network = in_half(kerasaudio.BarkNet(filters=4, clip_samples=1_600), "float16")
    kinds = keras.layers.Conv1D, keras.layers.Conv2D
    convolutions = [x for x in network.layers if isinstance(x, kinds)]
    assert {layer.compute_dtype for layer in convolutions} == {"float32"}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_bands_are_averaged_in_float32(dtype):
    x = np.random.default_rng(0).normal(-3, 0.3, (2, 5, 96, 1)).astype("float32")
    with under(f"mixed_{dtype}"):
        bands = keras.Input(x.shape[1:], dtype=dtype)
        mean = keras.Model(bands, band_mean(bands))
    x = ops.cast(x, dtype)
    exact = ops.convert_to_numpy(ops.cast(x, "float32")).mean(axis=2)
    np.testing.assert_allclose(ops.convert_to_numpy(mean(x)), exact, rtol=1e-5)


def test_variables_are_those_of_the_model(sound):
    model = tiny_model()
    before = model.embed(sound, RATE, dtype="float16")
    network = in_half(model, "float16")
    own = {id(variable) for variable in model.variables}
    assert {id(variable) for variable in network.variables} == own

    model.set_weights([0.5 * weight for weight in model.get_weights()])
    after = model.embed(sound, RATE, dtype="float16")
    near = np.abs(after - model.embed(sound, RATE)).max()
    assert near < np.abs(after - before).max() / 50
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(np.ones((2, 4_000), "float32"), np.array([0, 1]), verbose=0)
    trained = model.embed(sound, RATE, dtype="float16")
    assert np.abs(trained - model.embed(sound, RATE)).max() < 0.01
    assert in_half(model, "float16") is network


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_nested_layers_and_attention(dtype):
    model = kerasaudio.AST(
        hidden_size=32, num_layers=2, num_heads=4, intermediate_size=64, max_length=64
    )
    rate = model.spec.sample_rate
    sound = np.random.default_rng(1).normal(0, 0.1, rate).astype("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact = model.embed(sound, rate)
        half = model.embed(sound, rate, dtype=dtype)
    assert 1e-6 < np.abs(half - exact).max() / np.abs(exact).max() < NEAR[dtype]


def test_state_goes_on(sound):
    model = kerasaudio.SileroVAD("16k")
    found = dict(model.tag(sound, 16_000, dtype="bfloat16"))["speech"]
    assert found == pytest.approx(dict(model.tag(sound, 16_000))["speech"], abs=0.01)


def test_stored_features_do_not_mix(model, tmp_path):
    import soundfile

    noise = np.random.default_rng(2).normal(0, 0.1, RATE)
    soundfile.write(tmp_path / "one.wav", noise, RATE)
    made = {
        dtype: FeatureExtractor(model, dtype=dtype, cache=tmp_path / "cache")
        for dtype in (None, "bfloat16", "float16")
    }
    assert len({each.origin["fingerprint"] for each in made.values()}) == 3
    assert "dtype" not in made[None].origin  # vectors computed before are found

    for dtype, extractor in made.items():
        out = tmp_path / f"{dtype}.npz"
        assert extractor.write(tmp_path / "one.wav", out).computed == 1
        stored = load_features(out)
        assert stored.origin.get("dtype") == dtype
        assert stored.vectors.dtype == np.float32
    with pytest.raises(FileExistsError):
        made["float16"].write(tmp_path / "one.wav", tmp_path / "None.npz")


def test_the_commands_take_it(tmp_path, capsys):
    import soundfile

    noise = np.random.default_rng(3).normal(0, 0.1, RATE)
    soundfile.write(tmp_path / "one.wav", noise, RATE)
    words = [str(tmp_path / "one.wav"), "--model", "LeNetMFCC/fsdd", "--json"]

    def said(*more):
        assert main([*more, *words]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    model = kerasaudio.load("LeNetMFCC/fsdd")
    noise, _ = soundfile.read(tmp_path / "one.wav", dtype="float32")
    vector = said("embed", "--dtype", "float16")["vector"]
    assert vector == model.embed(noise, RATE, dtype="float16").tolist()
    assert vector != said("embed")["vector"]
    (best, *_) = said("tag", "--dtype", "float16")["tags"]
    (label, score), *_ = model.tag(noise, RATE, dtype="float16")
    assert (best["label"], best["score"]) == (label, pytest.approx(score, abs=1e-6))


@pytest.mark.parametrize("dtype", ["float32", "half", 16, np.float16, ""])
def test_other_dtypes_are_refused(model, sound, dtype):
    refused = pytest.raises(
        ValueError, match="dtype must be 'bfloat16', 'float16' or None"
    )
    with refused:
        model.embed(sound, RATE, dtype=dtype)
    with refused:
        model.tag(sound, RATE, dtype=dtype)
    with refused:
        FeatureExtractor(model, dtype=dtype)


@pytest.mark.filterwarnings("default:Nobody has measured:UserWarning")
def test_a_network_that_was_not_measured_says_so_once(sound):
    model = tiny_model()
    with pytest.warns(UserWarning, match="Nobody has measured by how much tiny moves"):
        model.embed(sound, RATE, dtype="float16")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.tag(sound, RATE, dtype="float16")


def test_the_measured_movement_decides_about_a_warning(model, monkeypatch):
    moved = {"jax": {"bfloat16": 0.03, "float16": 1e-4}}
    moved["torch"] = {"bfloat16": 0.02, "float16": 2e-4}
    known = {"MusiCNN/mtat": {"moved": moved}}
    monkeypatch.setattr(half_precision, "_measured", lambda: known)
    assert largest_move("MusiCNN/mtat", "bfloat16") == 0.03
    assert largest_move("MusiCNN/mtat", "float16") == 2e-4
    assert largest_move("YAMNet/audioset", "float16") is None

    with pytest.warns(UserWarning, match=r"MusiCNN/mtat moved by up to 0\.03, more"):
        in_half(kerasaudio.MusiCNN(weights="mtat"), "bfloat16")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        in_half(kerasaudio.MusiCNN(weights="mtat"), "float16")


def test_a_layer_that_cannot_be_rebuilt_is_named():
    class Scale(keras.layers.Layer):
        def __init__(self, function, **kwargs):
            super().__init__(**kwargs)
            self.function = function

        def call(self, x):
            return self.function(x)

    made = tiny_model()
    x = Scale(lambda x: 2 * x, name="twice")(made.get_layer("level2").output)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dense(6, name="embedding2")(x)
    scores = keras.layers.Dense(3, "softmax", name="predictions2")(x)
    own = kerasaudio.AudioModel(made.input, scores, spec=made.spec)
    with pytest.raises(ValueError, match="layer 'twice' cannot be rebuilt"):
        in_half(own, "float16")


def test_the_page_is_made_of_what_is_kept():
    text = (CHECKOUT / "docs/results/half-precision.md").read_text(encoding="utf-8")
    kept = json.loads(half_precision.MEASURED.read_text(encoding="utf-8"))["networks"]
    lines = [line.split("|")[1:-1] for line in text.splitlines() if "|" in line]
    rows = {cells[0].strip(): cells[2:] for cells in lines if "/" in cells[0]}
    assert rows.keys() == kept.keys()
    for name, cells in rows.items():
        for dtype, three in (("bfloat16", cells[:3]), ("float16", cells[3:])):
            said = [float(n) for n in re.findall(r"\d\.\de[+-]\d+", " ".join(three))]
            most = largest_move(name, dtype)
            assert max(said) == pytest.approx(most, rel=0.06)
            assert ("**" in " ".join(three)) == (most > LARGEST_MOVE)
