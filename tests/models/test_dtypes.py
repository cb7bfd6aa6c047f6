"""Whatever the dtype policy, a network hears the same and says nearly the same."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.models import FACTORIES
from support.chosen import KINDS, chosen
from support.policies import under
from support.small import small

# Many convolutions of random weights differ by chance in half precision. Of those left
# out, the layers are those of CNN6, and of YAMNet, which has trained weights.
LIKE_OTHERS = {
    *("CNN10", "CNN14", "CNN14DecisionLevelAtt", "CNN14DecisionLevelMax"),
    *("PANNsMobileNetV1", "PANNsMobileNetV2", "PANNsResNet"),
}
NAMES = chosen(FACTORIES.keys() - LIKE_OTHERS)
# One policy for all networks; jax compiles each of the others for up to a minute.
CASES = [(name, "mixed_float16") for name in NAMES]
if keras.backend.backend() != "jax":
    others = ("mixed_bfloat16", "float16", "bfloat16", "float64")
    CASES += [(name, policy) for name in sorted(KINDS) for policy in others]
RAW = {"BarkNet", "ReSE2Multi", "SampleCNN", "SampleCNNSE"}  # they read samples


def build(name):
    # 27 convolutions of random weights differ by chance in half precision.
    if name == "YAMNet":
        return kerasaudio.YAMNet(weights="audioset")
    return FACTORIES[name](**small(name), classes=3)


def sounds(spec, clips=8):
    """Noises and tones, from low to high and soft to loud."""
    samples = spec.clip_samples or max(spec.min_samples, spec.sample_rate // 2)
    rng = np.random.default_rng(0)
    share = np.linspace(0, 1, clips)[:, None]
    hertz = 100 * 30 ** rng.permutation(share)
    tones = np.sin(2 * np.pi * hertz * np.arange(samples) / spec.sample_rate)
    level = 0.01 * 30 ** rng.permutation(share)
    noise = rng.normal(0, 0.3, (clips, samples))
    return (level * (share * noise + (1 - share) * tones)).astype("float32")


def lively(model, waveforms):
    """Give weights with which signals neither die away nor grow."""
    if model.spec.architecture in {"MelResNet50", "YAMNet"}:
        # One has shortcuts, the other is trained: theirs are so already.
        return model.get_weights()
    normalizations = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in normalizations:
        layer.momentum = 0.0  # its statistics are those of this batch from now on
    if normalizations:
        model(waveforms, training=True)
    return model.get_weights()


def output(model, waveforms):
    return keras.ops.convert_to_numpy(model(waveforms, training=False))


def heard(model, waveforms):
    frontend = keras.Model(model.input, model.get_layer("frontend").output)
    return output(frontend, waveforms)


def check_float32(model):
    """Check the layers that compute so whatever the policy, by their kind."""
    layers = [*behind_the_frontend(model)]
    if isinstance(layers[-1], keras.layers.BatchNormalization):  # it reads decibels
        assert {layer.compute_dtype for layer in layers} == {"float32"}
    for layer in model.layers:
        if "AveragePooling" in type(layer).__name__ and hasattr(layer, "pool_size"):
            # jax adds up in half precision.
            assert np.prod(layer.pool_size) <= 4 or layer.compute_dtype == "float32"


def behind_the_frontend(model):
    """Yield the layers behind the front-end, up to the first one with weights."""
    layer = model.get_layer("frontend")
    while True:
        # Casts of a layer's inputs are recorded, too, though the model has none.
        found = [node.operation for node in layer._outbound_nodes]
        layer = next(one for one in found if one in model.layers)
        yield layer
        if layer.weights:
            return


@pytest.fixture(scope="module")
def references():
    made = {}

    def make(name):
        if name not in made:
            keras.utils.set_random_seed(0)
            model = build(name)
            waveforms = sounds(model.spec)
            weights = lively(model, waveforms)
            made[name] = (
                weights,
                waveforms,
                heard(model, waveforms),
                output(model, waveforms),
            )
        return made[name]

    return make


@pytest.mark.parametrize(("name", "policy"), sorted(CASES))
def test_front_ends_are_exact_and_scores_are_close(references, name, policy):
    weights, waveforms, frontend, scores = references(name)

    with under(policy):
        model = build(name)
        model.set_weights(weights)
        found = output(model, waveforms)
        hears = heard(model, waveforms)

    check_float32(model)
    assert found.dtype == hears.dtype == np.float32
    np.testing.assert_allclose(hears, frontend, rtol=1e-5, atol=1e-5)
    near = 1e-4 if policy == "float64" else 0.2 if "bfloat" in policy else 0.06
    np.testing.assert_allclose(found, scores, atol=near)


@pytest.mark.parametrize("name", chosen(LIKE_OTHERS))
def test_many_convolutions_give_finite_float32_scores(name):
    with under("mixed_bfloat16"):
        model = build(name)
        scores = output(model, sounds(model.spec, 1))

    check_float32(model)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", sorted(RAW))
def test_layers_that_read_samples_compute_in_float32(name):
    with under("mixed_bfloat16"):
        model = build(name)

    stem = next(
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv1D) and layer.kernel.shape[1] == 1
    )
    assert stem.compute_dtype == "float32"
    assert model.get_layer("frontend").compute_dtype == "float32"


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_the_bundled_network_on_samples_is_right_in_half_precision(policy):
    exact = kerasaudio.BarkNet(weights="esc10")
    waveforms = np.random.default_rng(0).normal(0, 0.1, (20, 16_000))
    waveforms = (waveforms * np.linspace(0.1, 3, 20)[:, None]).astype("float32")

    with under(policy):
        half = kerasaudio.BarkNet(weights="esc10")

    # A convolution of 8 channels, width 16, stride 2 is wrong on some CPUs.
    convolutions = [x for x in half.layers if isinstance(x, keras.layers.Conv1D)]
    assert {layer.compute_dtype for layer in convolutions} == {"float32"}
    np.testing.assert_allclose(
        output(half, waveforms), output(exact, waveforms), atol=0.03
    )
