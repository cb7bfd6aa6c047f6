"""The gradient of a network's output with respect to its input, on any backend."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerasaudio.core.programs.tracing import one_program_each

# Outputs of the network, its input, further arrays -> a value per item, (batch,).
Objective = Callable[..., Any]
_Step = Callable[..., tuple[Any, Any]]


class NoGradientError(ValueError):
    """The value does not depend on the input, or not in a way that has a gradient."""


class Gradient:
    """A value per item, and its gradient with respect to the input of a network.

    The network computes as in prediction. Its weights are read at each call. A program
    is compiled for each shape of the arguments (not on torch).

    Args:
        network: A functional model. If it has several inputs, the gradient is that with
            respect to the first; the call takes the others next.
        objective: Function of the outputs, the input, and the further arguments of the
            call; it returns a tensor (batch,) and is made of `keras.ops`.

    Examples:
        >>> from kerasaudio.interpret.gradient import Gradient
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> slope = Gradient(model, lambda scores, sound: scores[:, 3])
        >>> values, gradient = slope(np.full((2, 8_000), 0.1, "float32"))
        >>> values.shape, gradient.shape
        ((2,), (2, 8000))
    """

    def __init__(self, network: keras.Model, objective: Objective) -> None:
        self._network = network
        self._objective = objective
        self._step = _STEPS[keras.backend.backend()](network, objective)

    def __call__(self, inputs: Any, *arrays: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the values, float32 (batch,), and the gradient, as the inputs.

        Args:
            inputs: Input of the network, float32 (batch, ...).
            *arrays: Further inputs of the network, if it has several, then further
                arguments of the objective.

        Raises:
            NoGradientError: No path of operations with a gradient leads from the input
                to the value.
        """
        tensor = keras.ops.convert_to_tensor(inputs, "float32")
        others = [keras.ops.convert_to_tensor(array) for array in arrays]
        with one_program_each():
            values, gradient = self._step(tensor, *others)
        if gradient is None:
            raise NoGradientError(
                f"{self._network.name} has no gradient with respect to its input: an "
                "operation between them cannot be differentiated."
            )
        return (
            keras.ops.convert_to_numpy(values),
            keras.ops.convert_to_numpy(gradient),
        )


def _fed(
    network: keras.Model, inputs: Any, arrays: tuple[Any, ...]
) -> tuple[Any, tuple[Any, ...]]:
    """Return what the network takes, and the arguments left for the objective."""
    more = len(network.inputs) - 1
    return ([inputs, *arrays[:more]] if more else inputs), arrays[more:]


def _on_tensorflow(network: keras.Model, objective: Objective) -> _Step:
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def step(inputs: Any, *arrays: Any) -> tuple[Any, Any]:
        fed, arrays = _fed(network, inputs, arrays)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            values = objective(network(fed, training=False), inputs, *arrays)
        return values, tape.gradient(values, inputs)

    return step


def _on_jax(network: keras.Model, objective: Objective) -> _Step:
    import jax

    def value(inputs: Any, state: Any, arrays: Any) -> tuple[Any, Any]:
        fed, arrays = _fed(network, inputs, arrays)
        outputs, _ = network.stateless_call(*state, fed, training=False)
        values = objective(outputs, inputs, *arrays)
        return values.sum(), values

    compiled = jax.jit(jax.value_and_grad(value, has_aux=True))

    def step(inputs: Any, *arrays: Any) -> tuple[Any, Any]:
        state = (
            [variable.value for variable in network.trainable_variables],
            [variable.value for variable in network.non_trainable_variables],
        )
        (_, values), gradient = compiled(inputs, state, arrays)
        return values, gradient

    return step


def _on_torch(network: keras.Model, objective: Objective) -> _Step:
    import torch

    def step(inputs: Any, *arrays: Any) -> tuple[Any, Any]:
        inputs = inputs.detach().requires_grad_()
        fed, arrays = _fed(network, inputs, arrays)
        with torch.enable_grad():
            values = objective(network(fed, training=False), inputs, *arrays)
        if not values.requires_grad:
            return values, None
        (gradient,) = torch.autograd.grad(values.sum(), inputs, allow_unused=True)
        return values.detach(), gradient

    return step


_STEPS: dict[str, Callable[[keras.Model, Objective], _Step]] = {
    "tensorflow": _on_tensorflow,
    "jax": _on_jax,
    "torch": _on_torch,
}
