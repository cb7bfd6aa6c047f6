"""A network with augmentation built in, which shares all weights with the original.

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
    """Return the network with extra layers that change its inputs during training.

    All other layers are those of the model: training one network trains the other. In
    inference the augmentation layers return their input, so that both networks return
    the same numbers.

    Args:
        model: Model that maps waveforms to scores or vectors.
        waveform: Layers to insert after the input, in order, such as `Noise`,
            `TimeShift`, `Volume`, `Filter` or `Convolution`; input and output are
            (batch, samples).
        features: Layers to insert after the layer `frontend`, in order, such as
            `SpecAugment` or `VTLP`; input and output are (batch, frames, bins).

    Returns:
        A `keras.Model` without a spec, not compiled.

    Raises:
        ValueError: There are layers for features, but the network has no features (it
            works on raw samples); an entry is not a layer; or a layer changes the shape
            of its input or does not accept it.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> noise = kerasaudio.layers.Noise(seed=0)
        >>> learner = kerasaudio.training.augmented(model, waveform=[noise])
        >>> learner.compile("adam", "sparse_categorical_crossentropy")
        >>> history = learner.fit(clips.batches(model), verbose=0)
        >>> tags = model.tag("labeled/hum/0.wav")  # is trained, too
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
    """Raise a ValueError unless `layers` is a sequence of layers."""
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
            f"{model.name} has no features to augment: its front-end returns {shape},"
            " not (batch, frames, bins). Augment the waveform."
        )


def _through(value: Any, layers: Sequence[Layer]) -> Any:
    for layer in layers:
        changed = layer(value)
        if changed.shape != value.shape:
            raise ValueError(
                f"Augmentation layers must keep the shape {tuple(value.shape)}. "
                f"Received: {layer.name}, which returns {tuple(changed.shape)}."
            )
        value = changed
    return value
