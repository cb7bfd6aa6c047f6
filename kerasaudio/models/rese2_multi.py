"""ReSE-2-Multi: SampleCNN with residuals, excitation, and three levels at once.

    waveform (b, 59049) -> frontend (b, 59049, 1)
    -> stem: conv 3, stride 3 (b, 19683, 128)
    -> block1..9 (b, 6561, 128) ... (b, 27, 256) (b, 9, 256) (b, 3, 256) (b, 1, 512)
       basic: conv 3, pool 3
       se:    conv 3, pool 3, excite
       res:   2 x conv 3, add the input, pool 3
       rese:  2 x conv 3, excite, add the input, pool 3
    -> maximum over time of the last block, or of each of the last three (multi), side
       by side (b, 1024) -> dense -> embedding (b, 1024) -> predictions (b, 50)

Published on MagnaTagATune at 22,050 Hz: ROC-AUC .9113 (rese, multi), .9111 (se, multi).
The published files cannot be verified, so they have no tag; pass the path of a `.hdf5`
file that the original code wrote. Trained here, weights="fsdd": spoken digits, 0.82 s
at 8 kHz, 98.0 % accuracy on FSDD's official test set.

Source: Kim, Lee & Nam 2018, arXiv:1710.10451; tae-jun/resemul, commit f2c2c80 (Keras
2.0.5).
"""

from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.checkpoints.keras2_hdf5 import Layers, assign_names, read_keras2
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import (
    KERAS_EPSILON,
    batch_norm,
    dtype_for,
    squeeze_excite_1d,
)
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import channels_last

DEFAULTS: dict[str, Any] = {
    "block": "rese",
    "multi": True,
    "init_features": 128,
    "amplifying_ratio": 16,
    "dropout": 0.5,
    "clip_samples": 59_049,
    "blocks": 9,
    "stem_width": 3,
    "sample_rate": 22_050,
}
BLOCKS = ("basic", "se", "res", "rese")
WIDTH = 3  # of the filters and of the pooling
LEVELS = 3


def ReSE2Multi(
    weights: Weights = None,
    *,
    block: str | None = None,
    multi: bool | None = None,
    init_features: int | None = None,
    amplifying_ratio: int | None = None,
    dropout: float | None = None,
    clip_samples: int | None = None,
    blocks: int | None = None,
    stem_width: int | None = None,
    sample_rate: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 2.7 s of music from raw samples.

    Input: float32 in [-1, 1], mono, 22,050 Hz, (batch, 59049).
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 1024).

    With a weights file of the original code, `block`, `multi`, `init_features`,
    `amplifying_ratio`, `blocks` and `stem_width` are read from the file.

    Args:
        block: Kind of the blocks: "basic", "se", "res" or "rese"; default: "rese".
        multi: Whether to use the last three blocks, not only the last; default: True.
        init_features: Channels of the stem, doubled in the third and the last block;
            default: 128.
        amplifying_ratio: Units of the excitation for each channel; default: 16.
        dropout: Dropout rate before the last layer; default: 0.5.
        clip_samples: Input length in samples; default: 59,049.
        blocks: Number of blocks after the stem, each with pooling, at least 3; default:
            9.
        stem_width: Length and stride of the first filters, in samples; default: 3.
        sample_rate: Sample rate of the input in Hz; default: 22,050.

    Raises:
        ValueError: `block` is unknown; the input is too short for the blocks.

    Source: arXiv:1710.10451; upstream tae-jun/resemul at f2c2c80.
    """
    return build(_RESE2_MULTI, **locals())


def _body(
    block: str,
    multi: bool,
    init_features: int,
    amplifying_ratio: int,
    dropout: float,
    clip_samples: int,
    blocks: int,
    stem_width: int,
    sample_rate: int,
) -> Body:
    _check(block, clip_samples, blocks, stem_width)
    waveform = keras.Input((clip_samples,), name="waveform")
    x = layers.Reshape((clip_samples, 1), name="frontend", dtype="float32")(waveform)
    x = channels_last.Conv1D(
        init_features,
        stem_width,
        strides=stem_width,
        name="stem_conv",
        dtype=dtype_for(x),
    )(x)
    x = layers.ReLU(name="stem_relu")(batch_norm(x, KERAS_EPSILON, "stem_bn"))
    levels = []
    build = _plain if block in ("basic", "se") else _residual
    ratio = amplifying_ratio if block in ("se", "rese") else None
    for number, widening in enumerate(_widenings(blocks), start=1):
        x = build(x, widening * init_features, ratio, f"block{number}")
        levels.append(x)
    heard = [
        channels_last.GlobalMaxPooling1D(name=f"level{number}")(level)
        for number, level in list(enumerate(levels, start=1))[
            -LEVELS if multi else -1 :
        ]
    ]
    x = layers.Concatenate(name="levels")(heard) if multi else heard[0]
    x = layers.Dense(x.shape[-1], name="dense")(x)
    x = batch_norm(x, KERAS_EPSILON, "dense_bn")
    embedding = layers.ReLU(name="embedding")(x)
    x = layers.Dropout(dropout, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(sample_rate, clip_samples)
    return Body(waveform, embedding, x, spec)


def _check(block: str, clip_samples: int, blocks: int, stem_width: int) -> None:
    if block not in BLOCKS:
        raise ValueError(f"block must be one of {BLOCKS}. Received: {block!r}.")
    if blocks < LEVELS or stem_width < 1:
        raise ValueError(
            f"blocks must be at least {LEVELS}, and stem_width at least 1. Received: "
            f"blocks={blocks!r}, stem_width={stem_width!r}."
        )
    if clip_samples < stem_width * WIDTH**blocks:
        raise ValueError(
            f"{blocks} blocks need at least {stem_width * WIDTH**blocks} samples. "
            f"Received: clip_samples={clip_samples!r}. "
            "Use fewer blocks or longer clips."
        )


def _widenings(blocks: int) -> list[int]:
    """Return the channels of each block, as multiples of those of the stem."""
    doublings = accumulate(number in (3, blocks) for number in range(1, blocks + 1))
    return [2**doubled for doubled in doublings]


def _plain(
    x: keras.KerasTensor, features: int, ratio: int | None, name: str
) -> keras.KerasTensor:
    """Convolve, pool, excite."""
    x = channels_last.Conv1D(features, WIDTH, padding="same", name=f"{name}_conv1")(x)
    x = batch_norm(x, KERAS_EPSILON, f"{name}_bn1")
    x = layers.ReLU(name=f"{name}_relu")(x)
    x = channels_last.MaxPooling1D(WIDTH, name=f"{name}_pool")(x)
    return _excite(x, ratio, name)


def _residual(
    x: keras.KerasTensor, features: int, ratio: int | None, name: str
) -> keras.KerasTensor:
    """Convolve twice, excite, add the input, pool."""
    shortcut = x
    if x.shape[-1] != features:
        shortcut = channels_last.Conv1D(features, 1, name=f"{name}_shortcut_conv")(x)
        shortcut = batch_norm(shortcut, KERAS_EPSILON, f"{name}_shortcut_bn")
    x = channels_last.Conv1D(features, WIDTH, padding="same", name=f"{name}_conv1")(x)
    x = batch_norm(x, KERAS_EPSILON, f"{name}_bn1")
    x = layers.ReLU(name=f"{name}_relu1")(x)
    x = layers.Dropout(0.2, name=f"{name}_dropout")(x)
    x = channels_last.Conv1D(features, WIDTH, padding="same", name=f"{name}_conv2")(x)
    x = batch_norm(x, KERAS_EPSILON, f"{name}_bn2")
    x = layers.Add(name=f"{name}_add")([shortcut, _excite(x, ratio, name)])
    x = layers.ReLU(name=f"{name}_relu")(x)
    return channels_last.MaxPooling1D(WIDTH, name=f"{name}_pool")(x)


def _excite(x: keras.KerasTensor, ratio: int | None, name: str) -> keras.KerasTensor:
    if ratio is None:
        return x
    return squeeze_excite_1d(x, ratio * x.shape[-1], name, ("dense1", "dense2"))


def _from_keras2(path: Path) -> Converted:
    found = read_keras2(path)
    arguments = _infer(found, path)
    return Converted(
        assign_names(found, _creation_order(arguments), str(path)), arguments
    )


def _infer(found: Layers, path: Path) -> dict[str, Any]:
    """Infer the architecture from the numbers of layers and their shapes."""
    counts = {kind: len(entries) for kind, entries in found.items()}
    try:
        convolutions = [layer["kernel"].shape for layer in found["conv1d"]]
        dense = [layer["kernel"].shape for layer in found["dense"]]
        stem_width, _, init_features = convolutions[0]
        shortcuts = sum(width == 1 for width, _, _ in convolutions[1:])
        excited = len(dense) > 2
        arguments = {
            "block": BLOCKS[2 * bool(shortcuts) + excited],
            "multi": dense[-2][0] != convolutions[-1][2],
            "init_features": init_features,
            "blocks": (len(convolutions) - 1 - shortcuts) // (2 if shortcuts else 1),
            "stem_width": stem_width,
        }
        if excited:
            arguments["amplifying_ratio"] = dense[0][1] // dense[0][0]
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise ValueError(
            f"{path} does not hold a network of resemul: its layers are {counts}."
        ) from error
    return arguments


def _creation_order(arguments: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return our layer names by kind, in the order in which upstream creates them."""
    block, widenings = arguments["block"], _widenings(arguments["blocks"])
    turns, excited = ["stem"], []
    for number, widening in enumerate(widenings, start=1):
        before = widenings[number - 2] if number > 1 else 1
        if block in ("res", "rese"):
            turns += [f"block{number}_shortcut"] if widening != before else []
            turns += [f"block{number}_1", f"block{number}_2"]
        else:
            turns += [f"block{number}_1"]
        if block in ("se", "rese"):
            excited += [f"block{number}_dense1", f"block{number}_dense2"]
    return {
        "conv1d": [_name(turn, "conv") for turn in turns],
        "batch_normalization": [*(_name(turn, "bn") for turn in turns), "dense_bn"],
        "dense": [*excited, "dense", "predictions"],
    }


def _name(turn: str, kind: str) -> str:
    block, _, part = turn.partition("_")
    return f"{block}_{kind}{part}" if part.isdigit() else f"{turn}_{kind}"


_RESE2_MULTI = Architecture(
    name="ReSE2Multi",
    body=_body,
    defaults=DEFAULTS,
    converters={"keras2": _from_keras2},
    suffixes={".hdf5": "keras2", ".h5": "keras2"},
    model_name="rese2multi",
    example={"labels": ["jazz", "rock"]},
    bundled="fsdd",
)
