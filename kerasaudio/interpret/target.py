"""What is explained: the score of a label, or a unit or channel of a layer."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.core import AudioModel
from kerasaudio.core.feature_model import layer_output
from kerasaudio.core.heads import scorer
from kerasaudio.events.classes import chosen_columns, labels_of
from kerasaudio.interpret.kept import kept

_LINEAR = "_linear"  # behind the name of a layer that is copied without its activation


@dataclass(frozen=True, eq=False)
class Target:
    """A number per clip that depends on the sound.

    Attributes:
        network: Waveform (batch, samples) -> (batch, ..., units).
        unit: Position on the last axis.
        name: What it is, for titles: a label, or layer and unit.
    """

    network: keras.Model
    unit: int
    name: str

    def values(self, outputs: Any) -> Any:
        """Return the unit, averaged over time and frequency, (batch,)."""
        unit = outputs[..., self.unit]
        axes = tuple(range(1, len(unit.shape)))
        return ops.mean(unit, axis=axes) if axes else unit


def find_target(
    model: AudioModel,
    label: str | None = None,
    *,
    layer: str | None = None,
    unit: int | None = None,
) -> Target:
    """Return what a label, or a layer and a unit, stand for.

    Args:
        model: The model.
        label: One of its labels. The value is the score before its activation (logit)
            where the last layer has one, as the gradient of a score near 0 or 1
            vanishes; otherwise the score.
        layer: Name of a layer, instead of a label.
        unit: With `layer`: unit or channel, counted from 0, on the last axis.

    Raises:
        ValueError: The model has no such label, layer or unit, or both or neither of
            label and layer are given.
    """
    if (label is None) == (layer is None):
        raise ValueError("Pass either a label, or layer= and unit=.")
    if label is not None:
        if unit is not None:
            raise ValueError("unit= goes with layer=, not with a label.")
        known = labels_of(model)
        (column,) = chosen_columns([label], known, model.name)
        return Target(logits(model), column, known[column])
    assert layer is not None
    network = keras.Model(model.input, layer_output(model, layer))
    units = network.output.shape[-1]
    number = whole_number(unit, f"unit of layer {layer!r}", 0, units - 1)
    return Target(network, number, f"{layer}, unit {number}")


def logits(model: AudioModel) -> keras.Model:
    """Return the network whose outputs are the scores before their activation.

    Its last layer is a copy with the weights of today. If the scores of the last layer
    are processed further, or have no activation, it returns the model itself.
    """
    last = _last_layer(model)
    if not has_logits(model):
        return model
    if not last.weights:  # an activation on its own
        return keras.Model(model.input, last.input, name=model.name)
    # Once: Keras remembers each call of a layer as long as the model lives.
    network: keras.Model = kept(model, ("logits",), lambda: _linear(model, last))
    copied = network.get_layer(f"{last.name}{_LINEAR}").weights
    for old, new in zip(copied, last.weights, strict=True):
        # torch has no gradient of what another thread assigns meanwhile.
        if not _same(old, new):
            old.assign(new)
    return network


def _linear(model: AudioModel, last: Any) -> keras.Model:
    """Return the network with a copy of its last layer, without the activation."""
    own = {"activation": "linear", "name": f"{last.name}{_LINEAR}"}
    outputs = type(last).from_config(last.get_config() | own)(last.input)
    return keras.Model(model.input, outputs, name=model.name)


def _same(one: keras.Variable, other: keras.Variable) -> bool:
    """Return whether two variables have the same values, to the last bit."""
    first, second = (ops.convert_to_numpy(each.value) for each in (one, other))
    return first.tobytes() == second.tobytes()


def has_logits(model: AudioModel) -> bool:
    """Return whether `logits` are other numbers than the scores."""
    known = _last_layer(model) is not None
    return known and activation_name(model) not in (None, "linear")


def activation_name(model: AudioModel) -> str | None:
    """Return the activation of a model's scores, such as "softmax"; None if unknown."""
    last = _last_layer(model)
    if last is None:
        try:
            last = scorer(model)  # whose scores are averaged, for example
        except ValueError:
            return None
    if isinstance(last, keras.layers.Softmax):
        return "softmax"
    name = keras.activations.serialize(last.activation)
    return name if isinstance(name, str) else None


def _last_layer(model: AudioModel) -> Any:
    """Return the layer with an activation that gives the scores; None without one."""
    for layer in reversed(model.layers):
        known = isinstance(layer, keras.layers.Softmax) or hasattr(layer, "activation")
        try:
            is_last = known and layer.output is model.output
        except (AttributeError, ValueError):  # several outputs
            continue
        if is_last:
            return layer
    return None
