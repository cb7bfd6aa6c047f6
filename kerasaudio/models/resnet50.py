"""ResNet50 up to its last feature map, with the layers and names of Keras' own.

`keras.applications.ResNet50` takes its layout from a setting of the whole process; this
one has one layout. Weights of the one fit the other.

Source: He et al. 2016, arXiv:1512.03385, as in `keras.applications.ResNet50` of
Keras 3: the stride is in the first convolution of a block, all have biases.
"""

import keras
from keras import layers

from kerasaudio.models import channels_last
from kerasaudio.models.blocks import batch_norm

EPSILON = 1.001e-5
# Blocks, filters and stride of the first block, of conv2 to conv5.
STACKS = ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2))


def resnet50(x: keras.KerasTensor) -> keras.KerasTensor:
    """Turn pictures (batch, height, width, 3) into a map of 2048 channels."""
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
