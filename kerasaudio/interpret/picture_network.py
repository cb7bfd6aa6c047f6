"""The part of a network that sees pictures: from pixels to layers, at any size."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
from keras import ops

from kerasaudio.core import AudioModel
from kerasaudio.interpret.pictures import Size
from kerasaudio.interpret.subnetwork import UnfitError, copy_of
from kerasaudio.layers.channels_last import LAYOUT

Preprocess = Callable[[Any], Any]
# Architectures of ours that make pictures of 0 to 255: the layer that has them.
_PICTURES = {"MelResNet50": "colors"}
# Networks of keras.applications that scale nothing themselves: name, module.
_APPLICATIONS = (
    (r"resnet\d+v2", "resnet_v2"),
    (r"resnet\d+", "resnet"),
    (r"vgg16", "vgg16"),
    (r"vgg19", "vgg19"),
    (r"mobilenetv2_.+", "mobilenet_v2"),
    (r"mobilenet_.+", "mobilenet"),
    (r"inception_v3", "inception_v3"),
    (r"inception_resnet_v2", "inception_resnet_v2"),
    (r"xception", "xception"),
    (r"densenet\d+", "densenet"),
    (r"nasnet.*", "nasnet"),
)
_USUAL_SIDE = 224


class PictureNetwork:
    """Layers of a network as functions of pictures.

    Args:
        model: A functional model.
        outputs: Tensors in its graph.
        names: What they are called in errors.
        picture_layer: Name of the layer whose output is the picture; None for the input
            of the model.
        preprocess: Turns pixels from 0 to 255 into what the network takes; None for
            what is known of it.

    Attributes:
        network: pictures (batch, height, width, 3) from 0 to 1 -> outputs, a list if
            there are several.
        size: The only height and width that it takes; None for any.
        usual: Height and width for which it was made.

    Raises:
        ValueError: The network sees no pictures, an output does not depend on them, or
            what it takes is unknown.
    """

    def __init__(
        self,
        model: keras.Model,
        outputs: Sequence[keras.KerasTensor],
        names: Sequence[str],
        picture_layer: str | None,
        preprocess: Preprocess | None,
    ) -> None:
        self.names = list(names)
        self._model_name = model.name
        start = _start(model, picture_layer)
        change = _preprocess(model, picture_layer) if preprocess is None else preprocess
        if not callable(change):
            raise ValueError(
                "preprocess must be a function of pixels from 0 to 255. Received: "
                f"{preprocess!r}."
            )
        try:
            trunk = keras.Model(start, outputs[0] if len(names) == 1 else list(outputs))
        except ValueError as error:
            raise ValueError(
                f"{', '.join(self.names)} of {model.name} cannot be computed from the "
                "picture alone. Name a layer after it."
            ) from error
        own = start.shape[1:3]
        channels = start.shape[3]
        self.size: Size | None = None
        self._why = ""
        try:
            copied = copy_of(trunk, keras.Input((None, None, channels)))
        except UnfitError as error:
            if None in own:
                raise
            self.size = own
            self._why = str(error).splitlines()[0]
            copied = copy_of(trunk, keras.Input((*own, channels)))
        height, width = (_USUAL_SIDE if side is None else side for side in own)
        self.usual: Size = height, width
        side = (None, None) if self.size is None else self.size
        picture = keras.Input((*side, 3), name="picture")
        try:
            pixels = _Pixels(change, channels)(picture)
        except (TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise ValueError(
                "preprocess must take a tensor (batch, height, width, channels) and "
                f"return one of this shape, by keras.ops. It raised: {error}"
            ) from error
        self.network = keras.Model(picture, copied(pixels), name=model.name)
        self._known: dict[Size, list[tuple[int | None, ...]]] = {}

    def shapes(self, size: Size) -> list[tuple[int | None, ...]]:
        """Return the shapes of the outputs for a picture of some size.

        Raises:
            ValueError: The network does not take this size, or nothing is left of it.
        """
        if self.size is not None and size != self.size:
            height, width = self.size
            raise ValueError(
                f"{self._model_name} takes pictures of {height} x {width} only up to "
                f"{', '.join(self.names)}, as not all layers before are convolutions. "
                f"Received: {size[0]} x {size[1]}. Pass size=({height}, {width}) and "
                f"octaves=1, or an earlier layer. Keras says: {self._why}"
            )
        if size not in self._known:
            try:
                shapes = self.network.compute_output_shape((1, *size, 3))
                shapes = [shapes] if len(self.names) == 1 else shapes
                fits = all(None in each or min(each) > 0 for each in shapes)
            except (ValueError, TypeError, RuntimeError, ArithmeticError):
                fits = False
            if not fits:
                raise ValueError(
                    f"A picture of {size[0]} x {size[1]} is too small for "
                    f"{', '.join(self.names)} of {self._model_name}. Pass a larger "
                    "size, fewer octaves, or an earlier layer."
                )
            self._known[size] = [tuple(each) for each in shapes]
        return self._known[size]


class _Pixels(keras.layers.Layer):
    """Turn pictures from 0 to 1 into what a network takes."""

    def __init__(self, change: Preprocess, channels: int) -> None:
        super().__init__(dtype="float32")
        self._change, self._channels = change, channels

    def call(self, inputs: Any) -> Any:
        """Scale pictures, and make them gray for a network with one channel."""
        pixels = 255 * inputs
        if self._channels == 1:
            pixels = ops.mean(pixels, axis=-1, keepdims=True)
        return self._change(pixels)


def functional(model: Any) -> keras.Model:
    """Return a network as a functional model, with the same layers.

    Raises:
        ValueError: Its layers are unknown.
    """
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ValueError(
            "network must be a functional or a built Sequential Keras model. Received: "
            f"{type(model).__name__}."
        )
    if isinstance(model, keras.Sequential):
        return keras.Model(model.inputs, model.outputs[0], name=model.name)
    return model


def _start(model: keras.Model, name: str | None) -> keras.KerasTensor:
    """Return the tensor that is the picture.

    Raises:
        ValueError: There is none.
    """
    if name is None and isinstance(model, AudioModel):
        name = _PICTURES.get(model.spec.architecture or "")
        if name is None:
            raise ValueError(
                f"{model.name} takes sound. To see what it does with pictures, pass "
                "picture_layer=, the name of the layer whose output (batch, height, "
                "width, channels) is one, and preprocess=."
            )
    if name is None:
        if len(model.inputs) != 1:
            raise ValueError(
                f"{model.name} has {len(model.inputs)} inputs. Expected one, a picture."
            )
        found, where = model.inputs[0], "the input"
    else:
        known = [layer.name for layer in model.layers]
        if name not in known:
            raise ValueError(
                f"{model.name} has no layer {name!r}. Its layers are: "
                f"{', '.join(known)}."
            )
        found, where = model.get_layer(name).output, f"layer {name!r}"
    shape: tuple[int | None, ...] = tuple(getattr(found, "shape", ()))
    if len(shape) != 4 or shape[3] not in (1, 3):
        raise ValueError(
            f"{model.name} sees no pictures: {where} must have the shape (batch, "
            f"height, width, 3), or 1 for gray. It has: {shape}."
        )
    return found


def _preprocess(model: keras.Model, picture_layer: str | None) -> Preprocess:
    """Return what turns pixels from 0 to 255 into the values that a network takes.

    Raises:
        ValueError: It is unknown.
    """
    if isinstance(model, AudioModel):
        if picture_layer in (None, _PICTURES.get(model.spec.architecture or "")):
            return _as_it_is
    elif picture_layer is None:
        for layer in model.layers:
            if isinstance(layer, keras.layers.Rescaling | keras.layers.Normalization):
                return _as_it_is
            if layer.trainable_weights:
                break
        for name, module in _APPLICATIONS:
            if re.fullmatch(name, model.name, re.IGNORECASE):
                known = getattr(keras.applications, module).preprocess_input
                return partial(known, data_format=LAYOUT)
    raise ValueError(
        f"What values {model.name} takes is unknown. Pass preprocess=, a function of "
        "pixels from 0 to 255, such as keras.applications.resnet50.preprocess_input, "
        "or lambda pixels: pixels / 255."
    )


def _as_it_is(pixels: Any) -> Any:
    return pixels
