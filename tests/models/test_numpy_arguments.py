"""Factories take NumPy's scalars as numbers, and keep them as Python's own."""

import json
import zipfile

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.models import FACTORIES
from kerasaudio.similarity import (
    ClassBatches,
    ContrastiveLoss,
    ConvolutionalEncoder,
    NTXentLoss,
    ProjectionHead,
    RecurrentEncoder,
    TripletLoss,
)
from kerasaudio.training import Schedule
from support.chosen import chosen
from support.numpy_numbers import as_numpy, numeric
from support.small import small

NAMES = chosen(FACTORIES)
FEW = 1_000_000  # weights, up to which saving is quick


@pytest.mark.parametrize("name", NAMES)
def test_arguments_of_factories(name, tmp_path):
    one = FACTORIES[name](classes=3, **small(name))
    settled = {k: v for k, v in one.spec.arguments.items() if v is not None}
    two = FACTORIES[name](classes=np.int16(3), **as_numpy(settled))
    assert json.dumps(two.spec.get_config()) == json.dumps(one.spec.get_config())
    assert two.output_shape == one.output_shape
    if two.count_params() < FEW:
        path = tmp_path / "two.keras"
        two.save(path)
        again = keras.saving.load_model(path)
        assert again.spec == one.spec
        assert [w.shape for w in again.weights] == [w.shape for w in one.weights]
        with zipfile.ZipFile(path) as file:
            assert b"numpy" not in file.read("config.json")
    for argument in numeric(settled):
        with pytest.raises(ValueError, match=f"{argument} must be.*True"):
            FACTORIES[name](**small(name) | {argument: True})


def test_a_short_float_does_not_contradict_the_weights():
    model = kerasaudio.LogMelCNN(weights="esc10", dropout=np.float32(0.2))
    assert model.spec.arguments["dropout"] == 0.2
    assert kerasaudio.EfficientAT(width=np.float32(0.1)).spec.arguments["width"] == 0.1


@pytest.mark.parametrize("number", [3, np.int8(3), np.uint64(3), np.array(3)])
def test_how_many_labels_are_wanted(number):
    model = kerasaudio.LeNetMFCC(filters=2, classes=3)
    scores = np.arange(3.0)[None]
    assert len(model.decode(scores, top=number)[0]) == 3
    assert len(model.tag(np.zeros(16_000, "float32"), 16_000, top=number)) == 3


@pytest.mark.parametrize(("classes", "given"), [(2, 2), (7, 5)])
def test_five_labels_are_given_or_all_that_there_are(classes, given):
    model = kerasaudio.LeNetMFCC(filters=2, classes=classes)
    silence = np.zeros(16_000, "float32")
    assert len(model.decode(np.ones((1, classes)))[0]) == given
    assert len(model.tag(silence, 16_000)) == given
    stream = kerasaudio.Stream(model)
    heard = [*stream.push(silence, 16_000), *stream.flush()]
    assert len(stream.tags(heard[0])) == given


@pytest.mark.parametrize("number", [0, 4, True, np.True_, 3.0, np.float32(3), "3"])
def test_what_is_no_count_of_labels(number):
    model = kerasaudio.LeNetMFCC(filters=2, classes=3)
    with pytest.raises(ValueError, match="top must be a whole number from 1 to 3"):
        model.decode(np.arange(3.0)[None], top=number)


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (ProjectionHead, {"features": 6, "size": 4, "hidden": 5}),
        (RecurrentEncoder, {"units": 4, "features": 6, "n_mfcc": 13}),
        (ConvolutionalEncoder, {"filters": 2, "features": 6, "sample_rate": 8000}),
    ],
)
def test_networks_of_similarity(make, arguments):
    one, two = make(**arguments), make(**as_numpy(arguments))
    assert two.count_params() == one.count_params()
    config = keras.saving.serialize_keras_object(two)
    assert "numpy" not in json.dumps(config)


@pytest.mark.parametrize(
    "loss",
    [
        ContrastiveLoss(np.float32(0.3)),
        TripletLoss(np.float32(0.3)),
        NTXentLoss(np.float32(0.3)),
    ],
)
def test_losses_of_similarity(loss):
    assert 0.3 in loss.get_config().values()
    json.dumps(loss.get_config())


def test_batches_and_schedules_take_them():
    clips = [np.full(4, float(i), "float32") for i in range(6)]
    batches = ClassBatches(
        clips, list("aabbcc"), np.int64(3), np.int32(2), seed=np.uint8(5)
    )
    assert len(batches[0][1]) == 6
    schedule = Schedule(
        unfreeze_epochs=np.int64(2), learning_rate=np.float32(0.1), seed=np.int32(7)
    )
    assert json.loads(json.dumps(schedule.to_dict()))["learning_rate"] == 0.1
    for wrong in ({"seed": True}, {"learning_rate": True}, {"patience": 2.0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            Schedule(**wrong)
