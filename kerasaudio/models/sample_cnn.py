"""SampleCNN: convolutions two or three samples wide, straight on the waveform.

    waveform (b, 59049) -> frontend (b, 59049, 1)
    -> layer1: conv 3, stride 3 (b, 19683, 128)
    -> layer2..10: 9 x [conv 3, pool 3] (b, 6561, 128) ... (b, 1, 512)
    -> layer11: conv 1 -> embedding (b, 512) -> predictions (b, 50)

SampleCNNSE adds residual connections and squeeze-and-excitation to every layer, and a
dense layer. Published on MagnaTagATune: ROC-AUC .9058 / .9103, PR-AUC .4422 / .4520.
Trained here, SampleCNN(weights="fsdd"): spoken digits, 0.82 s at 8 kHz, 99.3 %
accuracy on FSDD's official test set.

Source: Lee, Park, Kim & Nam 2017, arXiv:1703.01789; Kim, Lee & Nam 2018,
arXiv:1710.10451; as trained by Won et al. 2020, arXiv:2006.00751, in
minzwon/sota-music-tagging-models, commit 4e1d652.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import (
    TORCH_EPSILON,
    batch_norm,
    conv_1d,
    conv_bn_relu_1d,
    squeeze_excite_1d,
)
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.won import WON_CLIPS, read_won
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import channels_last

DEFAULTS = {
    "clip_samples": 59_049,
    "blocks": 9,
    "stem_width": 3,
    "width": 3,
    "filters": 128,
    "sample_rate": 16_000,
}


def SampleCNN(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    blocks: int | None = None,
    stem_width: int | None = None,
    width: int | None = None,
    filters: int | None = None,
    sample_rate: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 3.7 s of sound from raw samples.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 59049).
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 4 * filters).
    Whole clips, with the heads of Won et al.: the mean over 16 windows that start
    (samples - window) // 16 apart, as in upstream's evaluation (`training/eval.py`); if
    the clip is longer than 16 windows, there are gaps between them. With a head of your
    own: the mean over windows side by side, the last weighted by its length. A clip
    shorter than a window is repeated; upstream refuses it.

    Set the arguments for the variants in the papers: 59,049 samples (9 blocks,
    `stem_width` 3), 39,366 (9 blocks, `stem_width` 2), 19,683 (8 blocks, `stem_width`
    3) and 16,000 (8 blocks, `stem_width` 2).

    Args:
        clip_samples: Input length in samples; default: 59,049.
        blocks: Number of convolution blocks after the stem, each with pooling; default:
            9.
        stem_width: Length and stride of the first filters, 2 or 3 samples; default: 3.
        width: Length of the other filters and of the pooling, 2 or 3; default: 3.
        filters: Filters of the stem and the first two blocks; the last layers have four
            times as many, those between twice as many; default: 128.
        sample_rate: Sample rate of the input in Hz; default: 16,000.

    Raises:
        ValueError: The input is too short for the blocks.

    Source: arXiv:1703.01789; upstream minzwon/sota-music-tagging-models at 4e1d652.
    """
    return build(_SAMPLE_CNN, **locals())


def SampleCNNSE(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    blocks: int | None = None,
    stem_width: int | None = None,
    width: int | None = None,
    filters: int | None = None,
    sample_rate: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 3.7 s of sound with SampleCNN plus residuals and squeeze-and-excitation.

    Arguments, input, output and errors are those of `SampleCNN`; the embedding is the
    output of the dense layer before the last, (batch, 4 * filters).

    Source: arXiv:1710.10451; upstream minzwon/sota-music-tagging-models at 4e1d652.
    """
    return build(_SAMPLE_CNN_SE, **locals())


Layer = Callable[..., keras.KerasTensor]


def _trunk(
    layer: Layer,
    clip_samples: int,
    blocks: int,
    stem_width: int,
    width: int,
    filters: int,
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    _check(clip_samples, blocks, stem_width, width)
    waveform = keras.Input((clip_samples,), name="waveform")
    x = layers.Reshape((clip_samples, 1), name="frontend", dtype="float32")(waveform)
    x = layer(x, filters, stem_width, "layer1", stride=stem_width)
    for block in range(blocks):
        widening = 1 if block < 2 else 4 if block == blocks - 1 else 2
        x = layer(x, widening * filters, width, f"layer{block + 2}")
        x = channels_last.MaxPooling1D(width, name=f"layer{block + 2}_mp")(x)
    x = layer(x, 4 * filters, 1, f"layer{blocks + 2}")
    # One step is left in the published networks; other lengths may leave more.
    return waveform, channels_last.GlobalMaxPooling1D(name="pool")(x)


def _check(clip_samples: int, blocks: int, stem_width: int, width: int) -> None:
    if stem_width not in (2, 3) or width not in (2, 3):
        raise ValueError(
            "stem_width and width must be 2 or 3. Received: "
            f"stem_width={stem_width!r}, width={width!r}."
        )
    if blocks < 1 or clip_samples < stem_width * width**blocks:
        raise ValueError(
            f"{blocks} blocks need at least {stem_width * width ** max(blocks, 1)} "
            f"samples. Received: clip_samples={clip_samples!r}. "
            "Use fewer blocks or longer clips."
        )


def _sample_cnn(sample_rate: int, **shape: int) -> Body:
    waveform, x = _trunk(conv_bn_relu_1d, **shape)
    embedding = layers.Activation("linear", name="embedding")(x)
    x = layers.Dropout(0.5, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(sample_rate, shape["clip_samples"])
    return Body(waveform, embedding, x, spec)


def _sample_cnn_se(sample_rate: int, **shape: int) -> Body:
    waveform, x = _trunk(_residual_se, **shape)
    x = layers.Dense(x.shape[-1], name="dense1")(x)
    x = batch_norm(x, TORCH_EPSILON, "bn")
    embedding = layers.ReLU(name="embedding")(x)
    x = layers.Dropout(0.5, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(sample_rate, shape["clip_samples"])
    return Body(waveform, embedding, x, spec)


def _residual_se(
    x: keras.KerasTensor, filters: int, width: int, name: str, *, stride: int = 1
) -> keras.KerasTensor:
    shortcut = x
    y = conv_1d(x, filters, width, f"{name}_conv_1", stride=stride)
    y = layers.ReLU(name=f"{name}_relu_1")(batch_norm(y, TORCH_EPSILON, f"{name}_bn_1"))
    y = conv_1d(y, filters, width, f"{name}_conv_2")
    y = batch_norm(y, TORCH_EPSILON, f"{name}_bn_2")
    y = squeeze_excite_1d(y, filters, name, ("dense1", "dense2"))
    if stride != 1 or x.shape[-1] != filters:
        shortcut = conv_1d(x, filters, width, f"{name}_conv_3", stride=stride)
        shortcut = batch_norm(shortcut, TORCH_EPSILON, f"{name}_bn_3")
    x = layers.Add(name=f"{name}_add")([shortcut, y])
    return layers.ReLU(name=f"{name}_relu")(x)


def _from_won2020(name: str, head: str, stem: str, path: Path) -> Converted:
    return read_won(path, name, head=head, constants={}, sizes={"filters": stem})


def _architecture(
    name: str, body: Callable[..., Body], head: str, stem: str, **more: Any
) -> Architecture:
    return Architecture(
        name=name,
        body=body,
        defaults=DEFAULTS,
        converters={"won2020": partial(_from_won2020, name, head, stem)},
        suffixes={".pth": "won2020"},
        clips={"won2020": WON_CLIPS},
        example={"labels": ["jazz", "rock"]},
        **more,
    )


_SAMPLE_CNN = _architecture(
    "SampleCNN", _sample_cnn, "dense", "layer1.conv", bundled="fsdd"
)
_SAMPLE_CNN_SE = _architecture(
    "SampleCNNSE",
    _sample_cnn_se,
    "dense2",
    "layer1.conv_1",
    model_name="sample_cnn_se",
)
