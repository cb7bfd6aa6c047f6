"""The network that `fit` trains: the user's, with marks beside its waveforms.

waveforms, marks -> the network -> outputs

The marks say which rows of a batch are real (`FilledBatches`). Loss and metrics that
are logged, and batch normalization, leave the others out.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasaudio.core.inference import InferenceModel
from kerasaudio.training.devices.moments import marked, marks_now
from kerasaudio.training.devices.parallel import Placement
from kerasaudio.training.devices.precision import Policies, StepPrecision

MARKS = "marks"


class Learner(InferenceModel):
    """A network around all layers of another one, which `FilledBatches` train.

    Attributes:
        placement: How the backend trains on its devices.
        precision: How layers compute in training steps.
    """

    placement: Placement
    precision: StepPrecision

    # Keras recognizes a functional class by the names of its positional arguments.
    def __init__(
        self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(inputs, outputs, name=name, **kwargs)

    @property
    def network(self) -> Any:
        """The other network."""
        return next(layer for layer in self.layers if isinstance(layer, keras.Model))

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        **kwargs: Any,
    ) -> None:
        """Compile as Keras does; metrics count real rows only."""
        if keras.backend.backend() == "tensorflow":
            kwargs.setdefault("jit_compile", False)
        super().compile(optimizer, loss, weighted_metrics=metrics, **kwargs)
        self._loss_tracker = _MeanOfRows(name="loss")

    def train_step(self, *args: Any) -> Any:  # on jax, the state comes first
        """Train on one batch of `FilledBatches`."""
        x, _, _ = keras.utils.unpack_x_y_sample_weight(args[-1])
        with marked(x[1]), self.precision.in_force():
            result = self.placement.train_step(self, args[-1])
            return super().train_step(*args) if result is NotImplemented else result

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> Any:
        """Compute metrics over the real rows, all with the same weight."""
        marks = marks_now()
        if marks is not None:
            sample_weight = ops.cast(ops.greater(marks, 0), "float32")
        return super().compute_metrics(x, y, y_pred, sample_weight)


class _MeanOfRows(keras.metrics.Mean):
    """Mean of losses over real rows, each row with the same weight."""

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add the loss of a part of a batch; Keras passes its number of rows."""
        marks = marks_now()
        if marks is not None:
            rows = ops.cast(ops.shape(marks)[0], "float32")
            sample_weight = rows / ops.abs(marks[0])
        super().update_state(values, sample_weight)


def learner_of(
    network: keras.Model,
    placement: Placement,
    policy: str | None = None,
    policies: Policies = (),
) -> Learner:
    """Return the network to train.

    Args:
        network: Network on waveforms, (batch, samples).
        placement: How the backend trains on its devices.
        policy: Name of the dtype policy; None for that of the network.
        policies: Layers that compute by other policies in training steps.
    """
    source = network.input
    waveform = keras.Input(batch_shape=source.shape, dtype=source.dtype)
    marks = keras.Input((), dtype="float32", name=MARKS)
    outputs = network(_First(name="waveforms")((waveform, marks)))
    learner = Learner((waveform, marks), outputs, name=f"{network.name}_learner")
    learner.placement = placement
    learner.precision = StepPrecision(policies)
    # By its name Keras decides whether to scale the loss.
    learner.dtype_policy = keras.dtype_policies.get(policy or network.dtype_policy)
    return learner


@keras.saving.register_keras_serializable("kerasaudio")
class _First(keras.layers.Layer):
    """Layer that returns the first of its inputs, as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"autocast": False})

    def call(self, inputs: Sequence[Any]) -> Any:
        return inputs[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]
