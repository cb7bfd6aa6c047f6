"""Run a network for any length on padded clips, with the same results.

waveform (batch, samples), length <= samples -> outputs, and the number of their steps
that belong to the clip; see `time_axis`.
"""

from collections.abc import Mapping
from typing import Any

import keras

from kerasaudio.core.programs import time_rules, time_rules_frontend
from kerasaudio.layers.time_axis import RULES, NoRuleError, Timed

__all__ = ["NoRuleError", "call_timed", "run_filled", "takes_any_length"]
_WITH_RULES = (time_rules, time_rules_frontend)  # importing them registers the rules


def takes_any_length(model: Any) -> bool:
    """Return whether a model takes waveforms (batch, samples) of any length."""
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    return shapes == [(None, None)]


def run_filled(
    model: Any, waveform: Any, length: Any, tiled: Mapping[int, Any] | None = None
) -> tuple[Any, Any]:
    """Run a functional model for inference on padded clips.

    Args:
        model: A functional model for waveforms of any length.
        waveform: (batch, samples).
        length: Number of samples that belong to the clips, a scalar integer tensor. The
            samples after them do not matter.
        tiled: What runs in place of layers, by the `id` of the layer; see `tiled`.

    Returns:
        The outputs of the model; and in the same structure the number of steps along
        axis 1 that belong to the clip, a scalar tensor, or a negative number for all.

    Raises:
        NoRuleError: The effect of a layer on the end of a clip is unknown.
    """
    dtype = model.inputs[0].dtype
    begin = Timed(keras.ops.convert_to_tensor(waveform, dtype), length)

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        return call_timed((tiled or {}).get(id(operation), operation), *args, **kwargs)

    ends = model._run_through_graph([begin], call_fn=call)
    for end in keras.tree.flatten(ends):
        if end.pieces is not None:
            raise NoRuleError("The outputs are pieces of clips.")
    values = keras.tree.map_structure(lambda end: end.value, ends)
    counts = keras.tree.map_structure(
        lambda end: -1 if end.count is None else end.count, ends
    )
    return values, counts


def call_timed(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """Run an operation on `Timed` inputs by its rule; raise NoRuleError without one."""
    inputs = [x for x in keras.tree.flatten((args, kwargs)) if isinstance(x, Timed)]
    if all(x.count is None for x in inputs):
        args, kwargs = keras.tree.map_structure(_value, (args, kwargs))
        pieces = next((x.pieces for x in inputs if x.pieces is not None), None)
        return keras.tree.map_structure(
            lambda y: Timed(y, pieces=pieces), operation(*args, **kwargs)
        )
    if isinstance(operation, keras.Model) and hasattr(operation, "_run_through_graph"):
        return operation._run_through_graph(inputs, call_fn=call_timed)
    known = RULES.get(type(getattr(operation, "stands_for", operation)))
    if known is None or len(keras.tree.flatten(args)) != len(inputs):
        raise NoRuleError(f"{type(operation).__name__} {operation.name!r}")
    timed = known(operation, inputs)
    if all(x.pieces is not None for x in inputs):
        timed.pieces = inputs[0].pieces
    return timed


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Timed) else x
