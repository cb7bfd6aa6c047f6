"""Networks with a state that goes on from each window of a clip to the next.

    windows of one clip, in order (windows, samples) + state -> outputs + state

A network declares that it has one by `AudioSpec.step_samples`. In training and in
`predict`, it hears each row of a batch on its own, and the state begins at zero. A clip
or a stream is heard by `continued(network)`, a network with the same layers and
weights, which takes the windows of one clip as rows. The state is that of the recurrent
layers, and the samples that `LeadIn` puts in front of a window. All other layers must
use the samples of one step only; then it does not matter where a clip is cut.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs.parallel import shares
from kerasaudio.layers.context import LeadIn

RECURRENT = (layers.GRU, layers.LSTM, layers.SimpleRNN)


class Continued:
    """Hear the windows of one clip, each from where the last one ended.

    Args:
        network: A network with a state; its weights may change between clips.
    """

    def __init__(self, network: InferenceModel) -> None:
        self._network = _made_of(network)
        self._state = beginning(self._network)

    def __call__(self, waveforms: np.ndarray) -> np.ndarray:
        """Return the outputs for the next windows, (windows, samples)."""
        outputs, begin = [], 0
        while begin < len(waveforms):
            # Few numbers of rows, so that compilers see few shapes.
            rows = 1 << ((len(waveforms) - begin).bit_length() - 1)
            inputs = [waveforms[begin : begin + rows], *self._state]
            if shares() > 1:  # devices cannot share rows that follow each other
                found = self._network(inputs, training=False)
            else:
                found = self._network.predict_on_batch(inputs)
            output, *self._state = map(ops.convert_to_numpy, found)
            outputs.append(output.astype("float32", copy=False))
            begin += rows
        return np.concatenate(outputs)


def continued(network: keras.Model) -> InferenceModel:
    """Build the network that takes the windows of one clip and the state before them.

    Args:
        network: Functional model from waveforms (batch, samples) to one output, with a
            state: `LeadIn`, and recurrent layers that return sequences.

    Returns:
        A model with the same layers. Its inputs are windows, (windows, samples), whose
        rows follow each other, and the tensors of the state, each (1, ...), which are
        zeros at the beginning of a clip. Its outputs are those of the windows,
        (windows, ...), and the state after them.

    Raises:
        ValueError: A layer needs the sound after a window, or has several states.
    """
    step = _InOrder(network, name="in_order")
    waveform = keras.Input((network.input_shape[1],), name="waveform")
    state = [
        keras.Input(batch_shape=(1, size), name=f"state_{number}")
        for number, size in enumerate(step.sizes)
    ]
    return InferenceModel(
        [waveform, *state], step([waveform, *state]), name=f"{network.name}_continued"
    )


def beginning(network: keras.Model) -> list[np.ndarray]:
    """Return the state of a continued network at the beginning of a clip."""
    return [np.zeros(tensor.shape, "float32") for tensor in network.inputs[1:]]


def _made_of(network: InferenceModel) -> InferenceModel:
    """Return the continued network, which is built and compiled once."""
    if network.continued is None:
        made = continued(network)
        network.continued = lambda: made  # hidden from Keras' tracking
    found: InferenceModel = network.continued()
    return found


class _InOrder(layers.Layer):
    """A network whose rows are windows that follow each other.

    Args:
        network: See `continued`.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, network: keras.Model, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.network = network
        self.sizes = [size for layer in network.layers for size in _sizes(layer)]

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the outputs, and the state after the last row."""
        waveforms, *before = inputs
        after: list[Any] = []

        def run(layer: Any, *args: Any, **kwargs: Any) -> Any:
            if not (kind := _kind(layer)):
                return layer(*args, **kwargs)
            count = len(_sizes(layer))
            output, *states = kind(layer, *args, before[len(after) :][:count])
            after.extend(states)
            return output

        output = self.network._run_through_graph([waveforms], call_fn=run)
        return output, *(ops.cast(state, "float32") for state in after)

    def compute_output_spec(self, inputs: Sequence[Any]) -> Any:
        """Return the specification of the output and of the state."""
        state = [keras.KerasTensor(x.shape, "float32") for x in inputs[1:]]
        return keras.KerasTensor(self.network.output.shape, "float32"), *state


def _kind(layer: Any) -> Callable[..., Any] | None:
    """Return the function that runs a layer with its state; None without one."""
    if isinstance(layer, LeadIn):
        return _lead_in
    return _recur if isinstance(layer, RECURRENT) else None


def _sizes(layer: Any) -> list[int]:
    """Return the number of values of each part of a layer's state.

    Raises:
        ValueError: See `continued`.
    """
    if isinstance(layer, LeadIn):
        return [layer.context_samples]
    if isinstance(layer, layers.RNN | layers.Bidirectional):
        plain = isinstance(layer, RECURRENT) and layer.return_sequences
        if not plain or layer.go_backwards or layer.stateful or layer.return_state:
            raise ValueError(
                f"The layer {layer.name!r} has no state that could go on from each "
                "window to the next. It must be a GRU, LSTM or SimpleRNN with "
                "return_sequences=True, forwards, without stateful and return_state."
            )
        size = layer.cell.state_size
        return [size] if isinstance(size, int) else list(size)
    return []


def _lead_in(layer: Any, x: Any, state: Sequence[Any]) -> Any:
    """Put the end of each window in front of the next."""
    ends = ops.concatenate([state[0], x[:, -layer.context_samples :]], axis=0)
    return ops.concatenate([ends[:-1], x], axis=1), ends[-1:]


def _recur(layer: Any, x: Any, state: Sequence[Any]) -> Any:
    """Join the steps of all windows, and go on from the state."""
    steps, width = ops.shape(x)[1], x.shape[-1]
    joined = ops.cast(ops.reshape(x, (1, -1, width)), layer.compute_dtype)
    state = [ops.cast(part, layer.compute_dtype) for part in state]
    if joined.shape[1] == 1:  # without a loop, which some runtimes lack
        output, after = layer.cell(joined[:, 0], state, training=False)
        outputs = ops.expand_dims(output, 1)
    else:
        _, outputs, after = layer.inner_loop(joined, state, mask=None, training=False)
    outputs = ops.reshape(outputs, (-1, steps, outputs.shape[-1]))
    return ops.cast(outputs, layer.compute_dtype), *after
