"""Predictions on torch, which run by steps of their own instead of Keras' layers."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs import side_by_side, torch_program
from support.tiny import tiny_model
from support.torch_steps import (
    RNG,
    assert_same,
    batch,
    by_layers,
    filled,
    network,
)

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="programs of torch"
)


@pytest.fixture
def convolved():
    def make(x):
        x = layers.Conv2D(4, 3)(x)
        x = layers.ReLU()(layers.BatchNormalization(name="norm")(x))
        return layers.Dense(2)(layers.Flatten()(x))

    return network(make)


def test_new_weights_are_used_at_once(convolved, tmp_path):
    model = convolved
    x = batch(model)
    seen = [model.predict_on_batch(x)]

    def changed():
        assert_same(model, x)
        seen.append(model.predict_on_batch(x))
        assert np.abs(seen[-1] - seen[-2]).max() > 1e-3

    model.save_weights(tmp_path / "old.weights.h5")
    model.get_layer("norm").moving_variance.assign([4.0, 5.0, 6.0, 7.0])
    changed()
    model.set_weights([0.9 * weight for weight in model.get_weights()])
    changed()
    model.load_weights(tmp_path / "old.weights.h5")
    changed()
    np.testing.assert_array_equal(seen[-1], seen[0])
    model.compile("adam", "mse")
    model.fit(x, np.ones((3, 2)), verbose=0)
    changed()


def test_changed_layers_are_used_at_once(convolved):
    x = batch(convolved)
    before = convolved.predict_on_batch(x)
    convolved.layers[-1].activation = lambda y: y / 2
    assert_same(convolved, x)
    np.testing.assert_allclose(convolved.predict_on_batch(x), before / 2, rtol=1e-5)
    convolved.layers[-1].enable_lora(2)
    convolved.layers[-1].lora_kernel_b.assign(np.ones((2, 2)))
    assert_same(convolved, x)


def test_weights_whose_changes_torch_does_not_count():
    import torch

    with torch.inference_mode():
        model = network(layers.Conv2D(4, 3))
        x = batch(model)
        model.predict_on_batch(x)
        model.layers[-1].kernel.assign(np.ones((3, 3, 4, 4)))
        found = model.predict_on_batch(x)
    np.testing.assert_allclose(found, by_layers(model, x), rtol=1e-4, atol=1e-5)


def test_without_onednn_the_scores_are_the_same(convolved, monkeypatch):
    from kerasaudio.core.programs.torch_steps import linear

    monkeypatch.setattr(linear, "_has_onednn", lambda x: False)
    assert_same(convolved, batch(convolved))


def spied(monkeypatch):
    """Collect the rows of each part, if it has steps; one part runs at a time."""
    monkeypatch.setattr(side_by_side, "PARTS", 1)
    rows, run = [], torch_program._run_steps

    def spying(steps, values):
        if steps:
            rows.append(len(next(iter(values.values()))))
        return run(steps, values)

    monkeypatch.setattr(torch_program, "_run_steps", spying)
    return rows


def test_parts_of_a_batch_give_its_outputs(convolved, monkeypatch):
    monkeypatch.setattr(torch_program, "PART_BYTES", 4 * 12 * 10 * 4 * 2)
    rows = spied(monkeypatch)
    x = batch(convolved, 7)
    assert_same(convolved, x)
    assert rows == [1, 3, 3, 1]  # the first to know how large its tensors are
    rows.clear()
    convolved.predict_on_batch(x)
    assert rows == [3, 3, 1]


def test_front_ends_run_on_more_rows_at_once(monkeypatch):
    row = 4 * 63 * 65  # bytes of the spectrogram
    monkeypatch.setattr(torch_program, "PART_BYTES", 2 * row)
    monkeypatch.setattr(torch_program, "FRONTEND_BYTES", 5 * row)
    rows = spied(monkeypatch)
    model = tiny_model()
    x = RNG.normal(0, 0.1, (9, 4_000)).astype("float32")
    np.testing.assert_allclose(
        model.predict_on_batch(x), by_layers(model, x), atol=1e-6
    )
    assert rows == [1, 1, 4, 2, 2, 4, 2, 2, 1, 1]


def test_results_do_not_depend_on_earlier_calls(monkeypatch):
    monkeypatch.setattr(torch_program, "PART_BYTES", 40_000)
    model = network(lambda x: layers.Conv2D(16, 3, activation="relu")(x))
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    x = batch(model, 50)
    first = model.predict_on_batch(x)
    for rows in (1, 3, 17):
        other.predict_on_batch(x[:rows])
    np.testing.assert_array_equal(model.predict_on_batch(x), first)
    np.testing.assert_array_equal(other.predict_on_batch(x), first)


@keras.saving.register_keras_serializable("test")
class Centered(layers.Layer):
    """A layer whose rows depend on each other."""

    def call(self, inputs):
        return inputs - ops.mean(inputs, axis=0)


@pytest.mark.parametrize(
    "make",
    [
        Centered(),
        lambda x: x - ops.mean(x, axis=0),
        layers.Concatenate(axis=0),
        layers.Activation(lambda x: x - ops.mean(x, axis=0)),
    ],
)
def test_batches_whose_rows_depend_on_each_other_stay_whole(make):
    joins = isinstance(make, layers.Concatenate)
    model = network(lambda x: make([x, layers.ReLU()(x)] if joins else x))
    assert_same(model, batch(model))
    assert not model._torch_program._in_parts


def test_masks_are_kept():
    def make(x):
        return layers.LSTM(3)(layers.Dense(4)(layers.Masking()(x)))

    model = network(make, (9, 4))
    x = batch(model)
    x[:, 5:] = 0
    assert_same(model, x)
    assert model._torch_program._steps == []


def test_half_precision_is_that_of_the_layers():
    with_policy = keras.Input((12, 10, 4))
    x = layers.Conv2D(4, 3, dtype="mixed_bfloat16")(with_policy)
    x = layers.Dense(3, dtype="mixed_bfloat16")(layers.ReLU(dtype="float32")(x))
    model = filled(InferenceModel(with_policy, x))
    rows = batch(model)
    found = model.predict_on_batch(rows)
    expected = model(rows, training=False).detach()
    np.testing.assert_array_equal(found, keras.ops.convert_to_numpy(expected))


def test_several_inputs_and_a_network_inside():
    inner = network(layers.Conv2D(4, 3, padding="same"))
    first, second = keras.Input((12, 10, 4)), keras.Input((12, 10, 4))
    model = filled(
        InferenceModel([first, second], layers.Multiply()([inner(first), second]))
    )
    assert_same(model, batch(model))


def test_evaluate_gives_the_loss_of_the_layers(convolved):
    x, y = batch(convolved), np.ones((3, 2), "float32")
    convolved.compile(loss="mse")
    expected = np.mean((by_layers(convolved, x) - y) ** 2)
    assert convolved._torch_program._steps is None
    assert convolved.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-4)
    assert convolved._torch_program._steps


def test_calls_with_gradients_and_eager_models_run_the_layers(convolved):
    x = batch(convolved)
    assert convolved(x, training=False).requires_grad
    convolved.run_eagerly = True
    convolved.predict_on_batch(x)
    assert convolved._torch_program._steps is None


def test_threads_share_a_program():
    model = tiny_model()
    clips = RNG.normal(0, 0.1, (8, 4, 4_000)).astype("float32")
    expected = [by_layers(model, clip) for clip in clips]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(model.predict_on_batch, clips))
    np.testing.assert_allclose(found, expected, atol=1e-5)
