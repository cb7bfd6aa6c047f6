"""What OpenL3 and EdgeL3 refuse, and what their arguments do."""

import numpy as np
import pytest

import kerasaudio
from support.keras2 import write_named

OPEN = {"filters": 2, "embedding_size": 16}
EDGE = {"filters": 2, "embedding_size": 6}


def weights(factory="OpenL3", widths=(2, 4, 8, 16)):
    """Give weights under the names of an original's file."""
    rng = np.random.default_rng(0)
    norms = 9 if factory == "EdgeL3" else 8
    found, before = {}, 1
    for number in range(8):
        width = widths[number // 2]
        name = "audio_embedding_layer" if number == 7 else f"conv2d_{number + 4}"
        found[f"{name}/kernel"] = rng.normal(size=(3, 3, before, width))
        found[f"{name}/bias"] = rng.normal(size=width)
        before = width
    for number in range(norms):
        width = widths[(number - 1) // 2] if number else 1
        for leaf in ("gamma", "beta", "moving_mean", "moving_variance"):
            name = f"batch_normalization_{number + 3}/{leaf}"
            found[name] = rng.uniform(0.5, 1, width)
    return {name: array.astype("float32") for name, array in found.items()}


@pytest.fixture
def write(tmp_path):
    def write(state):
        write_named(tmp_path / "mine.h5", state)
        return tmp_path / "mine.h5"

    return write


def test_files_tell_their_sizes(write):
    model = kerasaudio.OpenL3(write(weights()), embedding_size=16)
    assert model.spec.arguments["filters"] == 2
    assert model.output_shape == (None, 16)
    model = kerasaudio.EdgeL3(write(weights("EdgeL3", (3, 6, 12, 5))))
    assert model.spec.arguments == EDGE | {
        "filters": 3,
        "embedding_size": 5,
        "center": False,
    }
    assert model.output_shape == (None, 5)


def test_the_numbers_of_layers_give_their_order(write):
    state = weights("EdgeL3")
    model = kerasaudio.EdgeL3(write(state))
    for number in (1, 4, 7):
        kernel, _ = model.get_layer(f"conv{number}").get_weights()
        np.testing.assert_array_equal(kernel, state[f"conv2d_{number + 3}/kernel"])
    for number in (0, 8):
        gamma, *_ = model.get_layer(f"bn{number}").get_weights()
        name = f"batch_normalization_{number + 3}/gamma"
        np.testing.assert_array_equal(gamma, state[name])


def without(state, name):
    return {key: value for key, value in state.items() if not key.startswith(name)}


OLD = {"melspectrogram_1/Variable": np.ones((513, 64), "float32")}
PICTURES = {"vision_embedding_layer/bias": np.ones(3, "float32")}


@pytest.mark.parametrize(
    ("factory", "state", "says"),
    [
        ("OpenL3", weights("EdgeL3"), "holds an EdgeL3, not an OpenL3. Give it as"),
        ("EdgeL3", weights("OpenL3"), "holds an OpenL3, not an EdgeL3. Give it as"),
        ("OpenL3", weights() | OLD, "a front-end of its own.* -v0_4_0"),
        ("EdgeL3", weights("EdgeL3") | OLD, "another spectrogram than 64 mel bands"),
        ("OpenL3", PICTURES, "the network of OpenL3 for pictures"),
        ("OpenL3", without(weights(), "audio"), r"lacks|with a layer audio_embedding"),
        ("OpenL3", without(weights(), "conv2d_5"), r"has the layers .*'conv2d': 6"),
        ("EdgeL3", {"dense_1/bias": np.ones(3, "float32")}, "does not hold an EdgeL3"),
    ],
)
def test_files_of_other_networks_are_refused(factory, state, says, write):
    with pytest.raises(ValueError, match=says):
        kerasaudio.FACTORIES[factory](write(state))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"input_repr": "mel64"}, "one of mel256, mel128, linear. Received: 'mel64'"),
        ({"embedding_size": 1024}, "must be 6144 or 512 with filters=64. .*1024"),
        ({"filters": 4}, "must be 384 or 32 with filters=4. Received: 6144"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        kerasaudio.OpenL3(**arguments)


@pytest.mark.parametrize("factory", ["OpenL3", "EdgeL3"])
def test_centered_networks_hear_half_a_second_before(factory, rng):
    arguments = OPEN if factory == "OpenL3" else EDGE
    plain = kerasaudio.FACTORIES[factory](**arguments)
    centered = kerasaudio.FACTORIES[factory](**arguments, center=True)
    centered.set_weights(plain.get_weights())
    rate = plain.spec.sample_rate
    second = rng.normal(0, 0.1, (2, rate)).astype("float32")
    begun = np.concatenate([np.zeros((2, rate // 2), "f4"), second[:, : rate // 2]], 1)

    for heard, want in ((second, second), (second[:, : rate // 2], begun)):
        np.testing.assert_allclose(
            centered.predict(heard, verbose=0),
            plain.predict(want, verbose=0),
            rtol=1e-5,
            atol=1e-5,
        )


def test_the_limit_in_decibels_is_below_the_loudest_of_each_clip(rng):
    model = kerasaudio.EdgeL3(**EDGE)
    clips = rng.normal(0, 0.1, (2, 8_000)).astype("float32")
    clips[1, 2_000:] = 0
    clips[1] *= 0.1
    network = kerasaudio.AudioModel(
        model.input, model.get_layer("frontend").output, spec=model.spec
    )
    found = network.predict(clips, verbose=0)
    np.testing.assert_allclose(found.max(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(found[1].min(), -80, atol=1e-4)
