"""What is known of a model's layers: whether rows depend on each other, and sizes."""

import math
from typing import Any

import keras
from keras import layers

_OWN = ("keras.", "kerasaudio.")
_UNKNOWN = (layers.Lambda, layers.TorchModuleWrapper)


def is_rowwise(model: Any) -> bool:
    """Return whether parts of a batch give the same outputs as the batch.

    False if it is unknown: the model has operations or layers of the user, or a fixed
    batch size.
    """
    ends = (*model.inputs, *model.outputs)
    return all(tensor.shape[0] is None for tensor in ends) and all(
        _layer_is_rowwise(layer)
        for nodes in model._nodes_by_depth.values()
        for node in nodes
        for layer in _with_layers_inside(node.operation)
    )


def largest_row(model: Any, samples: int) -> int:
    """Return the bytes of the largest tensor in a network, for one row of a batch.

    Args:
        model: A functional model from waveforms.
        samples: Length of the waveform.
    """
    sizes = [samples]
    for _, shapes in output_shapes(model, samples):
        sizes += [math.prod(size or 1 for size in shape) for shape in shapes]
    return 4 * max(sizes)


def output_shapes(model: Any, samples: int) -> list[tuple[Any, list[Any]]]:
    """Return the layers of a network with the shapes of their outputs, for one row.

    Args:
        model: A functional model from waveforms.
        samples: Length of the waveform.
    """
    found: list[tuple[Any, list[Any]]] = []

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = operation.compute_output_spec(*args, **kwargs)
        shapes = [tensor.shape for tensor in keras.tree.flatten(outputs)]
        found.append((operation, shapes))
        return outputs

    waveform = keras.KerasTensor((1, samples), "float32")
    model._run_through_graph([waveform], call_fn=call)
    return found


def makes_masks(model: Any) -> bool:
    """Return whether a layer makes a mask, which others get beside their inputs."""
    return any(
        isinstance(layer, layers.Masking)
        or getattr(layer, "mask_zero", False)
        or not type(layer).compute_mask.__module__.startswith(_OWN)
        for layer in model._flatten_layers()
        if layer is not model
    )


def _with_layers_inside(operation: Any) -> list[Any]:
    flatten = getattr(operation, "_flatten_layers", None)
    return [operation] if flatten is None else list(flatten())


def _layer_is_rowwise(layer: Any) -> bool:
    if not isinstance(layer, layers.Layer) or isinstance(layer, _UNKNOWN):
        return False
    functions = (type(layer), getattr(layer, "activation", None))
    if not all(_is_known(function) for function in functions):
        return False
    if getattr(layer, "couples_rows", False) or getattr(layer, "stateful", False):
        return False
    axes = keras.tree.flatten(getattr(layer, "axis", None))
    return all(axis is None or (axis != 0 and axis > -_rank(layer)) for axis in axes)


def _is_known(function: Any) -> bool:
    module = getattr(function, "__module__", type(function).__module__)
    return function is None or f"{module}.".startswith(_OWN)


def _rank(layer: Any) -> int:
    try:
        return len(layer.output.shape)
    except (AttributeError, ValueError):  # used inside another layer, or several times
        return 2
