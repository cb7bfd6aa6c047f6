"""Several devices on TensorFlow: `tf.distribute.MirroredStrategy`.

A strategy wants variables of its own kind, made in its scope. So each variable of the
network holds one of these while it is trained: the same on all devices for what is
learned, one for each device for statistics and states of random numbers. Statistics are
the same everywhere, as batch normalization sees all rows (`moments`).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras

from kerasaudio.training.devices.moments import over_all_rows
from kerasaudio.training.devices.seeds import drawn_state, states


class OnTensorFlow:
    """Train on several devices of TensorFlow.

    Args:
        devices: Names of logical devices, such as "GPU:0".
    """

    def __init__(self, devices: Sequence[str]) -> None:
        import tensorflow as tf

        self._strategy = tf.distribute.MirroredStrategy(list(devices))
        self._seeds: list[Any] = []

    def scope(self) -> AbstractContextManager[Any]:
        """Return the scope of the strategy."""
        scope: AbstractContextManager[Any] = self._strategy.scope()
        return scope

    @contextmanager
    def placed(self, learner: Any) -> Iterator[None]:
        """Mirror the variables; at the end, what was learned is in the former ones."""
        variables = learner.variables
        learned = {id(variable) for variable in learner.trainable_variables}
        plain = [variable.value for variable in variables]
        for variable, value in zip(variables, plain, strict=True):
            variable._value = self._spread(variable, value, id(variable) in learned)
        self._seeds = [variable.value for variable in states(learner)]
        learner._distribute_strategy = self._strategy
        try:
            with over_all_rows(learner, _all_sum):
                yield
        finally:
            for variable, value in zip(variables, plain, strict=True):
                value.assign(variable.numpy())
                variable._value = value
            self._seeds = []

    def _spread(self, variable: Any, value: Any, learned: bool) -> Any:
        import tensorflow as tf

        kinds = tf.VariableSynchronization, tf.VariableAggregation
        with self._strategy.scope():
            return tf.Variable(
                value.numpy(),
                dtype=value.dtype,
                trainable=learned,
                name=variable.name,
                synchronization=kinds[0].ON_WRITE if learned else kinds[0].ON_READ,
                aggregation=kinds[1].MEAN if learned else kinds[1].ONLY_FIRST_REPLICA,
            )

    def begin_epoch(self, seed: int) -> None:
        """Give each device but the first other random numbers, drawn from the seed."""
        for number, state in enumerate(self._seeds):
            for device, own in enumerate(state.values[1:], start=1):
                drawn = drawn_state(seed, number, device, own.shape)
                own.assign(drawn.astype(own.dtype.as_numpy_dtype))

    def train_step(self, learner: Any, data: Any) -> Any:
        """Leave the step to Keras, unless the loss is scaled.

        Keras' optimizer then asks the first device alone whether the gradients are
        finite, so it must be told of the others.
        """
        import tensorflow as tf

        optimizer = learner.optimizer
        if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            return NotImplemented
        x, y, weights = data
        with tf.GradientTape() as tape:
            outputs = learner(x, training=True)
            loss = learner.compute_loss(x, y, outputs, weights, training=True)
            scaled = optimizer.scale_loss(loss)
        devices = self._strategy.num_replicas_in_sync
        learner._loss_tracker.update_state(loss * devices)
        learned = learner.trainable_variables
        gradients = tape.gradient(scaled, learned)
        fine = [tf.reduce_all(tf.math.is_finite(g)) for g in gradients if g is not None]
        told = tf.where(tf.reduce_all(tf.stack(fine)), 0.0, float("nan"))
        told = _all_sum(told)
        gradients = [None if g is None else g + told for g in gradients]
        optimizer.apply_gradients(zip(gradients, learned, strict=True))
        return learner.compute_metrics(x, y, outputs, weights)


def _all_sum(value: Any) -> Any:
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, value)


def tensorflow_devices() -> tuple[str, ...]:
    """Return the names of the logical devices: GPUs, or CPUs without any."""
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices()
    return tuple(device.name.removeprefix("/device:") for device in found)
