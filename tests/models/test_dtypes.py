"""Whatever the dtype policy, a network hears the same and says nearly the same."""

import contextlib

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.models import FACTORIES
from support.small import small

NAMES = sorted(FACTORIES)
POLICIES = ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64"]
RAW = {"BarkNet", "ReSE2Multi", "SampleCNN", "SampleCNNSE"}  # they read samples


@contextlib.contextmanager
def under(policy):
    if policy == "float64" and keras.backend.backend() == "jax":
        pytest.skip("jax has float64 only where it is switched on for the process")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build(name):
    return FACTORIES[name](**small(name), classes=3)


def noise(spec):
    samples = spec.clip_samples or max(spec.min_samples, spec.sample_rate // 2)
    noise = np.random.default_rng(0).normal(0, 0.02, (2, samples))
    return noise.astype("float32")


def lively(model):
    """Give weights with which signals neither die away nor grow."""
    rng = np.random.default_rng(0)
    values = []
    for weight in model.weights:
        value = keras.ops.convert_to_numpy(weight)
        if weight.path.endswith("moving_variance"):
            value = np.full(weight.shape, 0.05)
        elif weight.path.endswith("gamma"):
            value = rng.uniform(0.75, 1.25, weight.shape)
        values.append(value.astype("float32"))
    return values


def output(model, waveforms):
    return keras.ops.convert_to_numpy(model(waveforms, training=False))


def heard(model, waveforms):
    frontend = keras.Model(model.input, model.get_layer("frontend").output)
    return output(frontend, waveforms)


@pytest.fixture(scope="module")
def references():
    made = {}

    def make(name):
        if name not in made:
            model = build(name)
            weights = lively(model)
            model.set_weights(weights)
            waveforms = noise(model.spec)
            made[name] = (
                weights,
                waveforms,
                heard(model, waveforms),
                output(model, waveforms),
            )
        return made[name]

    return make


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", NAMES)
def test_front_ends_are_exact_and_scores_are_close(references, name, policy):
    weights, waveforms, frontend, scores = references(name)

    with under(policy):
        model = build(name)
        model.set_weights(weights)
        found = output(model, waveforms)
        hears = heard(model, waveforms)

    assert found.dtype == hears.dtype == np.float32
    np.testing.assert_allclose(hears, frontend, rtol=1e-5, atol=1e-5)
    near = 1e-4 if policy == "float64" else 0.02 if "bfloat" not in policy else 0.1
    np.testing.assert_allclose(found, scores, atol=near)


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
