"""Memory blocks and known statistics against NumPy."""

import keras
import numpy as np
import pytest

from kerasaudio.layers.known_statistics import KnownStatistics
from kerasaudio.layers.memory_block import MemoryBlock
from support.front_ends import run


def remembered(x, back, ahead, back_stride, ahead_stride):
    """Give what the block's docstring says, in float64, step by step."""
    out = x.astype("float64")
    for t in range(x.shape[1]):
        for i, row in enumerate(back[::-1]):
            if t - i * back_stride >= 0:
                out[:, t] += row * x[:, t - i * back_stride]
        for j, row in enumerate(ahead):
            if t + (j + 1) * ahead_stride < x.shape[1]:
                out[:, t] += row * x[:, t + (j + 1) * ahead_stride]
    return out


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        ((4, 3, 1, 1), 20),
        ((3, 4, 2, 3), 20),
        ((5, 0), 20),
        ((1, 1), 20),
        ((20, 20), 1),
        ((20, 20, 2, 2), 7),
    ],
)
def test_each_step_hears_those_around_it(rng, arguments, steps):
    layer = MemoryBlock(*arguments)
    x = rng.normal(0, 1, (2, steps, 5)).astype("float32")
    layer.build(x.shape)
    back, *ahead = (
        rng.normal(0, 1, weight.shape).astype("float32") for weight in layer.weights
    )
    layer.set_weights([back, *ahead])
    strides = (*arguments[2:], 1, 1)[:2]

    got = run(layer, x)

    want = remembered(x, back, ahead[0] if ahead else (), *strides)
    np.testing.assert_allclose(got, want, atol=1e-5 * np.abs(want).max())


def test_a_block_is_built_again_from_its_configuration():
    layer = MemoryBlock(4, 3, 2, 1, name="memory")
    again = MemoryBlock.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    symbolic = again(keras.Input((None, 6)))
    assert symbolic.shape == (None, None, 6)
    assert [tuple(w.shape) for w in again.weights] == [(4, 6), (3, 6)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1), "look_back"),
        ((1, -1), "look_ahead"),
        ((1, 1, 0), "look_back_stride"),
        ((1, 1, 1, 1.5), "look_ahead_stride"),
    ],
)
def test_impossible_memories_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"{message} must be"):
        MemoryBlock(*arguments)


def test_statistics_are_weights_that_training_does_not_change(rng):
    layer = KnownStatistics(2.0, 0.5)
    x = rng.normal(0, 3, (2, 7, 4)).astype("float32")

    np.testing.assert_allclose(run(layer, x), (x - 2) / 2, atol=1e-6)

    again = KnownStatistics.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    again.build(x.shape)
    mean, inverse = rng.normal(0, 1, (2, 4)).astype("float32")
    again.set_weights([mean, inverse])
    np.testing.assert_allclose(run(again, x), (x - mean) * inverse, atol=1e-6)
    assert again.trainable_weights == []


def test_statistics_that_are_impossible_are_refused():
    with pytest.raises(ValueError, match="inverse_deviation must be"):
        KnownStatistics(0.0, 0.0)
    with pytest.raises(ValueError, match="takes \\(batch, frames, bins\\)"):
        KnownStatistics()(np.zeros((2, 3), "float32"))
