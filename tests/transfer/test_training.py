"""One network fitted again and again: each time from the same start."""

import keras
import numpy as np
import pytest

from kerasaudio.transfer.training import Trainer
from support.policies import under


def network():
    inputs = keras.Input((6,))
    x = keras.layers.Dropout(0.2)(inputs)
    x = keras.layers.BatchNormalization()(x)
    return keras.Model(inputs, keras.layers.Dense(3, "softmax")(x))


@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_each_fit_begins_from_the_same_start(rng, decay):
    x, targets = rng.normal(size=(20, 6)).astype("float32"), np.arange(20) % 3
    trainer = Trainer(network(), 1e-2, decay)
    before = trainer.model.get_weights()
    fits = []
    for _ in range(3):
        trainer.fit(x, targets, epochs=2, batch_size=8, seed=1)
        fits.append(trainer.model.get_weights())
    trainer.reset()
    for first, *others in zip(*fits, strict=True):
        for other in others:
            np.testing.assert_array_equal(first, other)
    for one, other in zip(before, trainer.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    moved = [not np.array_equal(a, b) for a, b in zip(before, fits[0], strict=True)]
    assert sum(moved) >= 6  # kernel, bias, and all four of normalization


def test_the_scale_of_the_loss_in_float16_begins_anew():
    with under("mixed_float16"):
        trainer = Trainer(network(), 1e-2)
    scale = trainer.model.optimizer.dynamic_scale
    begun = float(keras.ops.convert_to_numpy(scale))
    scale.assign(64.0)
    trainer.reset()
    assert float(keras.ops.convert_to_numpy(scale)) == begun > 64
