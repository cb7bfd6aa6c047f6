"""Networks with a state that goes on from each window of a clip to the next.

    windows of one clip, in order (windows, samples) + state -> outputs + state

A network declares that it has one by `AudioSpec.step_samples`. In training and in
`predict`, it hears each row of a batch on its own, and the state begins at zero. A clip
or a stream is heard by `continued(network)`, a network with the same layers and
weights, which takes the windows of one clip as rows. The state is that of the recurrent
layers, and the samples that `LeadIn` puts in front of a window. All other layers must
use the samples of one step only; then it does not matter where a clip is cut.
"""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.memory import attempt, rows_that_fit
from kerasaudio.core.programs.open_length import NoRuleError, call_timed
from kerasaudio.core.programs.parallel import shares
from kerasaudio.core.programs.shapes import Lengths, sizes
from kerasaudio.layers.context import LeadIn
from kerasaudio.layers.time_axis import Timed

RECURRENT = (layers.GRU, layers.LSTM, layers.SimpleRNN)


class Continued:
    """Hear the windows of one clip, each from where the last one ended.

    Args:
        network: A network with a state; its weights may change between clips.
    """

    def __init__(self, network: InferenceModel) -> None:
        self._network, self._ending = _made_of(network)
        self._state = beginning(self._network)

    def __call__(self, waveforms: np.ndarray, window: int | None = None) -> np.ndarray:
        """Return the outputs for the next windows.

        Args:
            waveforms: Windows, (windows, samples).
            window: Length of all windows of the clip but the last; None if unknown.
        """
        if window is not None and waveforms.shape[1] < window and len(waveforms) == 1:
            with contextlib.suppress(NoRuleError):
                if (output := self._end(waveforms, window)) is not None:
                    return output
        outputs, begin, samples = [], 0, waveforms.shape[1]
        while begin < len(waveforms):
            # Few numbers of rows, so that compilers see few shapes.
            rows = 1 << ((len(waveforms) - begin).bit_length() - 1)
            rows = rows_that_fit(self._network, rows, samples)
            run = partial(self._run, waveforms[begin : begin + rows])
            found = attempt(run, self._network, rows, samples)
            if found is not None:
                output, *self._state = found
                outputs.append(output.astype("float32", copy=False))
                begin += rows
        return np.concatenate(outputs)

    def _run(self, waveforms: np.ndarray) -> list[np.ndarray]:
        inputs = [waveforms, *self._state]
        if shares() > 1:  # devices cannot share rows that follow each other
            found = self._network(inputs, training=False)
        else:
            found = self._network.predict_on_batch(inputs)
        return list(map(ops.convert_to_numpy, found))

    def _end(self, waveforms: np.ndarray, window: int) -> np.ndarray | None:
        """Return the output for the last window; None if it need not be padded.

        jax compiles a program for each length, so this one is padded to one of a few.
        """
        if self._ending is None or shares() > 1:  # devices cannot share one row
            return None
        samples = waveforms.shape[1]
        lengths = sizes(Lengths(1, window, window))
        size = next(size for size in lengths if size >= samples)
        filled = np.pad(waveforms, ((0, 0), (0, size - samples)))
        length = np.array([samples], "int32")
        output, count = self._ending.predict_on_batch([filled, length, *self._state])
        steps = int(count[0])
        own = output if steps < 0 else output[:, :steps]
        return np.asarray(own, "float32")


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


def _made_of(network: InferenceModel) -> tuple[InferenceModel, InferenceModel | None]:
    """Return the continued network and, on jax, that for last windows, built once."""
    if network.continued is None:
        on_jax = keras.backend.backend() == "jax"
        made = continued(network), _ending(network) if on_jax else None
        network.continued = lambda: made  # hidden from Keras' tracking
    found: tuple[InferenceModel, InferenceModel | None] = network.continued()
    return found


def _ending(network: keras.Model) -> InferenceModel:
    """Build the network that takes the last window of a clip, padded; see `_Last`."""
    last = _Last(network, name="last")
    inputs = [
        keras.Input(batch_shape=(1, network.input_shape[1]), name="waveform"),
        keras.Input(batch_shape=(1,), dtype="int32", name="length"),
    ]
    for number, size in enumerate(last.sizes):
        inputs.append(keras.Input(batch_shape=(1, size), name=f"state_{number}"))
    return InferenceModel(inputs, last(inputs), name=f"{network.name}_ending")


class _InOrder(layers.Layer):
    """A network whose rows are windows that follow each other.

    Args:
        network: See `continued`.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    couples_rows = True

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


class _Last(_InOrder):
    """A network on one window with silence behind it, which does not count.

    Its inputs are the window, (1, samples), the number of its own samples, (1,), and
    the state before it. Its outputs are that of the window, and the number of its own
    steps, (1,); negative for all.

    Raises:
        NoRuleError: When called; the effect of a layer on the end is unknown.
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the output and the number of steps."""
        waveform, length, *before = inputs
        position = 0

        def run(layer: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal position
            if not (kind := _kind(layer)):
                return call_timed(layer, *args, **kwargs)
            count = len(_sizes(layer))
            (x,) = args
            output, *_ = kind(layer, x.value, before[position:][:count])
            position += count
            added = layer.context_samples if isinstance(layer, LeadIn) else 0
            return Timed(output, x.count + added)

        begin = Timed(waveform, length[0])
        end = self.network._run_through_graph([begin], call_fn=run)
        steps = -1 if end.count is None else end.count
        return end.value, ops.reshape(ops.convert_to_tensor(steps, "int32"), (1,))

    def compute_output_spec(self, inputs: Sequence[Any]) -> Any:
        """Return the specification of the output and of the number of steps."""
        output = (1, *self.network.output.shape[1:])
        return keras.KerasTensor(output, "float32"), keras.KerasTensor((1,), "int32")


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
