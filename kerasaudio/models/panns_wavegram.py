"""Wavegram-Logmel-CNN14: features learned from samples beside the log mel spectrogram.

    waveform (b, samples)
    -> conv 11, stride 5 -> 3 x [2 x conv 3, maximum of 4] (b, samples / 320, 128)
       -> as an image of 32 bands (b, samples / 320, 32, 4)
       -> pre_block4: 2 x conv 3 x 3, mean of 2 frames (b, frames / 2, 32, 64)
    -> log mel, normalized (b, frames, 64, 1)
       -> conv_block1: 2 x conv 3 x 3, mean of 2 x 2 (b, frames / 2, 32, 64)
    both: (b, frames / 2, 32, 128) -> conv_block2..6 of CNN14 (b, frames / 32, 2, 2048)
    -> mean over the bands -> maximum + mean over time
    -> dense, ReLU: embedding (b, 2048) -> predictions (b, 527)

Published on AudioSet: mAP .439.

Source: Kong et al. 2020, arXiv:1912.10211; qiuqiangkong/audioset_tagging_cnn, commit
d2f4b8c.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import keras
from keras import layers, ops

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import TORCH_EPSILON, batch_norm, dtype_for
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import channels_last
from kerasaudio.layers.time_axis import Timed, rule
from kerasaudio.models.panns_blocks import (
    CLASSES,
    conv_block,
    conv_blocks,
    convert,
    hear,
    read_panns,
    summary,
)

POOLS = 5
BANDS = 32
MIN_SAMPLES = 32 * 320  # one step of the wavegram after pooling
WAVE_FILTERS = (64, 128, 128)  # of the blocks on samples


def WavegramLogmelCNN14(
    weights: Weights = None,
    *,
    filters: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with learned bands beside a log mel spectrogram.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 10,240
    samples (0.32 s); trained on 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 32 * filters).
    Whole clips: as for `CNN14`, in one piece up to 30 s. If from 320 to 635 samples are
    left after the last 640, upstream refuses a clip, because the spectrogram then has
    one step more than the wavegram; here that step is left out.

    Args:
        filters: Filters of `conv_block1`, doubled by each later block; default: 64. The
            blocks on samples always have 64 and 128.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:1912.10211; upstream qiuqiangkong/audioset_tagging_cnn at d2f4b8c.
    """
    return build(_WAVEGRAM, **locals())


@keras.saving.register_keras_serializable("kerasaudio")
class StepsOf(layers.Layer):
    """Cut features to the steps of others.

    Input: features (batch, steps or more, ...), and others (batch, steps, ...).
    Output: (batch, steps, ...).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Leave out the last steps."""
        features, others = inputs
        return features[:, : ops.shape(others)[1]]

    def compute_output_shape(self, input_shape: Sequence[Any]) -> tuple[Any, ...]:
        """Return (batch, steps, ...)."""
        features, others = input_shape
        return (*others[:2], *features[2:])


@rule(StepsOf)
def _cut(layer: Any, inputs: Sequence[Timed]) -> Timed:
    features, others = inputs
    return Timed(layer([features.value, others.value]), others.count)


def _body(filters: int, clip_samples: int | None) -> Body:
    waveform, image, spec = hear(clip_samples, POOLS, least=MIN_SAMPLES)
    wavegram = conv_block(_wave(waveform), filters, "pre_block4", pool=(2, 1))
    x = conv_block(image, filters, "conv_block1")
    x = StepsOf(name="conv_block1_steps")([x, wavegram])
    x = layers.Concatenate(name="both")([x, wavegram])
    x = layers.Dropout(0.2, name="conv_block1_dropout")(x)
    embedding = summary(conv_blocks(x, filters, 6, first=2, pools=POOLS))
    return Body(waveform, embedding, embedding, spec)


def _wave(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """Return 32 bands of samples, (batch, samples / 320, 32, 4)."""
    x = layers.Reshape((-1, 1), name="samples", dtype="float32")(waveform)
    dtype = dtype_for(x)
    x = channels_last.ZeroPadding1D(5, name="pre_pad", dtype=dtype)(x)
    x = channels_last.Conv1D(
        WAVE_FILTERS[0], 11, strides=5, use_bias=False, name="pre_conv0", dtype=dtype
    )(x)
    x = batch_norm(x, TORCH_EPSILON, "pre_bn0")
    x = layers.ReLU(name="pre_relu0")(x)
    for number, filters in enumerate(WAVE_FILTERS, start=1):
        name = f"pre_block{number}"
        for step in (1, 2):
            x = channels_last.Conv1D(
                filters,
                3,
                padding="same",
                dilation_rate=step,
                use_bias=False,
                name=f"{name}_conv{step}",
            )(x)
            x = batch_norm(x, TORCH_EPSILON, f"{name}_bn{step}")
            x = layers.ReLU(name=f"{name}_relu{step}")(x)
        x = channels_last.MaxPooling1D(4, name=f"{name}_pool")(x)
    x = layers.Reshape((-1, x.shape[-1] // BANDS, BANDS), name="wavegram_bands")(x)
    return layers.Permute((1, 3, 2), name="wavegram")(x)


def _from_upstream(path: Path) -> Converted:
    tensors = read_panns(path, "WavegramLogmelCNN14")
    filters = len(tensors["conv_block1.conv1.weight"])
    return Converted(convert(tensors), {"filters": filters})


_WAVEGRAM = Architecture(
    name="WavegramLogmelCNN14",
    body=_body,
    defaults={"filters": 64, "clip_samples": None},
    free={"clip_samples"},
    converters={"panns": _from_upstream},
    suffixes={".pth": "panns"},
    classes=CLASSES,
    model_name="wavegram_logmel_cnn14",
    example={"filters": 4},
)
