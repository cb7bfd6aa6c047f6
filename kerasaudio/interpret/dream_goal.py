"""What a dream climbs: a layer's activations, their likeness to a guide, or a unit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number
from kerasaudio.core.audio_model import check_model
from kerasaudio.core.feature_model import layer_output
from kerasaudio.interpret.objective import Objective, objective_of
from kerasaudio.interpret.target import Target, activation_name, find_target, logits

Layers = str | Sequence[str] | Mapping[str, float]
# Outputs, a list if several, pictures, activations of a guide -> (batch,).
Value = Callable[..., Any]


class DreamGoal(NamedTuple):
    """What is climbed.

    Attributes:
        outputs: Tensors in the graph of the network.
        names: Names of their layers.
        title: What it is called.
        value: What is climbed without a guide.
        guided: What is climbed with one; None for units.
        score: Turns values into scores.
    """

    outputs: list[keras.KerasTensor]
    names: list[str]
    title: str
    value: Value
    guided: Value | None
    score: Callable[[np.ndarray], np.ndarray]


def find_goal(
    model: keras.Model, layers: Layers | None, label: str | None, unit: int | None
) -> DreamGoal:
    """Return what layers, or a label, or a layer and a unit, stand for.

    Raises:
        ValueError: There is no such layer, label or unit; or there are both or neither
            of layers and label.
    """
    if (label is None) == (layers is None):
        raise ValueError("Pass either layers=, or label=.")
    if label is not None:
        check_model(model, "dream with label=")
        target = find_target(model, label, unit=unit)
        return _of_unit(model, target, label, is_score=True)
    assert layers is not None
    shares = _shares(layers)
    names = list(shares)
    outputs = [layer_output(model, name) for name in names]
    if unit is not None:
        if len(names) > 1:
            raise ValueError(
                f"unit= goes with one layer. Received: {', '.join(names)}."
            )
        target = find_target(model, layer=names[0], unit=unit)
        return _of_unit(model, target, names[0], outputs[0] is model.output)
    weights = list(shares.values())

    def value(found: Any, pictures: Any) -> Any:
        maps = found if len(names) > 1 else [found]
        return _sum(weights, [_power(each) for each in maps])

    def guided(found: Any, pictures: Any, *guide: Any) -> Any:
        maps = found if len(names) > 1 else [found]
        pairs = zip(maps, guide, strict=True)
        return _sum(weights, [_likeness(each, its) for each, its in pairs])

    return DreamGoal(outputs, names, ", ".join(names), value, guided, np.asarray)


def _of_unit(
    model: keras.Model, target: Target, layer: str, is_score: bool
) -> DreamGoal:
    objective = Objective(lambda out, x: target.values(out), np.asarray)
    if is_score and activation_name(model) in ("sigmoid", "softmax"):
        target = Target(logits(model), target.unit, target.name)
        objective = objective_of(model, target, is_label=True, against=False)
    return DreamGoal(
        [target.network.output],
        [layer],
        target.name,
        objective.value,
        None,
        objective.score,
    )


def _shares(layers: Layers) -> dict[str, float]:
    """Return the weight of each layer."""
    if isinstance(layers, str):
        return {layers: 1.0}
    if not isinstance(layers, Mapping | Sequence) or not len(layers):
        raise ValueError(
            "layers must be the name of a layer, several names, or names with their "
            f"weights. Received: {layers!r}."
        )
    if not isinstance(layers, Mapping):
        layers = dict.fromkeys(layers, 1.0)
    return {
        str(name): number(weight, f"the weight of layer {name!r}")
        for name, weight in layers.items()
    }


def _sum(weights: Sequence[float], values: Sequence[Any]) -> Any:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


def _power(activations: Any) -> Any:
    """Return half the mean square, whose gradient is the activations'."""
    activations = ops.cast(activations, "float32")
    axes = tuple(range(1, len(activations.shape)))
    return 0.5 * ops.mean(ops.square(activations), axis=axes)


def _likeness(activations: Any, guide: Any) -> Any:
    """Return how well each position matches the best one of the guide, on average.

    Args:
        activations: Of one picture, (1, height, width, channels).
        guide: (positions, channels).
    """
    channels = activations.shape[-1]
    found = ops.reshape(ops.cast(activations, "float32"), (-1, channels))
    # The best position is chosen anew in each step, and then held.
    products = ops.matmul(ops.stop_gradient(found), ops.transpose(guide))
    best = ops.take(guide, ops.argmax(products, axis=-1), axis=0)
    return ops.reshape(ops.mean(found * best), (1,))
