"""What the processes of one training tell each other."""

import io

import keras
import numpy as np
import pytest

from kerasaudio.training import MaskedBinaryCrossentropy
from kerasaudio.training.devices.messages import (
    loss_facts,
    loss_of,
    read_message,
    write_message,
)


def test_a_message_arrives_as_it_was():
    pipe = io.BytesIO()
    arrays = [np.arange(6.0).reshape(2, 3).T, np.float32(3), np.zeros((0, 2), "i2")]
    write_message(pipe, {"seed": 3, "names": ["a"]}, {"rows": arrays, "others": []})
    write_message(pipe, {})
    pipe.seek(0)
    facts, found = read_message(pipe)
    assert facts == {"seed": 3, "names": ["a"]}
    assert found["others"] == []
    for one, other in zip(found["rows"], arrays, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert read_message(pipe) == ({}, {})


@pytest.mark.parametrize("part", [0, 5, 40, -1])
def test_a_process_that_ends_while_it_writes(part):
    whole = io.BytesIO()
    write_message(whole, {"seed": 3}, {"rows": [np.zeros(20)]})
    with pytest.raises(EOFError, match="has ended"):
        read_message(io.BytesIO(whole.getvalue()[:part]))


def test_objects_are_not_sent():
    with pytest.raises(ValueError, match="allow_pickle=False"):
        write_message(io.BytesIO(), {}, {"rows": [np.array([{}])]})


@pytest.mark.parametrize(
    "loss",
    [
        "binary_crossentropy",
        keras.losses.BinaryCrossentropy(label_smoothing=0.1),
        MaskedBinaryCrossentropy(),
        keras.losses.mean_squared_error,
    ],
)
def test_losses(loss):
    found = loss_of(loss_facts(loss))
    assert type(found) is type(loss)
    if isinstance(loss, keras.losses.Loss):
        assert found.get_config() == loss.get_config()
    else:
        assert found == loss


def test_a_loss_that_stays_here():
    def local(y, outputs):
        return outputs - y

    for loss in (lambda y, outputs: outputs - y, local):
        with pytest.raises(ValueError, match="no lambdas"):
            loss_facts(loss)
