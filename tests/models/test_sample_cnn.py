"""SampleCNN: its width."""

import keras
import numpy as np
import pytest

import kerasaudio

SHAPE = {"clip_samples": 3**5, "blocks": 4, "filters": 4}


@pytest.mark.parametrize("factory", [kerasaudio.SampleCNN, kerasaudio.SampleCNNSE])
def test_filters_widen_every_layer(factory):
    model = factory(labels=["a", "b"], **SHAPE)

    widths = [
        layer.filters
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv1D) and "conv_3" not in layer.name
    ]
    assert sorted(set(widths)) == [4, 8, 16]
    assert widths[:: len(widths) // 6] == [4, 4, 4, 8, 16, 16]
    assert model.get_layer("embedding").output.shape == (None, 16)
    scores = model(np.ones((1, 3**5), "float32"), training=False)
    assert np.isfinite(keras.ops.convert_to_numpy(scores)).all()


@pytest.mark.parametrize("filters", [0, 1.5, "many"])
def test_a_number_of_filters_that_is_none_is_refused(filters):
    with pytest.raises(ValueError, match="filters"):
        kerasaudio.SampleCNN(**{**SHAPE, "filters": filters})
