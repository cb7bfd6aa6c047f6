"""Add a head to a network, or replace it.

Factories add it to a body. Later (new labels for a saved model, a probe) the
architecture is found by its name in the spec, and the same code builds the new head.
"""

from collections.abc import Sequence
from typing import Any

import keras

from kerasaudio.arguments import class_names
from kerasaudio.core.architecture import (
    ARCHITECTURES,
    DENSE,
    Activation,
    Architecture,
    own_activation,
)
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.initializers import numpy_initializers
from kerasaudio.core.patchwise import PatchMean
from kerasaudio.core.random_weights import kernel_checksum

PREFIX = "head_"


def add_head(
    architecture: Architecture | None,
    seen: keras.KerasTensor,
    embedding: keras.KerasTensor,
    classes: int,
    activation: Activation,
) -> keras.KerasTensor:
    """Add a head with random weights to a body.

    Args:
        architecture: Architecture that defines the head; None for the user's own
            network, which gets a dense layer.
        seen: Input of the head, (batch, features) or (batch, pieces, features).
        embedding: (batch, features).
        classes: Number of classes.
        activation: Activation of the scores.

    Returns:
        Scores, (batch, classes), the output of the layer `predictions`.
    """
    head = DENSE if architecture is None else architecture.head
    with numpy_initializers():
        return head.build(seen, embedding, classes, activation)


def with_head(
    model: AudioModel,
    labels: Sequence[str],
    *,
    activation: Activation = "auto",
    seen: keras.KerasTensor | None = None,
) -> AudioModel:
    """Return a model with a new head on the same body, as its factory would build it.

    Args:
        model: Model with or without a top; the layers of its body are shared, not
            copied.
        labels: Names of the classes.
        activation: Activation of the scores. "auto" is softmax, or sigmoid for one
            class and if sounds overlap.
        seen: Tensor of the model that is the input of the head; default: the usual
            one.

    Returns:
        The body with a head of random weights. The spec has the new labels and no
        `metrics`, as those belonged to the old head; `weights`, `license` and the
        other fields still describe the origin of the body.

    Raises:
        ValueError: `labels` is not a list of different names.
    """
    names = class_names(labels)
    architecture = ARCHITECTURES.get(model.spec.architecture)
    if activation == "auto":
        overlapping = architecture is not None and architecture.overlapping
        activation = own_activation(len(names), overlapping)
    if seen is None:
        seen = penultimate(model)
    scores = add_head(architecture, seen, _embedding(model), len(names), activation)
    made = AudioModel(
        model.input,
        scores,
        name=model.name,
        spec=model.spec.of_own_head().replace(labels=tuple(names), metrics={}),
    )
    if model.has_random_weights:
        made.random_checksum = kernel_checksum(made)
    return made


def head_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a model's head, in order; an empty list without a top."""
    scorers = {"predictions"} | {known.head.scorer for known in ARCHITECTURES.values()}
    return [
        layer
        for layer in model.layers
        if layer.name in scorers or layer.name.startswith(PREFIX)
    ]


def scorer(model: keras.Model) -> keras.layers.Layer:
    """Return the layer that has one unit per class, and an activation.

    Raises:
        ValueError: The model has no top.
    """
    layers = head_layers(model)
    # A probe that an older version attached is a separate network.
    layers += [inside for layer in layers for inside in getattr(layer, "layers", ())]
    for layer in reversed(layers):
        if layer.weights and hasattr(layer, "activation"):
            return layer
    raise ValueError(f"{model.name} has no layer that scores classes.")


def activation_name(model: keras.Model) -> str | None:
    """Return the name of a head's activation, such as "softmax"; None if it has none.

    Raises:
        ValueError: The model has no top.
    """
    named = keras.activations.serialize(scorer(model).activation)
    return named if isinstance(named, str) else None


def penultimate(model: AudioModel) -> keras.KerasTensor:
    """Return the input of a new head in the graph of a model with or without a top.

    A model that returns its embedding may lack the layers between that and the head.
    Layers without weights (dropout, an activation) are added again; otherwise the head
    gets the embedding, or the pieces that the embedding averages.
    """
    architecture = ARCHITECTURES.get(model.spec.architecture)
    head = head_layers(model)
    is_known = architecture is None or any(
        layer.name == architecture.head.scorer for layer in head
    )
    if head and is_known and not any(isinstance(layer, keras.Model) for layer in head):
        seen = head[0].input
        pieces = architecture is not None and architecture.head is not DENSE
        if isinstance(seen, keras.KerasTensor) and (pieces or len(seen.shape) == 2):
            return seen
    if architecture is None:
        return _embedding(model) if head else model.output
    return _regrown(model, architecture)


def averaged(model: AudioModel) -> keras.KerasTensor:
    """Return the embedding, or the pieces (batch, pieces, features) it averages."""
    layer = _layer(model, "embedding")
    if isinstance(layer, PatchMean):
        return layer.input
    return _embedding(model)


def _embedding(model: AudioModel) -> keras.KerasTensor:
    layer = _layer(model, "embedding")
    return model.output if layer is None else layer.output


def _layer(model: AudioModel, name: str) -> keras.layers.Layer | None:
    return next((layer for layer in model.layers if layer.name == name), None)


def _regrown(model: AudioModel, architecture: Architecture) -> keras.KerasTensor:
    """Continue from a model's layers as its architecture does, up to the head."""
    head = head_layers(model)
    have = {layer.name: layer for layer in model.layers if layer not in head}
    with numpy_initializers():
        body = architecture.body(**model.spec.arguments)
    whole = keras.Model(body.waveform, body.penultimate)
    if any(layer.weights for layer in whole.layers if layer.name not in have):
        return averaged(model)

    def clone(layer: Any) -> Any:
        return have.get(layer.name) or type(layer).from_config(layer.get_config())

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return layer.output if layer.name in have else layer(*args, **kwargs)

    grown = keras.models.clone_model(
        whole, input_tensors=model.input, clone_function=clone, call_function=call
    )
    return grown.output
