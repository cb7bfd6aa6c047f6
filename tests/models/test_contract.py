"""What every factory promises, whatever the paper."""

import inspect
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state
from kerasaudio.core.windowed import MIN_SECONDS
from kerasaudio.models import FACTORIES
from support.chosen import chosen
from support.small import small

NAMES = sorted(FACTORIES)
LABELS = ["knock", "bark", "nothing"]
REFERRING = {"HuBERT", "SampleCNNSE"}  # to Wav2Vec2 and SampleCNN
OVERLAPPING = {  # classes are independent of each other
    *("CNN14DecisionLevelAtt", "CNN14DecisionLevelMax"),
    *("FireRedAED", "SoundEventCRNN"),
}
# Predictions of all are compared with those of their layers where that takes no time;
# on the other backends, of one that is folded, pooled early, in Winograd's form, with
# attention, and for clips of any length.
COMPILED = ["AST", "CNN10", "DSCNN", "MusicVGG", "SampleCNN"]
if keras.backend.backend() == "torch":
    COMPILED = NAMES


def build(name, **arguments):
    keras.utils.set_random_seed(1)
    return FACTORIES[name](**small(name), **arguments)


def clip_length(spec):
    return spec.clip_samples or max(spec.min_samples, spec.sample_rate // 2)


def noise(spec, batch=2, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(0, 0.02, (batch, clip_length(spec))).astype("float32")


def output(model, waveforms):
    """Run the model without compiling it, which takes XLA longest."""
    return keras.ops.convert_to_numpy(model(waveforms, training=False))


@pytest.fixture(scope="module")
def models():
    made = {}

    def make(name):
        if name not in made:
            made[name] = build(name, labels=LABELS)
        return made[name]

    return make


@pytest.mark.parametrize("name", NAMES)
def test_every_model_has_the_named_layers_and_a_spec(models, name):
    model = models(name)

    for layer in ("waveform", "frontend", "embedding", "predictions"):
        model.get_layer(layer)
    assert isinstance(model, kerasaudio.AudioModel)
    assert model.spec.architecture == name
    assert model.spec.labels == tuple(LABELS)
    fixed = None if model.spec.context_samples else model.spec.clip_samples
    assert model.input_shape == (None, fixed)
    assert model.spec.clip_samples in (None, model.spec.window_samples)
    json.dumps(model.spec.get_config())


@pytest.mark.parametrize("name", COMPILED)
def test_predictions_are_what_the_layers_give(models, name):
    # On TensorFlow, small batches do not convolve in Winograd's form.
    model = models(name)
    clips = noise(model.spec, batch=8 if name == "MusicVGG" else 3)
    before, rng = model.get_weights(), np.random.default_rng(0)
    statistics = ("gamma", "beta", "moving_mean", "moving_variance")
    try:
        for weight in model.weights:
            if weight.name in statistics:
                weight.assign(rng.uniform(0.8, 1.2, weight.shape))
        expected = output(model, clips)
        found = model.predict_on_batch(clips)
    finally:
        model.set_weights(before)
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("name", sorted(set(NAMES) - OVERLAPPING))
def test_own_labels_give_probabilities_that_sum_to_one(models, name):
    model = models(name)

    scores = output(model, noise(model.spec))

    assert scores.shape == (2, 3)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", sorted(OVERLAPPING))
def test_classes_that_overlap_have_probabilities_of_their_own(models, name):
    model = models(name)

    scores = output(model, noise(model.spec))

    assert scores.shape == (2, 3)
    assert scores.dtype == np.float32
    assert ((scores > 0) & (scores < 1)).all()
    assert (abs(scores.sum(axis=1) - 1) > 1e-3).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_does_not_hear_its_neighbor(models, name):
    model = models(name)
    waveforms = noise(model.spec)
    louder = waveforms * np.array([[1], [30]], "float32")

    before = output(model, waveforms)[0]
    after = output(model, louder)[0]

    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_silence_gives_finite_scores(models, name):
    model = models(name)

    assert np.isfinite(output(model, noise(model.spec) * 0)).all()


@pytest.mark.parametrize("name", chosen(NAMES))
def test_without_top_the_embedding_comes_out(name):
    model = build(name, include_top=False)

    vectors = output(model, noise(model.spec))

    assert model.spec.labels is None
    assert model.output_shape == model.get_layer("embedding").output.shape
    assert vectors.shape == (2, model.output_shape[1])
    with pytest.raises(ValueError, match="no labels"):
        model.tag(noise(model.spec)[0], sample_rate=model.spec.sample_rate)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_fit_moves_every_weight(name):
    model = build(name, classes=2)
    # Random weights and few clips: a large step shows which weights are in the graph.
    model.compile(
        keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy", run_eagerly=True
    )
    before = {v.path: np.array(keras.ops.convert_to_numpy(v)) for v in trained(model)}

    model.fit(noise(model.spec, 4), np.array([0, 1, 0, 1]), batch_size=4, verbose=0)

    still = [
        v.path
        for v in trained(model)
        if np.array_equal(before[v.path], keras.ops.convert_to_numpy(v))
    ]
    assert not still


def trained(model):
    """Give trainable weights, less biases that a normalization cancels."""
    return [
        v
        for v in model.trainable_weights
        if not v.path.endswith("bias") or "predictions" in v.path
    ]


@pytest.mark.slow
def test_saved_models_come_back_whole_in_a_fresh_process(models, tmp_path):
    expected = {}
    for name in NAMES:
        model = models(name)
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.npy", noise(model.spec, 1))
        expected[name] = output(model, noise(model.spec, 1))[0].tolist()
    script = """
import json, sys, pathlib, keras, kerasaudio, numpy as np
found = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.keras")):
    model = keras.saving.load_model(path)
    scores = keras.ops.convert_to_numpy(model(np.load(path.with_suffix(".npy"))))
    found[path.stem] = [scores[0].tolist(), model.spec.labels, model.spec.sample_rate]
print(json.dumps(found))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert sorted(found) == NAMES
    for name, (scores, labels, rate) in found.items():
        np.testing.assert_allclose(scores, expected[name], atol=1e-5)
        assert labels == LABELS
        assert rate == models(name).spec.sample_rate


@pytest.mark.parametrize("name", NAMES)
def test_bad_waveforms_are_refused(models, name):
    model = models(name)
    good = noise(model.spec)
    bad = {
        "integers": ((good * 30_000).astype("int16"), "int16"),
        "NaN": (good * np.nan, "finite"),
        "infinity": (np.where(good > 0.02, np.inf, good), "finite"),
        "one clip without batch axis": (good[0], "batch axis"),
        "stereo": (good[..., None], "mono"),
        "swapped axes": (np.ascontiguousarray(good.T), "swapped"),
        "too short": (good[:, :1], "samples"),
        "no clips": (good[:0], "at least one clip with samples"),
        "text": (np.array([["a", "b"]]), "str"),
    }
    for waveforms, message in bad.values():
        with pytest.raises(ValueError, match=message):
            model.predict(waveforms, verbose=0)


@pytest.mark.parametrize("name", NAMES)
def test_integers_are_refused_by_a_direct_call_too(models, name):
    model = models(name)

    with pytest.raises(ValueError, match="int16"):
        model(np.zeros((1, clip_length(model.spec)), "int16"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": "no-such-tag"}, "no-such-tag"),
        ({"classes": 0}, "classes"),
        ({"classes": 2, "labels": ["a", "b", "c"]}, "contradicts"),
        ({"labels": ["a", "a"]}, "different"),
        ({"labels": "abc"}, "list"),
        ({"include_top": False, "classes": 2}, "include_top"),
    ],
)
def test_contradictory_arguments_are_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        FACTORIES[name](**arguments)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_weights_file_is_named(name, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mine\.weights\.h5"):
        FACTORIES[name](weights=tmp_path / "mine.weights.h5")


@pytest.mark.parametrize("name", chosen(NAMES))
def test_a_users_own_weights_load_by_path(models, name, tmp_path):
    model = models(name)
    path = tmp_path / "mine.weights.h5"
    model.save_weights(path)

    again = FACTORIES[name](weights=path, labels=LABELS, **small(name))

    np.testing.assert_array_equal(
        output(again, noise(model.spec)), output(model, noise(model.spec))
    )
    with pytest.raises(ValueError, match="does not fit"):
        FACTORIES[name](weights=path, classes=7, **small(name))


@pytest.mark.parametrize("name", chosen(NAMES))
def test_a_saved_folder_as_weights_keeps_the_trained_head(models, name, tmp_path):
    model = models(name)
    model.save_pretrained(tmp_path)

    again = FACTORIES[name](weights=tmp_path)

    assert again.spec == model.spec
    assert again.spec.labels == tuple(LABELS)
    want, got = model_state(model), model_state(again)
    assert want.keys() == got.keys()
    for key in want:
        np.testing.assert_array_equal(got[key], want[key], err_msg=key)


@pytest.mark.parametrize("name", sorted(set(NAMES) - REFERRING))
def test_docstrings_tell_when_whole_clips_need_more_than_the_network(models, name):
    spec = models(name).spec
    said = "at least 0.05 s" in " ".join(inspect.getdoc(FACTORIES[name]).split())

    assert said == (spec.min_samples < MIN_SECONDS * spec.sample_rate)


@pytest.mark.parametrize("name", NAMES)
def test_docstrings_name_every_argument_the_errors_and_the_source(name):
    doc = inspect.getdoc(FACTORIES[name])

    if name not in REFERRING:
        for argument in inspect.signature(FACTORIES[name]).parameters:
            assert f"{argument}:" in doc
        assert "Raises:" in doc
        assert "Input: float32 in [-1, 1], mono" in doc
    assert "Source:" in doc
