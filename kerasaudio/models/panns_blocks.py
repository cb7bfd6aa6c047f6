"""What the networks of PANNs share: the front-end, blocks, the summary, their files.

    waveform (b, samples) -> frontend: log mel, 100 frames a second (b, frames, 64)
    -> bn0: normalized band by band -> image (b, frames, 64, 1)
    -> the blocks of a network (b, steps, bands, channels)
    -> mean over the bands -> maximum + mean over time (b, channels)
    -> dense, ReLU: embedding

Source: Kong et al. 2020, arXiv:1912.10211; qiuqiangkong/audioset_tagging_cnn, commit
d2f4b8c.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.blocks import TORCH_EPSILON, band_mean, batch_norm, feature_norm
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, MelSpectrogram, channels_last
from kerasaudio.layers.window import window_function

SAMPLE_RATE = 32_000
BINS = 64
CLASSES = 527
WINDOW_SECONDS = 10  # they were trained on
WHOLE_SECONDS = 30


def _frontend(sample_rate: int, n_fft: int, fmax: float) -> dict[str, Any]:
    return {
        "sample_rate": sample_rate,
        "n_fft": n_fft,
        "hop_length": sample_rate // 100,
        "pad_mode": "reflect",
        "n_mels": BINS,
        "fmin": 50.0,
        "fmax": fmax,
    }


FRONTENDS = {
    32_000: _frontend(32_000, 1024, 14_000.0),
    16_000: _frontend(16_000, 512, 8_000.0),
}


class Heard(NamedTuple):
    """What a network of PANNs begins with.

    Attributes:
        waveform: Input, (batch, samples).
        image: Normalized log mel spectrogram, (batch, frames, 64, 1).
        spec: Rate, lengths and front-end.
    """

    waveform: keras.KerasTensor
    image: keras.KerasTensor
    spec: AudioSpec


def hear(
    clip_samples: int | None,
    pools: int,
    sample_rate: int = SAMPLE_RATE,
    *,
    least: int | None = None,
    window_samples: int | None = None,
    **fields: Any,
) -> Heard:
    """Return the beginning of a network.

    Args:
        clip_samples: Fixed input length in samples; None for any length.
        pools: How often the network halves the time; one step must be left.
        sample_rate: 32,000 or 16,000 Hz.
        least: Shortest input in samples; default: all that `pools` needs.
        window_samples: Length of the windows of longer clips; default: 10 s.
        **fields: Fields of the spec that differ from those of the other networks.

    Raises:
        ValueError: The clip is too short, or there is no front-end for the rate.
    """
    if sample_rate not in FRONTENDS:
        raise ValueError(
            f"sample_rate must be one of {', '.join(map(str, FRONTENDS))}, which PANNs "
            f"were trained at. Received: {sample_rate!r}."
        )
    frontend = FRONTENDS[sample_rate]
    least = least or (2**pools - 1) * frontend["hop_length"]
    if clip_samples is not None and clip_samples < least:
        raise ValueError(
            f"clip_samples must be at least {least}, so that one step is left "
            f"after pooling. Received: {clip_samples!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = MelSpectrogram(**frontend, name="mel")(waveform)
    x = Decibel(top_db=None, name="frontend")(x)
    x = feature_norm(x, TORCH_EPSILON, "bn0")
    image = layers.Reshape((-1, BINS, 1), name="image")(x)
    settings: dict[str, Any] = {
        "whole_samples": WHOLE_SECONDS * sample_rate,
        "frontend": frontend,
    } | fields
    window = window_samples or WINDOW_SECONDS * sample_rate
    spec = AudioSpec.of_any_length(sample_rate, window, least, clip_samples, **settings)
    return Heard(waveform, image, spec)


def conv_block(
    x: keras.KerasTensor,
    filters: int,
    name: str,
    *,
    size: int = 3,
    depth: int = 2,
    pool: int | tuple[int, int] = 2,
) -> keras.KerasTensor:
    """Return convolutions, each normalized and rectified, then the mean of neighbors.

    Args:
        x: (batch, frames, bands, channels).
        filters: Channels of the output.
        name: Upstream's name of the block.
        size: Frames and bands of the kernels.
        depth: Number of convolutions.
        pool: Frames and bands that are averaged; 1 for none.
    """
    for number in range(1, depth + 1):
        x = channels_last.Conv2D(
            filters, size, padding="same", use_bias=False, name=f"{name}_conv{number}"
        )(x)
        x = batch_norm(x, TORCH_EPSILON, f"{name}_bn{number}")
        suffix = "" if depth == 1 else str(number)
        x = layers.ReLU(name=f"{name}_relu{suffix}")(x)
    if pool == 1:
        return x
    return channels_last.AveragePooling2D(pool, name=f"{name}_pool")(x)


def conv_blocks(
    x: keras.KerasTensor,
    filters: int,
    blocks: int,
    *,
    first: int = 1,
    pools: int,
    **settings: Any,
) -> keras.KerasTensor:
    """Return `conv_block1`, `conv_block2`, ..., each with twice the filters.

    Args:
        x: (batch, frames, bands, channels).
        filters: Channels of `conv_block1`.
        blocks: Number of the last block.
        first: Number of the first one that is added here.
        pools: Number of the last block that halves frames and bands.
        **settings: See `conv_block`.
    """
    for number in range(first, blocks + 1):
        name = f"conv_block{number}"
        pool = 2 if number <= pools else 1
        x = conv_block(x, filters << (number - 1), name, pool=pool, **settings)
        x = layers.Dropout(0.2, name=f"{name}_dropout")(x)
    return x


def summary(
    x: keras.KerasTensor, units: int | None = None, dropout: float = 0.5
) -> keras.KerasTensor:
    """Return the embedding of the maps of a clip, the layer `embedding`.

    Upstream applies dropout to the embedding it returns, not to its head's input.

    Args:
        x: (batch, steps, bands, channels).
        units: Length of the embedding; None for the number of channels.
        dropout: Fraction that is dropped before the dense layer in training.
    """
    x = band_mean(x)
    units = units or x.shape[-1]
    maximum = channels_last.GlobalMaxPooling1D(name="maximum")(x)
    mean = channels_last.GlobalAveragePooling1D(name="mean")(x)
    x = layers.Add(name="summary")([maximum, mean])
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return layers.Dense(units, "relu", name="embedding")(x)


# Networks of the family that files may hold, and a key that only the network and those
# before it have. Names are those of factories, or of upstream's classes in quotes.
_KEYS = (
    ("WavegramLogmelCNN14", ("pre_conv0.weight", "conv_block1.conv1.weight")),
    ("'Wavegram_Cnn14'", ("pre_conv0.weight",)),
    ("'ResNet54'", ("resnet.layer1.0.conv3.weight",)),
    ("PANNsResNet", ("resnet.layer1.0.conv2.weight",)),
    ("PANNsMobileNetV2", ("features.1.conv.0.weight",)),
    ("PANNsMobileNetV1", ("features.1.0.weight",)),
    ("CNN14DecisionLevelAtt", ("att_block.att.weight",)),
    ("CNN14", ("conv_block6.conv2.weight",)),
    ("CNN10", ("conv_block4.conv2.weight",)),
    ("CNN6", ("conv_block4.conv1.weight",)),
)
# The two have the same tensors.
_ALIKE = {"CNN14DecisionLevelMax": "CNN14"}


def read_panns(path: Path, factory: str) -> dict[str, np.ndarray]:
    """Read a file of the original code, for a factory.

    Returns:
        Tensors by key; the images of kernels are (bins, frames), as `from_torch` needs.

    Raises:
        ValueError: The file holds another network; the message names it if it is known.
    """
    tensors = read_torch(path)
    found = _network(tensors)
    if found == _ALIKE.get(factory, factory):
        # Upstream's images are (frames, bins), as here: kernels are (out, in, t, f).
        return {
            key: tensor.swapaxes(2, 3) if tensor.ndim == 4 else tensor
            for key, tensor in tensors.items()
        }
    if found is None:
        reason = f": its tensors are {sorted(tensors)[:4]} ..."
    elif found.startswith("'"):
        reason = f", but PANNs' {found}, which kerasaudio does not have."
    else:
        reason = f", but a {found}. Give it as weights= of {found}."
    raise ValueError(f"{path} does not hold a {factory}{reason}")


def _network(tensors: Mapping[str, np.ndarray]) -> str | None:
    if not {"bn0.weight", "fc1.weight"} <= tensors.keys():
        return None
    return next((name for name, keys in _KEYS if tensors.keys() >= {*keys}), None)


def convert(
    tensors: Mapping[str, np.ndarray],
    sample_rate: int = SAMPLE_RATE,
    *,
    rename: Mapping[str, str] | None = None,
    depthwise: Callable[[str], bool] = lambda layer: False,
) -> State:
    """Convert tensors of `read_panns`; see `from_torch`.

    Raises:
        ValueError: The file was written for another front-end.
    """
    names = {"fc1": "embedding", "fc_audioset": "predictions"}
    return from_torch(
        tensors,
        rename=names if rename is None else rename,
        depthwise=depthwise,
        constants=stored_constants(FRONTENDS[sample_rate]),
    )


def stored_constants(frontend: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the constants of the front-end in torchlibrosa's state dicts, by key."""
    window = window_function("hann", frontend["n_fft"], periodic=True)
    waves = np.fft.rfft(np.diag(window)).T[:, None]  # (bins, 1, samples)
    return {
        "spectrogram_extractor.stft.conv_real.weight": waves.real,
        "spectrogram_extractor.stft.conv_imag.weight": waves.imag,
        "logmel_extractor.melW": MelSpectrogram(**frontend).filterbank,
    }
