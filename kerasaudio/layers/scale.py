"""Loudness scales and normalization of features."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number, plain
from kerasaudio.layers.base import Float32Layer, require


@keras.saving.register_keras_serializable("kerasaudio")
class Decibel(Float32Layer):
    """Convert to decibels per clip, like librosa's `power_to_db`, `amplitude_to_db`.

    Input: (batch, ...), not negative. Output: float32, the same shape.
    ``Decibel(top_db=None)`` equals torchaudio's ``AmplitudeToDB("power")``.

    Args:
        ref: Value that becomes 0 dB: a positive number (default: 1), or ``"max"`` for
            the largest value of the clip.
        amin: Smallest value; smaller ones are raised to it. Default: 1e-10 for power,
            1e-5 for amplitude.
        top_db: Range in dB: lower values are raised to this much below the largest
            value of the clip; default: 80. None for no limit.
        amplitude: Whether the input is an amplitude (20 log10) instead of a power
            (10 log10; default).
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `ref` is neither ``"max"`` nor positive, `amin` is not positive, or
            `top_db` is negative.

    Examples:
        >>> power = np.array([[100.0, 1.0, 0.0]], "float32")
        >>> decibels = kerasaudio.layers.Decibel()(power)
        >>> [round(float(value)) for value in decibels[0]]  # 80 dB at most
        [20, 0, -60]
    """

    arguments = ("ref", "amin", "top_db", "amplitude")

    def __init__(
        self,
        ref: float | str = 1.0,
        amin: float | None = None,
        top_db: float | None = 80.0,
        *,
        amplitude: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        named = isinstance(ref, str)
        require(not named or ref == "max", 'ref must be a number or "max".', ref=ref)
        self.ref = ref if named else number(ref, "ref", above=0)
        self.amin = None if amin is None else number(amin, "amin", above=0)
        self.top_db = None if top_db is None else number(top_db, "top_db", least=0)
        self.amplitude = amplitude

    def call(self, inputs: Any) -> Any:
        """Convert the features of every clip."""
        self.check_input(inputs)
        return to_decibel(
            inputs,
            ref=self.ref,
            amin=self.amin,
            top_db=self.top_db,
            amplitude=self.amplitude,
        )


def to_decibel(
    x: Any,
    *,
    ref: float | str = 1.0,
    amin: float | None = None,
    top_db: float | None = 80.0,
    amplitude: bool = False,
) -> Any:
    """Convert (batch, ...) to decibels; see `Decibel`."""
    factor = (20.0 if amplitude else 10.0) / math.log(10.0)
    amin = amin or (1e-5 if amplitude else 1e-10)
    clip = tuple(range(1, len(x.shape)))
    level = factor * ops.log(ops.maximum(x, amin))
    if isinstance(ref, str):
        level = level - ops.max(level, axis=clip, keepdims=True)
    elif ref != 1:
        level = level - factor * math.log(max(ref, amin))
    if top_db is None:
        return level
    loudest = ops.max(level, axis=clip, keepdims=True)
    return ops.maximum(level, loudest - top_db)


@keras.saving.register_keras_serializable("kerasaudio")
class LogCompression(Float32Layer):
    """Logarithm log_base(max(gain * x + offset, floor)).

    Input: (batch, ...). Output: float32, the same shape. Values of published networks:
    musicnn ``gain=10000, offset=1, base=10``; EfficientAT ``offset=1e-5``; YAMNet
    ``offset=1e-3``; AST ``offset=0, floor=1.1920929e-07``.

    Args:
        gain: Positive factor of the input; default: 1.
        offset: Number added to the product, at least 0; default: 1.
        floor: Smallest argument of the logarithm; default: no limit.
        base: Base of the logarithm, above 1; default: e.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `gain` or `floor` is not positive, `offset` is negative, `base` is
            not above 1, or `offset` is 0 without a `floor`, which would give log(0) for
            silence.

    Examples:
        >>> log = kerasaudio.layers.LogCompression(gain=10_000, base=10)
        >>> logarithm = log(np.array([[0.0, 1.0]], "float32"))
        >>> [round(float(value), 2) for value in logarithm[0]]
        [0.0, 4.0]
    """

    arguments = ("gain", "offset", "floor", "base")

    def __init__(
        self,
        gain: float = 1.0,
        offset: float = 1.0,
        floor: float | None = None,
        base: float = math.e,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        gain = number(gain, "gain", above=0)
        offset, floor = check_log(offset, floor)
        base = number(base, "base", above=1)
        self.gain, self.offset, self.floor, self.base = gain, offset, floor, base

    def call(self, inputs: Any) -> Any:
        """Compress every value."""
        self.check_input(inputs)
        x = inputs if self.gain == 1 else inputs * self.gain
        x = to_log(x, self.offset, self.floor)
        return x if self.base == math.e else x * (1 / math.log(self.base))


def check_log(
    offset: float, floor: float | None, prefix: str = ""
) -> tuple[float, float | None]:
    """Return the arguments of a logarithm.

    Args:
        offset: Number added before it.
        floor: Its smallest argument.
        prefix: Beginning of both names, for messages.

    Raises:
        ValueError: See `LogCompression`.
    """
    names = f"{prefix}offset", f"{prefix}floor"
    offset = number(offset, names[0], least=0)
    floor = None if floor is None else number(floor, names[1], above=0)
    require(
        offset > 0 or floor is not None,
        f"Silence requires a positive `{names[0]}` or a `{names[1]}`.",
        **dict(zip(names, (offset, floor), strict=True)),
    )
    return offset, floor


def to_log(x: Any, offset: float, floor: float | None) -> Any:
    """Take the natural logarithm of max(x + offset, floor)."""
    x = x + offset if offset else x
    return ops.log(x if floor is None else ops.maximum(x, floor))


@keras.saving.register_keras_serializable("kerasaudio")
class Standardize(Float32Layer):
    """Shift and scale features: (x - mean) / std.

    Input: (batch, ...). Output: float32, the same shape.

    Args:
        mean: A number, or one number per bin (last axis); default: 0.
        std: A positive number, or one number per bin (last axis); default: 1.
        axis: Axis or axes over which mean and standard deviation are computed from the
            clip itself (1: the frames; 0, the batch, is not allowed). Default: None,
            which uses `mean` and `std`.
        epsilon: Positive number added to the clip's variance; default: 1e-7.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `std` or `epsilon` is not positive, `axis` contains 0, or `axis` is
            combined with `mean` or `std`.

    Examples:
        >>> features = np.array([[[1.0], [2.0], [3.0]]], "float32")
        >>> known = kerasaudio.layers.Standardize(mean=2.0, std=0.5)
        >>> [round(float(value), 2) for value in known(features)[0, :, 0]]
        [-2.0, 0.0, 2.0]
        >>> of_clip = kerasaudio.layers.Standardize(axis=1)
        >>> [round(float(value), 2) for value in of_clip(features)[0, :, 0]]
        [-1.22, 0.0, 1.22]
    """

    arguments = ("mean", "std", "axis", "epsilon")

    def __init__(
        self,
        mean: float | Sequence[float] = 0.0,
        std: float | Sequence[float] = 1.0,
        *,
        axis: int | Sequence[int] | None = None,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mean, self.std = _numbers(mean, "mean"), _numbers(std, "std")
        self.axis = None if axis is None else np.asarray(axis).tolist()
        self.epsilon = number(epsilon, "epsilon", above=0)
        require(bool(np.all(np.asarray(std) > 0)), "`std` must be positive.", std=std)
        if axis is not None:
            axes = np.atleast_1d(axis)
            require(0 not in axes, "`axis` must not be 0, the batch.", axis=axis)
            require(
                (self.mean, self.std) == (0.0, 1.0),
                "Pass either `axis`, or `mean` and `std`.",
                axis=axis,
                mean=mean,
                std=std,
            )

    def call(self, inputs: Any) -> Any:
        """Standardize every clip."""
        self.check_input(inputs)
        if self.axis is None:
            scale = 1.0 / np.asarray(self.std, "float64")
            shift = np.asarray(self.mean, "float64")
            shift = ops.convert_to_tensor(shift, "float32")
            return (inputs - shift) * ops.convert_to_tensor(scale, "float32")
        rank = len(inputs.shape)
        axes = tuple(int(a) % rank for a in np.atleast_1d(self.axis))
        require(0 not in axes, "`axis` includes the batch.", axis=self.axis, rank=rank)
        centered = inputs - ops.mean(inputs, axis=axes, keepdims=True)
        variance = ops.mean(centered * centered, axis=axes, keepdims=True)
        return centered / ops.sqrt(variance + self.epsilon)


def _numbers(values: Any, name: str) -> Any:
    """Return a number, or an array of numbers as lists."""
    array = np.asarray(values)
    require(
        array.dtype.kind in "iuf",
        f"{name} must be a number or several numbers.",
        **{name: values},
    )
    return array.tolist() if array.ndim else plain(array[()])
