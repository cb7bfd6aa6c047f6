"""What every augmentation promises."""

import json

import keras
import numpy as np
import pytest

from kerasaudio import layers
from kerasaudio.layers.base import FeatureLayer
from support.augmented import train
from support.front_ends import relative_error
from support.numpy_numbers import as_numpy, numeric

SAMPLES, BINS = 600, 12
SOUNDS = [np.hanning(90), -np.hanning(41) * 0.5]
ON_FEATURES = ("vtlp", "vtlp_mel", "time_mask", "frequency_mask", "spec_augment")
AUGMENTATIONS = {
    "shift_roll": lambda **k: layers.TimeShift(90, **k),
    "shift_pad": lambda **k: layers.TimeShift(90, mode="pad", **k),
    "crop": lambda **k: layers.RandomCrop(500, **k),
    "white_noise": lambda **k: layers.Noise((0, 20), **k),
    "noises": lambda **k: layers.Noise((0, 20), noises=SOUNDS, **k),
    "volume": lambda **k: layers.Volume((-20, 6), **k),
    "convolution": lambda **k: layers.Convolution(SOUNDS, (0.2, 0.9), **k),
    "convolution_level": lambda **k: layers.Convolution(
        SOUNDS, (0, 1), keep_level=True, **k
    ),
    "lowpass": lambda **k: layers.Filter(16000, "lowpass", **k),
    "highpass": lambda **k: layers.Filter(16000, "highpass", q=(0.5, 2), **k),
    "peaking": lambda **k: layers.Filter(16000, **k),
    "vtlp": lambda **k: layers.VTLP(16000, (0.8, 1.2), **k),
    "vtlp_mel": lambda **k: layers.VTLP(16000, scale="mel", fmin=50, **k),
    "time_mask": lambda **k: layers.TimeMask(20, count=2, max_share=0.5, **k),
    "frequency_mask": lambda **k: layers.FrequencyMask(6, fill=0.0, **k),
    "spec_augment": lambda **k: layers.SpecAugment(
        time_width=9, frequency_width=4, **k
    ),
    "mixup": lambda **k: layers.Mixup(1.0, **k),
}


@pytest.fixture(params=sorted(AUGMENTATIONS))
def make(request):
    return AUGMENTATIONS[request.param]


def example(layer, clips=4, length=SAMPLES, seed=0):
    """A batch of what the layer takes."""
    rng = np.random.default_rng(seed)
    if isinstance(layer, FeatureLayer):
        return rng.exponential(1.0, (clips, length // 10, BINS)).astype("float32")
    x = rng.normal(0, 0.1, (clips, length)).astype("float32")
    if isinstance(layer, layers.Mixup):
        return x, np.eye(clips, 3, dtype="float32")
    return x


def first(outputs):
    return outputs[0] if isinstance(outputs, tuple) else outputs


def scaled(inputs, factors):
    if isinstance(inputs, tuple):
        return scaled(inputs[0], factors), inputs[1]
    return inputs * np.reshape(factors, (-1,) + (1,) * (inputs.ndim - 1)).astype("f")


def same(layer, one, two, tolerance=0.0):
    for a, b in zip(keras.tree.flatten(one), keras.tree.flatten(two), strict=True):
        assert relative_error(keras.ops.convert_to_numpy(a), b) <= tolerance


def test_every_augmentation_is_tested():
    tested = {type(make()) for make in AUGMENTATIONS.values()}
    assert tested == {getattr(layers, name) for name in layers.augment.__all__}


def test_inference_changes_nothing(make):
    layer = make(seed=1)
    inputs = example(layer)
    wanted = inputs
    if isinstance(layer, layers.RandomCrop):
        wanted = inputs[:, 50:550]
    for outputs in (layer(inputs), layer(inputs, training=False)):
        same(layer, outputs, wanted)
    assert first(outputs).shape == first_shape(layer, inputs)


def first_shape(layer, inputs):
    shapes = keras.tree.map_structure(lambda x: x.shape, inputs)
    shape = layer.compute_output_shape(shapes)
    return tuple(shape[0] if isinstance(inputs, tuple) else shape)


def test_training_changes_clips_and_the_seed_repeats_it(make):
    layer, twin, other = make(seed=3), make(seed=3), make(seed=4)
    inputs = example(layer)
    once, again = train(layer, inputs), train(layer, inputs)
    assert np.isfinite(first(once)).all()
    assert first(once).shape == first_shape(layer, inputs)
    assert first(once).dtype == np.float32
    assert not np.array_equal(first(once), first(again))
    same(layer, once, train(twin, inputs))
    same(layer, again, train(twin, inputs))
    assert not np.array_equal(first(once), first(train(other, inputs)))


def test_clips_of_a_batch_are_changed_differently_and_apart(make):
    if isinstance(make(), layers.Mixup):
        pytest.skip("mixup is where clips meet")
    inputs = example(make())
    alike = np.repeat(inputs[:1], 4, axis=0)
    changed = train(make(seed=5), alike)
    assert len(np.unique(changed.reshape(4, -1), axis=0)) > 1
    before = train(make(seed=6), inputs)
    after = train(make(seed=6), scaled(inputs, [1, 1000, 1e-3, 1]))
    for clip in (0, 3):
        assert relative_error(after[clip], before[clip]) <= 1e-6


def test_probability_spares_clips(make):
    layer = make(seed=2, probability=0.5)
    inputs = example(layer, clips=40)
    spared = keras.ops.convert_to_numpy(first(layer(inputs)))
    got = first(train(layer, inputs))
    unchanged = np.array(
        [np.array_equal(*pair) for pair in zip(got, spared, strict=True)]
    )
    # A mask may be of width 0, and a shift by 0.
    assert 8 <= unchanged.sum() <= 34
    never = make(probability=0)
    same(never, first(train(never, inputs)), spared)


def test_half_precision_is_computed_in_float32(make):
    layer = make(seed=2, dtype="mixed_float16")
    inputs = keras.tree.map_structure(lambda x: x.astype("float16"), example(layer))
    wide = keras.tree.map_structure(lambda x: x.astype("float32"), inputs)
    got, wanted = first(train(layer, inputs)), first(train(make(seed=2), wide))
    assert layer.compute_dtype == "float32"
    assert relative_error(got, wanted) <= 1e-6


def test_config_and_file_round_trip(make, tmp_path):
    layer = make(seed=7, probability=0.9, name="augment")
    batch = example(layer)
    copy = type(layer).from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    inputs = keras.tree.map_structure(lambda x: keras.Input(x.shape[1:]), batch)
    keras.Model(inputs, layer(inputs)).save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    loaded = model.get_layer("augment")
    assert model.weights == []
    assert loaded.get_config() == layer.get_config()
    same(loaded, train(loaded, batch), train(copy, batch), 1e-6)


class Cost(keras.layers.Layer):
    """Put the squared error on the model, as Mixup's labels come out of it."""

    def call(self, scores, targets):
        self.add_loss(keras.ops.mean(keras.ops.square(targets - scores)))
        return scores


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_all_of_them_in_one_fit(jit):
    if jit == {"jax": False, "torch": True}.get(keras.backend.backend()):
        pytest.skip("jax is always compiled, torch is not by default")
    waveform, targets = keras.Input((None,)), keras.Input((3,))
    spare = {"seed": 1, "probability": 0.9}
    x, y = AUGMENTATIONS["mixup"](**spare)((waveform, targets))
    for name in sorted(AUGMENTATIONS.keys() - {"mixup", *ON_FEATURES}):
        x = AUGMENTATIONS[name](**spare)(x)
    x = layers.Spectrogram(64, 32)(x)
    for name in ON_FEATURES:
        x = AUGMENTATIONS[name](**spare)(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    scores = keras.layers.Dense(3, name="scores")(x)
    model = keras.Model((waveform, targets), Cost()(scores, y))
    model.compile("sgd", jit_compile=jit)
    before = model.get_layer("scores").get_weights()[0]
    batch = example(layers.Mixup(), clips=5)
    history = model.fit(batch, batch_size=3, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert not np.array_equal(before, model.get_layer("scores").get_weights()[0])
    once = model.predict_on_batch(batch)
    np.testing.assert_array_equal(once, model.predict_on_batch(batch))


def test_a_graph_of_unknown_shape_on_tensorflow(make):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("jax and torch always know the shape")
    import tensorflow as tf

    layer, twin = make(seed=1), make(seed=1)
    batch = example(layer)
    shapes = keras.tree.map_structure(
        lambda x: tf.TensorSpec(
            (None,) * (x.ndim - 1) + ((None,) if x.shape[-1] > BINS else x.shape[-1:])
        ),
        batch,
    )
    graph = tf.function(lambda x: layer(x, training=True), input_signature=[shapes])
    for length in (SAMPLES, 5 * SAMPLES + 7):
        batch = example(layer, 2, length)
        same(layer, graph(batch), train(twin, batch), 1e-5)


def test_numpys_numbers_are_numbers_and_truth_is_none(make):
    config = make().get_config()
    again = type(make()).from_config(as_numpy(config))
    assert json.dumps(again.get_config()) == json.dumps(config)
    for name in numeric(config):
        with pytest.raises(ValueError, match=f"{name}`? must be.*True"):
            type(again)(**config | {name: True})


@pytest.mark.parametrize("dtype", ["int16", "bool"])
def test_integers_and_other_ranks_are_refused(make, dtype):
    layer = make()
    x = example(layer)
    x, wrap = (x[0], lambda z: (z, x[1])) if isinstance(x, tuple) else (x, lambda z: z)
    with pytest.raises(ValueError, match=f"divide by 32768.*{dtype}"):
        layer(wrap(x.astype(dtype)), training=True)
    with pytest.raises(ValueError, match=r"takes \(batch, .*Received"):
        layer(wrap(x[:, 0] if x.ndim == 2 else x[0]), training=True)


@pytest.mark.parametrize(
    "bad", [{"probability": 1.1}, {"probability": "1"}, {"seed": -1}, {"seed": 0.5}]
)
def test_bad_shared_arguments(make, bad):
    name = next(iter(bad))
    with pytest.raises(ValueError, match=rf"{name} must be .*Received"):
        make(**bad)
    with pytest.raises(ValueError, match=r"computes in float32"):
        make(dtype="float64")
