"""New heads: a fitted probe, or a fresh layer, on the body of a pretrained model."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasaudio.arguments import class_name
from kerasaudio.models import AudioModel
from kerasaudio.models.initializers import numpy_initializers


def attach(model: AudioModel, probe: keras.Model, labels: Sequence[str]) -> AudioModel:
    """Put a fitted probe on the embedding of the model that its features came from.

    Args:
        model: With or without a top; its layers are shared, not copied.
        probe: From `fit_probe`, "linear" or "mlp", on the layer "embedding".
        labels: Names of the classes, in the order of their numbers.

    Returns:
        Waveform (b, samples) -> class probabilities (b, classes), with `tag`.

    Raises:
        ValueError: The probe takes other features, or the labels do not fit.
    """
    embedding = model.get_layer("embedding").output
    if tuple(probe.input_shape) != tuple(embedding.shape):
        raise ValueError(
            f"The probe takes features of shape {tuple(probe.input_shape)}; the "
            f"embedding of {model.name} is {tuple(embedding.shape)}. Probes over "
            "windows (gru) cannot be attached."
        )
    return AudioModel(
        model.input,
        probe(embedding),
        name=model.name,
        spec=model.spec.of_own_head().replace(
            labels=_names(labels, probe.output_shape[-1])
        ),
    )


def with_new_head(
    model: AudioModel, labels: Sequence[str], *, frozen: bool
) -> AudioModel:
    """Give a copy with a softmax layer of its own classes instead of the old head.

    Args:
        model: Keeps its weights; the copy starts with the same.
        labels: Names of the classes.
        frozen: Whether only the new layer learns; batch normalisation then also keeps
            its statistics.
    """
    names = _names(labels, len(labels))
    copy = AudioModel.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    with numpy_initializers():
        head = keras.layers.Dense(
            len(names), "softmax", name="predictions", dtype="float32"
        )
        tuned = AudioModel(
            copy.input,
            head(_last_vector(copy)),
            name=model.name,
            spec=model.spec.of_own_head().replace(labels=names),
        )
    for layer in tuned.layers:
        layer.trainable = layer is head or not frozen
    return tuned


def freeze_normalisation(model: AudioModel) -> None:
    """Leave batch normalisation as it is while the other layers learn."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def _last_vector(model: AudioModel) -> keras.KerasTensor:
    """Give what the head of a network sees: one vector a clip."""
    if all(layer.name != "predictions" for layer in model.layers):
        return model.output
    seen = model.get_layer("predictions").input
    # Networks that score pieces of a clip average scores; a new head sees the average.
    return seen if _is_vector(seen) else model.get_layer("embedding").output


def _is_vector(seen: Any) -> bool:
    return isinstance(seen, keras.KerasTensor) and len(seen.shape) == 2


def _names(labels: Sequence[str], classes: int) -> tuple[str, ...]:
    names = () if isinstance(labels, str) else tuple(map(class_name, labels))
    if len(names) != classes or len(set(names)) != len(names):
        raise ValueError(
            f"labels must be {classes} different class names. Received: {labels!r}."
        )
    return names
