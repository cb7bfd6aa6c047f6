"""A network with augmentation built in, which shares every weight with its original.

waveform -> (waveform layers) -> ... frontend -> (features layers) -> ... output
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras.layers import Layer

from kerasaudio.core import AudioModel
from kerasaudio.core.inference import InferenceModel

FRONTEND = "frontend"


def augmented(
    model: AudioModel,
    waveform: Sequence[Layer] = (),
    features: Sequence[Layer] = (),
) -> InferenceModel:
    """Give the same network with layers put in that change its inputs in training.

    All layers are the model's own: training one trains the other. In inference the
    augmentations give back what they get, and the two give the same numbers.

    Args:
        model: From waveform to scores or vectors.
        waveform: Layers that go behind the input, in order: `Noise`, `TimeShift`,
            `Volume`, `Filter`, `Convolution` ...; (batch, samples) in and out.
        features: Layers that go behind the layer `frontend`, in order: `SpecAugment`,
            `VTLP` ...; (batch, frames, bins) in and out.

    Returns:
        A `keras.Model` without a spec, not compiled.

    Raises:
        ValueError: Layers for features, and the network has none (raw samples); what
            is no layer; a layer that changes a shape or refuses its input.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> noise = kerasaudio.layers.Noise(seed=0)
        >>> learner = kerasaudio.training.augmented(model, waveform=[noise])
        >>> learner.compile("adam", "sparse_categorical_crossentropy")
        >>> history = learner.fit(clips.batches(model), verbose=0)
        >>> tags = model.tag("labeled/hum/0.wav")  # has learned, too
    """
    check_layers("waveform", waveform)
    check_layers("features", features)
    if features:
        _check_features(model)
    source = model.input
    begin = keras.Input(batch_shape=source.shape, dtype=source.dtype, name=source.name)
    heard = _through(begin, waveform)

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = keras.tree.map_structure(
            lambda value: heard if value is begin else value, (args, kwargs)
        )
        output = layer(*args, **kwargs)
        return _through(output, features) if layer.name == FRONTEND else output

    built = keras.models.clone_model(
        model,
        input_tensors=begin,
        clone_function=lambda layer: layer,
        call_function=call,
    )
    return InferenceModel(begin, built.output, name=f"{model.name}_augmented")


def check_layers(name: str, layers: Sequence[Layer]) -> None:
    """Raise a ValueError unless `layers` are a sequence of layers."""
    several = isinstance(layers, Sequence) and not isinstance(layers, str)
    if not several or not all(isinstance(layer, Layer) for layer in layers):
        raise ValueError(
            f"`{name}` must be a list of layers, such as [kerasaudio.layers.Noise()]. "
            f"Received: {layers!r}."
        )


def _check_features(model: AudioModel) -> None:
    shape = tuple(model.get_layer(FRONTEND).output.shape)
    if len(shape) != 3 or shape[2] == 1:
        raise ValueError(
            f"{model.name} has no features to augment: its front-end gives {shape}, "
            "not (batch, frames, bins). Augment the waveform."
        )


def _through(value: Any, layers: Sequence[Layer]) -> Any:
    for layer in layers:
        changed = layer(value)
        if changed.shape != value.shape:
            raise ValueError(
                f"Augmentation must keep the shape {tuple(value.shape)}. {layer.name} "
                f"gives {tuple(changed.shape)}."
            )
        value = changed
    return value
