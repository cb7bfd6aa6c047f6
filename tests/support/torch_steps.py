"""Networks for the programs of torch, and what Keras' layers say to the same input."""

import keras
import numpy as np

from kerasaudio.core.inference import InferenceModel

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
