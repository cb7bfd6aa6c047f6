"""MelResNet50: a mel spectrogram as a picture for a network trained on photographs.

    waveform (b, 110162) -> mel, dB below the loudest: frontend (b, 224, 224)
    -> gray picture of 0 (80 dB below) to 255, minus ImageNet's mean color
       (b, 224, 224, 3)
    -> ResNet50 (b, 7, 7, 2048) -> embedding (b, 2048) -> predictions (b, 50)

The picture does not depend on the level of the clip; a silent clip is white.

Source: He et al. 2016, arXiv:1512.03385, as in `keras.applications.ResNet50`.
Palanisamy et al. 2020, arXiv:2007.11154, show that ImageNet's weights are useful for
sounds. There are no published weights for sounds.
"""

from os import PathLike, fspath
from pathlib import Path
from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import batch_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.checks import check_share
from kerasaudio.core.pretrained import Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, MelSpectrogram, Standardize, channels_last

SAMPLE_RATE = 22_050
HOP = 494
SIDE = 224
RANGE_DB = 80.0
IMAGENET_MEAN = [103.939, 116.779, 123.68]  # blue, green, red, the order of its weights
SMALLEST_SIDE = 32  # smallest that ResNet50 accepts
EPSILON = 1.001e-5
# Blocks, filters and stride of the first block, of conv2 to conv5.
STACKS = ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2))


def MelResNet50(
    weights: Weights = None,
    *,
    backbone: str | PathLike[str] | None = None,
    side: int | None = None,
    dropout: float | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Classify 5 s of sound with ResNet50 on a picture of its mel spectrogram.

    Input: float32 in [-1, 1], mono, 22,050 Hz, (batch, 110162).
    Output: (batch, classes), probabilities that sum to one.
    Embedding: (batch, 2048).

    Args:
        backbone: Initial weights of ResNet50: "imagenet" (94.8 MB, downloaded by Keras
            and checked against its hash), the path of such a file
            (`resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5`), or None (default)
            for random weights. Cannot be combined with `weights`.
        side: Number of frames and of bands of the picture, at least 32; default: 224.
            The clip is (side - 1) * 494 samples long.
        dropout: Fraction of the embedding dropped in training, 0 to 0.9; default: 0.3.

    Raises:
        ValueError: The backbone file does not fit.

    Source: arXiv:1512.03385, arXiv:2007.11154.
    """
    if weights is not None and backbone is not None:
        raise ValueError(
            f"weights={weights!r} covers the whole network, and backbone={backbone!r} "
            "names other weights for most of it. Pass only one of the two."
        )
    photographs = None if backbone is None else _photographs(fspath(backbone))
    model = build(
        _MEL_RESNET50, weights=weights, shared=shared, side=side, dropout=dropout
    )
    if photographs is not None:
        _start_from(model, photographs)
    return model


def _body(side: int, dropout: float) -> Body:
    check_share(dropout=dropout, most=0.9)
    if side < SMALLEST_SIDE:
        raise ValueError(
            f"side must be at least {SMALLEST_SIDE}, the smallest that ResNet50 "
            f"accepts. Received: {side!r}."
        )
    frontend: dict[str, Any] = {
        "sample_rate": SAMPLE_RATE,
        "n_fft": 2048,
        "hop_length": HOP,
        "n_mels": side,
    }
    clip_samples = (side - 1) * HOP
    waveform = keras.Input((clip_samples,), name="waveform")
    x = MelSpectrogram(**frontend, name="mel")(waveform)
    x = Decibel(ref="max", top_db=RANGE_DB, name="frontend")(x)
    x = Standardize(mean=-RANGE_DB, std=RANGE_DB / 255, name="gray")(x)
    x = layers.Reshape((side, side, 1), name="image", dtype="float32")(x)
    x = layers.Concatenate(name="colors", dtype="float32")([x, x, x])
    x = Standardize(mean=IMAGENET_MEAN, name="picture")(x)
    x = resnet50(x)
    embedding = channels_last.GlobalAveragePooling2D(name="embedding")(x)
    x = layers.Dropout(dropout, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, clip_samples, frontend)
    return Body(waveform, embedding, x, spec)


def _start_from(model: AudioModel, photographs: keras.Model) -> None:
    """Copy the weights of a network for photographs to a model's ResNet50 layers."""
    for layer in photographs.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())


def _photographs(backbone: str) -> keras.Model:
    if backbone != "imagenet" and not Path(backbone).is_file():
        raise FileNotFoundError(
            f"There is no backbone file {backbone!r}. Pass 'imagenet', or the path of "
            "weights of keras.applications.ResNet50(include_top=False)."
        )
    try:
        return keras.applications.ResNet50(include_top=False, weights=backbone)
    except Exception as error:  # Keras raises a bare one when a download fails
        if backbone == "imagenet":
            raise OSError(
                "ImageNet's weights of ResNet50 (94.8 MB) are unavailable. Without a "
                "network, fetch resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5 "
                f"elsewhere and pass backbone=its path. Keras says: {error}"
            ) from error
        raise ValueError(
            f"{backbone!r} does not hold weights of keras.applications.ResNet50("
            f"include_top=False). Keras says: {error}"
        ) from error


def resnet50(x: keras.KerasTensor) -> keras.KerasTensor:
    """Turn pictures (batch, height, width, 3) into a map of 2048 channels.

    Layers and names are those of `keras.applications.ResNet50`. There the data layout
    is a setting of the whole process; here it is always channels last. The stride is in
    the first convolution of a block, and all convolutions have biases.
    """
    x = channels_last.ZeroPadding2D(3, name="conv1_pad")(x)
    x = channels_last.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = batch_norm(x, EPSILON, "conv1_bn")
    x = layers.Activation("relu", name="conv1_relu")(x)
    x = channels_last.ZeroPadding2D(1, name="pool1_pad")(x)
    x = channels_last.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for number, (blocks, filters, stride) in enumerate(STACKS, start=2):
        x = _block(x, filters, stride, f"conv{number}_block1", first=True)
        for block in range(2, blocks + 1):
            x = _block(x, filters, 1, f"conv{number}_block{block}")
    return x


def _block(
    x: keras.KerasTensor, filters: int, stride: int, name: str, *, first: bool = False
) -> keras.KerasTensor:
    shortcut = x
    if first:
        shortcut = _conv(x, 4 * filters, 1, stride, f"{name}_0")
    x = _conv(x, filters, 1, stride, f"{name}_1")
    x = layers.Activation("relu", name=f"{name}_1_relu")(x)
    x = _conv(x, filters, 3, 1, f"{name}_2")
    x = layers.Activation("relu", name=f"{name}_2_relu")(x)
    x = _conv(x, 4 * filters, 1, 1, f"{name}_3")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.Activation("relu", name=f"{name}_out")(x)


def _conv(
    x: keras.KerasTensor, filters: int, width: int, stride: int, name: str
) -> keras.KerasTensor:
    padding = "same" if width > 1 else "valid"
    x = channels_last.Conv2D(
        filters, width, strides=stride, padding=padding, name=f"{name}_conv"
    )(x)
    return batch_norm(x, EPSILON, f"{name}_bn")


_MEL_RESNET50 = Architecture(
    "MelResNet50",
    _body,
    defaults={"side": SIDE, "dropout": 0.3},
    free={"dropout"},
    activation="softmax",
    model_name="mel_resnet50",
    example={"side": 32},
)
