"""Predictions on torch, which run by steps of their own instead of Keras' layers."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs import torch_program
from kerasaudio.layers.depthwise import DepthwiseConv2D
from support.tiny import tiny_model

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="programs of torch"
)
RNG = np.random.default_rng(0)


def filled(model):
    """Give every weight a value of its own; variances are positive."""
    for variable in model.weights:
        low = 0.5 if "moving" in variable.path else -0.5
        variable.assign(RNG.uniform(low, 1.5, variable.shape))
    return model


def network(make, shape=(12, 10, 4)):
    """Build a network from a function of its input."""
    x = keras.Input(shape)
    return filled(InferenceModel(x, make(x)))


def batch(model, rows=3):
    shapes = [[n or 9 for n in tensor.shape[1:]] for tensor in model.inputs]
    arrays = [RNG.normal(size=(rows, *shape)).astype("float32") for shape in shapes]
    return arrays[0] if len(arrays) == 1 else arrays


def by_layers(model, x):
    """Run Keras' layers, which a call with gradients does."""
    return keras.tree.map_structure(
        lambda y: y.detach().numpy(), model(x, training=False)
    )


def assert_same(model, x):
    expected, found = by_layers(model, x), model.predict_on_batch(x)
    keras.tree.assert_same_structure(expected, found)
    pairs = zip(keras.tree.flatten(expected), keras.tree.flatten(found), strict=True)
    for one, other in pairs:
        assert one.std() > 1e-3
        np.testing.assert_allclose(other, one, atol=1e-5 * np.abs(one).max())


def steps(model):
    """Return the layers of each step, and whether torch computes it."""
    model.predict_on_batch(batch(model, 1))
    return [
        ([node.operation.name for node in one.nodes], one.step is not None)
        for one in model._torch_program._steps
    ]


LAYERS = {
    "same, even": layers.Conv2D(6, (4, 3), padding="same", activation="relu"),
    "strides": layers.Conv2D(6, 3, strides=2, padding="same", activation="silu"),
    "dilation": layers.Conv2D(6, 3, dilation_rate=2, activation="hard_swish"),
    "groups": layers.Conv2D(6, 3, groups=2, activation="gelu"),
    "softmax": layers.Conv2D(6, 1, use_bias=False, activation="softmax"),
    "elu": layers.Conv2D(6, 1, activation="elu"),
    "multiplier": layers.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh"),
    "like torch": DepthwiseConv2D((5, 3), strides=(2, 1)),
    "like TensorFlow": DepthwiseConv2D(3, strides=2, pad_like="tensorflow"),
    "dense": layers.Dense(5, "sigmoid"),
    "clipped": layers.ReLU(0.4),
    "leaky": layers.ReLU(negative_slope=0.1),
    "maximum": layers.MaxPooling2D((4, 1), (2, 3)),
    "wide maximum": layers.MaxPooling2D((1, 10)),
    "same maximum": layers.MaxPooling2D(2, padding="same"),
    "mean": layers.AveragePooling2D((3, 2), (1, 2)),
    "normalization": layers.BatchNormalization(scale=False),
    "of frames": layers.BatchNormalization(axis=1),
    "layer": layers.LayerNormalization(center=False),
    "highest": layers.GlobalMaxPooling2D(keepdims=True),
    "pad": layers.ZeroPadding2D(((1, 0), (2, 3))),
    "permute": layers.Permute((3, 1, 2)),
    "reshape": layers.Reshape((-1, 8)),
}
OVER_TIME = {
    "causal": layers.Conv1D(6, 3, dilation_rate=2, padding="causal"),
    "same": layers.Conv1D(6, 4, padding="same", activation="relu"),
    "thirds": layers.Conv1D(6, 3, strides=3, padding="same"),
    "maximum": layers.MaxPooling1D(3),
    "mean": layers.AveragePooling1D(2, 3),
    "pad": layers.ZeroPadding1D((2, 1)),
    "highest": layers.GlobalMaxPooling1D(),
    "recurrent": layers.GRU(3),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    model = network(LAYERS[name])
    assert_same(model, batch(model))


@pytest.mark.parametrize("name", OVER_TIME)
def test_layers_over_time(name):
    model = network(OVER_TIME[name], (None, 4))
    assert_same(model, batch(model))


@pytest.mark.parametrize("several", [False, True])
def test_attention(several):
    def attend(x):
        attention = layers.MultiHeadAttention(2, 3, value_dim=4, dropout=0.5)
        if several:
            return attention(x, layers.Dense(8)(x), key=layers.Dense(7)(x))
        return attention(x, x)

    model = network(attend, (None, 6))
    assert_same(model, batch(model))


def test_normalization_and_activation_become_part_of_a_convolution():
    def make(x):
        y = layers.Conv2D(4, 3, padding="same", name="conv")(x)
        y = layers.BatchNormalization(name="norm")(y)
        y = layers.ReLU(name="relu")(y)
        y = layers.BatchNormalization(name="after")(y)
        y = layers.Conv2D(4, 1, name="twice")(y)
        z = layers.BatchNormalization(name="beside")(y)
        x = layers.Add(name="sum")([x, y, z])
        x = layers.Activation("relu", name="rectified")(x)
        return layers.Add(name="again")([x, layers.Dropout(0.5, name="drop")(x)])

    model = network(make)
    assert_same(model, batch(model))
    assert steps(model) == [
        (["conv", "norm", "relu"], True),
        (["after"], True),
        (["twice"], True),
        (["beside"], True),
        (["sum"], True),
        (["rectified"], True),
        (["drop"], True),
        (["again"], True),
    ]


def test_outputs_inside_are_not_overwritten():
    def make(x):
        inside = layers.Conv2D(4, 1)(x)
        same = layers.Reshape((12, 10, 4))(inside)
        return {"inside": inside, "out": layers.ReLU()(same), "in": x}

    model = network(make)
    x = batch(model)
    before = x.copy()
    assert_same(model, x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    "view",
    [
        layers.Reshape((-1, 4)),
        layers.MaxPooling2D(1),
        layers.ReLU(negative_slope=1.0),
        layers.Lambda(lambda x: x),
    ],
)
def test_tensors_whose_views_are_needed_are_not_overwritten(view):
    def make(x):
        inside = layers.Conv2D(4, 1)(x)
        seen = view(inside)
        rectified = layers.ReLU()(layers.BatchNormalization()(inside))
        return [layers.Dense(2)(rectified), layers.Dense(3)(seen)]

    model = network(make)
    assert_same(model, batch(model))


def test_inputs_and_views_of_them_are_not_overwritten():
    model = network(lambda x: layers.ReLU()(layers.Reshape((-1, 4))(x)))
    x = batch(model)
    before = x.copy()
    assert_same(model, x)
    np.testing.assert_array_equal(x, before)


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


def test_parts_of_a_batch_give_its_outputs(convolved, monkeypatch):
    monkeypatch.setattr(torch_program, "PART_BYTES", 4 * 12 * 10 * 4 * 2)
    rows, run = [], torch_program.TorchProgram._run

    def spying(self, steps, inputs, sizes=None):
        rows.append(len(inputs[0]))
        return run(self, steps, inputs, sizes)

    monkeypatch.setattr(torch_program.TorchProgram, "_run", spying)
    x = batch(convolved, 7)
    assert_same(convolved, x)
    assert rows == [1, 3, 3, 1]  # the first to know how large its tensors are
    rows.clear()
    convolved.predict_on_batch(x)
    assert rows == [3, 3, 1]


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
