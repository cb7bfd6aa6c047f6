"""New heads: a fitted probe, or a fresh layer, on the body of a pretrained model."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np

from kerasaudio.arguments import class_name
from kerasaudio.core import AudioModel
from kerasaudio.core.architecture import Activation
from kerasaudio.core.heads import (
    PREFIX,
    averaged,
    head_layers,
    penultimate,
    scorer,
    with_head,
)
from kerasaudio.layers import Standardize


def attach(model: AudioModel, probe: keras.Model, labels: Sequence[str]) -> AudioModel:
    """Attach a fitted probe to the embedding of the model that its features came from.

    The result has the layers that the model's factory makes for `labels`, with the
    probe's weights; "mlp" adds its hidden layer before them. Networks that score
    patches or frames also do so with the probe: it is fitted on the average of a clip,
    scores each piece, and the network's own pooling combines these scores. For other
    networks, the scores are those of the probe.

    Args:
        model: Model with or without a top; the layers of its body are shared, not
            copied.
        probe: "linear" or "mlp" probe from `fit_probe`, on the layer "embedding"; or
            your own chain of dense layers, the last one with one unit per class.
        labels: Names of the classes, in the order of their numbers.

    Returns:
        Model from waveforms (b, samples) to class probabilities (b, classes), with
        `tag`.

    Raises:
        ValueError: The probe needs other features or is not such a chain, or the labels
            do not fit.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.load("LeNetMFCC/fsdd")
        >>> vectors = kerasaudio.FeatureExtractor(model).extract(clips.paths).vectors
        >>> probe = kerasaudio.transfer.fit_probe(vectors, clips.targets)
        >>> tagger = kerasaudio.transfer.attach(model, probe, clips.class_names)
        >>> label, score = tagger.tag("labeled/hum/0.wav")[0]
        >>> label
        'hum'
    """
    embedding = model.get_layer("embedding").output
    if tuple(probe.input_shape) != tuple(embedding.shape):
        raise ValueError(
            f"The probe needs features of shape {tuple(probe.input_shape)}, but the "
            f"embedding of {model.name} is {tuple(embedding.shape)}. Probes over "
            "windows (gru) cannot be attached."
        )
    names = _names(labels, probe.output_shape[-1])
    *hidden, last = _chain(probe)
    if not isinstance(last, keras.layers.Dense):
        raise ValueError(
            f"The last layer of the probe is {last.name!r}, a {type(last).__name__}. "
            "It must be a dense layer with one unit per class."
        )
    weights = last.get_weights()
    if len(hidden) == 1 and isinstance(hidden[0], Standardize):
        weights = _with_scale(weights, hidden.pop())
    seen = _behind_dropout(model)
    for layer in hidden:
        config = layer.get_config()
        again = type(layer).from_config(config | {"name": f"{PREFIX}{layer.name}"})
        seen = again(seen)
        again.set_weights(layer.get_weights())
    whole = with_head(model, names, activation=last.activation, seen=seen)
    scorer(whole).set_weights(weights)
    return whole


def with_new_head(
    model: AudioModel,
    labels: Sequence[str],
    *,
    frozen: bool,
    activation: Activation = "auto",
) -> AudioModel:
    """Return a copy of a model with a new head for other classes.

    Args:
        model: Model; it does not change. The copy starts with the same weights.
        labels: Names of the classes.
        frozen: Whether only the new head is trained; batch normalization then also
            keeps its statistics.
        activation: Activation of the head; see `kerasaudio.core.heads.with_head`.
    """
    copy = AudioModel.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    tuned = with_head(copy, labels, activation=activation)
    freeze_body(tuned, frozen)
    return tuned


def freeze_body(model: AudioModel, frozen: bool) -> None:
    """Make only the head trainable, or all layers."""
    head = head_layers(model)
    for layer in model.layers:
        layer.trainable = layer in head or not frozen


def freeze_normalization(model: AudioModel) -> None:
    """Make batch normalization not trainable, so that it keeps its statistics."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def _chain(probe: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a network in order, including those of nested networks."""
    for layer in probe.layers:
        if isinstance(layer, keras.Model):
            yield from _chain(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            if not isinstance(layer, Standardize | keras.layers.Dense | _PLAIN):
                raise ValueError(
                    f"A probe must be a chain of dense layers. {layer.name!r} is a "
                    f"{type(layer).__name__}."
                )
            yield layer


_PLAIN = keras.layers.Dropout | keras.layers.Activation | keras.layers.ReLU


def _with_scale(weights: list[np.ndarray], scale: Standardize) -> list[np.ndarray]:
    """Return kernel and bias for raw features from those for standardized ones."""
    kernel, bias = (weight.astype("float64") for weight in weights)
    kernel = kernel / np.reshape(np.asarray(scale.std, "float64"), (-1, 1))
    mean = np.broadcast_to(np.asarray(scale.mean, "float64"), len(kernel))
    return [kernel, bias - mean @ kernel]


def _behind_dropout(model: AudioModel) -> keras.KerasTensor:
    """Return the probe's input: the embedding, or the pieces that it averages.

    If the network's own head has the same input after dropout, the probe has it, too.
    """
    place, seen = averaged(model), penultimate(model)
    last = keras.Model(model.input, seen).layers[-1]
    is_dropout = isinstance(last, keras.layers.Dropout) and last.output is seen
    return seen if is_dropout and last.input is place else place


def _names(labels: Sequence[str], classes: int) -> tuple[str, ...]:
    names = () if isinstance(labels, str) else tuple(map(class_name, labels))
    if len(names) != classes or len(set(names)) != len(names):
        raise ValueError(
            f"labels must be {classes} different class names. Received: {labels!r}."
        )
    return names
