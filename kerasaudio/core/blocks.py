"""Groups of layers that several architectures share. Epsilon and padding are explicit:
upstream networks use 1e-5 in torch, and 1e-3 in Keras and TensorFlow."""

from functools import partial
from typing import Any, NamedTuple

import keras
from keras import layers

from kerasaudio.layers import channels_last

TORCH_EPSILON = 1e-5
KERAS_EPSILON = 1e-3
KERAS_MOMENTUM = 0.99  # of the moving statistics of batch normalization
# For networks trained on a few hundred clips: with Keras' momentum, the statistics are
# still far from the true ones when the weights have converged.
QUICK_MOMENTUM = 0.9


def batch_norm(
    x: keras.KerasTensor,
    epsilon: float,
    name: str,
    momentum: float = KERAS_MOMENTUM,
    dtype: str | None = None,
) -> keras.KerasTensor:
    """Normalize the last axis; `dtype` None is that of the policy."""
    return layers.BatchNormalization(
        momentum=momentum, epsilon=epsilon, name=name, dtype=dtype
    )(x)


def feature_norm(
    x: keras.KerasTensor, epsilon: float, name: str, momentum: float = KERAS_MOMENTUM
) -> keras.KerasTensor:
    """Normalize the last axis of what a front-end returns, in float32 as it does.

    Silence has -100 dB, where bfloat16 has steps of half a decibel. Layers between
    the front-end and this one must compute in float32, too.
    """
    return batch_norm(x, epsilon, name, momentum, "float32")


def band_mean(
    x: keras.KerasTensor, pool: str = "bands_mean", steps: str = "steps"
) -> keras.KerasTensor:
    """Average (batch, frames, bands, channels) over the bands, in float32.

    Keras' pooling adds up in the precision of its input on jax, and in float16 also on
    TensorFlow: the sum of 96 bands then has an error of 2.5 %.

    Args:
        x: Feature maps.
        pool: Name of the layer that averages.
        steps: Name of the layer that returns (batch, frames, channels).
    """
    _, frames, bands, channels = x.shape
    x = channels_last.AveragePooling2D((1, bands), name=pool, dtype="float32")(x)
    return layers.Reshape((frames or -1, channels), name=steps, dtype="float32")(x)


def conv_bn_relu_1d(
    x: keras.KerasTensor,
    filters: int,
    width: int,
    name: str,
    *,
    stride: int = 1,
    epsilon: float = TORCH_EPSILON,
) -> keras.KerasTensor:
    """Convolve (batch, steps, channels) with torch's padding, normalize, rectify.

    Padding is `(width - 1) // 2` on both sides, as for upstream's odd filters; with
    stride 1 and even width the length is kept as with ``"same"``.
    """
    x = conv_1d(x, filters, width, f"{name}_conv", stride=stride)
    x = batch_norm(x, epsilon, f"{name}_bn")
    return layers.ReLU(name=f"{name}_relu")(x)


def dtype_for(x: keras.KerasTensor) -> str | None:
    """Return float32 for a layer on samples, (batch, steps, 1), else None (the policy).

    Half precision has 8 or 11 bits, but samples have 16 or more.
    """
    return "float32" if x.shape[-1] == 1 else None


def conv_1d(
    x: keras.KerasTensor, filters: int, width: int, name: str, *, stride: int = 1
) -> keras.KerasTensor:
    """Convolve (batch, steps, channels), padded by `(width - 1) // 2` on both sides."""
    dtype = dtype_for(x)
    if stride == 1:
        return channels_last.Conv1D(
            filters, width, padding="same", name=name, dtype=dtype
        )(x)
    if width > 2:
        # Keras' "same" adds no padding if the stride divides the length; torch does.
        x = channels_last.ZeroPadding1D(
            (width - 1) // 2, name=f"{name}_pad", dtype=dtype
        )(x)
    return channels_last.Conv1D(filters, width, strides=stride, name=name, dtype=dtype)(
        x
    )


def conv_bn_relu_2d(
    x: keras.KerasTensor,
    filters: int,
    name: str,
    *,
    epsilon: float = TORCH_EPSILON,
    momentum: float = KERAS_MOMENTUM,
) -> keras.KerasTensor:
    """Convolve (batch, frames, bins, channels) 3 x 3, normalize, rectify."""
    x = channels_last.Conv2D(filters, 3, padding="same", name=f"{name}_conv")(x)
    x = batch_norm(x, epsilon, f"{name}_bn", momentum)
    return layers.ReLU(name=f"{name}_relu")(x)


def residual_2d(
    x: keras.KerasTensor,
    filters: int,
    name: str,
    *,
    strides: tuple[int, int] = (1, 1),
) -> keras.KerasTensor:
    """Add two convolutions 3 x 3 to (batch, frames, bins, channels), then rectify.

    If strides or channels change the shape, a third convolution, 3 x 3 as well, takes
    the place of the input. Padding is that of torch, 1 at every edge.

    Args:
        x: Feature maps.
        filters: Number of channels of the output.
        name: Prefix of the layer names.
        strides: Strides of the first (and third) convolution over (frames, bins).
    """
    shortcut = x
    if strides == (1, 1):
        padded, padding = x, "same"
    else:  # with strides, Keras' "same" adds less in front than torch
        padded = channels_last.ZeroPadding2D(1, name=f"{name}_pad")(x)
        padding = "valid"

    def conv_bn(x: keras.KerasTensor, number: int, **how: Any) -> keras.KerasTensor:
        x = channels_last.Conv2D(filters, 3, name=f"{name}_conv_{number}", **how)(x)
        return batch_norm(x, TORCH_EPSILON, f"{name}_bn_{number}")

    y = conv_bn(padded, 1, strides=strides, padding=padding)
    y = layers.ReLU(name=f"{name}_relu_1")(y)
    y = conv_bn(y, 2, padding="same")
    if strides != (1, 1) or x.shape[-1] != filters:
        shortcut = conv_bn(padded, 3, strides=strides, padding=padding)
    x = layers.Add(name=f"{name}_add")([shortcut, y])
    return layers.ReLU(name=f"{name}_relu")(x)


def embed_peaks(x: keras.KerasTensor) -> keras.KerasTensor:
    """Take the maximum of each channel of (batch, frames, bins, channels), then dense.

    Returns:
        The output of the layer `embedding`, (batch, channels): dense, normalized and
        rectified.
    """
    x = channels_last.GlobalMaxPooling2D(name="pool")(x)
    x = layers.Dense(x.shape[-1], name="dense1")(x)
    x = batch_norm(x, TORCH_EPSILON, "bn")
    return layers.ReLU(name="embedding")(x)


def squeeze_excite_1d(
    x: keras.KerasTensor, hidden: int, name: str, dense: tuple[str, str]
) -> keras.KerasTensor:
    """Scale the channels of (batch, steps, channels) by statistics of the whole clip.

    Args:
        x: Feature maps.
        hidden: Units between squeeze and excitation.
        name: Prefix of the layer names.
        dense: Suffixes of the two dense layers' names, as upstream calls them.
    """
    channels = x.shape[-1]
    scale = channels_last.GlobalAveragePooling1D(keepdims=True, name=f"{name}_squeeze")(
        x
    )
    scale = layers.Dense(hidden, "relu", name=f"{name}_{dense[0]}")(scale)
    scale = layers.Dense(channels, "sigmoid", name=f"{name}_{dense[1]}")(scale)
    return layers.Multiply(name=f"{name}_excite")([x, scale])


class TransformerNames(NamedTuple):
    """The names that a network gives to the layers of a transformer layer."""

    before_attention: str
    attention: str
    before_dense: str
    hidden: str
    output: str


# As the vision transformers of timm name them, from which many networks come.
TIMM_NAMES = TransformerNames("norm1", "attn", "norm2", "mlp_fc1", "mlp_fc2")


def transformer_layer(
    x: keras.KerasTensor,
    heads: int,
    hidden: int,
    epsilon: float,
    name: str,
    names: TransformerNames,
    *,
    norm_first: bool = True,
) -> keras.KerasTensor:
    """Apply self-attention and a dense block to (batch, tokens, features).

    Each is applied to normalized tokens, and its output added to the tokens. In the
    older order, it is applied to the tokens, and the sum is normalized.

    Args:
        x: Tokens.
        heads: Number of attention heads, a divisor of the number of features.
        hidden: Units of the dense layer with GELU between the two of the block.
        epsilon: Of the layer normalizations.
        name: Prefix of the layer names.
        names: The layer names after the prefix; in the older order, the normalizations
            named as before attention and before the dense block are behind them.
        norm_first: Whether to normalize before rather than after.
    """
    features = x.shape[-1]
    normalize = partial(layers.LayerNormalization, epsilon=epsilon)
    around_attention = normalize(name=f"{name}_{names.before_attention}")
    around_dense = normalize(name=f"{name}_{names.before_dense}")
    y = around_attention(x) if norm_first else x
    y = layers.MultiHeadAttention(
        heads, features // heads, name=f"{name}_{names.attention}"
    )(y, y)
    x = layers.Add(name=f"{name}_attention_add")([x, y])
    x = x if norm_first else around_attention(x)
    y = around_dense(x) if norm_first else x
    y = layers.Dense(hidden, "gelu", name=f"{name}_{names.hidden}")(y)
    y = layers.Dense(features, name=f"{name}_{names.output}")(y)
    x = layers.Add(name=f"{name}_output_add")([x, y])
    return x if norm_first else around_dense(x)
