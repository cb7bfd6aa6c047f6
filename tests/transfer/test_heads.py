"""A new head on every network: of the user's classes, on the body's weights."""

import keras
import numpy as np
import pytest

from kerasaudio.models import FACTORIES
from kerasaudio.transfer.heads import with_new_head
from support.small import small


@pytest.mark.parametrize("name", sorted(FACTORIES))
def test_every_network_takes_a_new_head(name):
    model = FACTORIES[name](weights=None, labels=["a", "b", "c"], **small(name))
    tuned = with_new_head(model, ["knock", "bark"], frozen=True)

    assert tuned.output_shape == (None, 2)
    assert tuned.spec.labels == ("knock", "bark")
    learning = {weight.path.split("/")[0] for weight in tuned.trainable_variables}
    assert learning == {"predictions"}
    for layer in tuned.layers:
        if layer.name != "predictions":
            _assert_same(layer.weights, model.get_layer(layer.name).weights)


def _assert_same(ours, originals):
    for one, other in zip(ours, originals, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, other)))
