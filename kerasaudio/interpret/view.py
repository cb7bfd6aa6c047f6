"""A clip as a network hears it: windows, whose parts have a place in the clip.

clip (samples,) -> windows by the model's rule -> inputs of the network: waveforms
(samples,) or spectrograms (frames, bins) -> an array per window -> one for the clip

What is explained is the weighted mean of the windows' values, as the score of a clip is
the mean of theirs. So arrays are added at their places in the clip, with the weights of
the windows; where two windows overlap, both count. Copies of the clip that fill a short
window count at their origin.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from kerasaudio.core import AudioModel
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.windowed import BATCH, whole_clip
from kerasaudio.interpret.gradient import Gradient, NoGradientError
from kerasaudio.interpret.grid import Grid, find_grid, spectrogram_of
from kerasaudio.interpret.kept import kept
from kerasaudio.interpret.target import Target
from kerasaudio.layers.base import check_choice

On = Literal["waveform", "spectrogram"]
FORMS = ("waveform", "spectrogram")
_HALF = 12  # bits of a place that go into one float32


class View:
    """The windows of a clip as inputs of a network, and the way back to the clip.

    Args:
        model: The model.
        clip: Waveform at the model's rate, float32 (samples,).
        target: What is explained.
        on: Form of the inputs.
        key: What the target's network belongs to, to keep what is compiled for it.

    Attributes:
        waveforms: The windows, float32 (samples,) each.
        inputs: The same as inputs of `network`.
        network: Inputs (batch, ...) -> outputs of the target.
        weights: Share of each window in the value of the clip; their sum is 1.

    Raises:
        ValueError: The model has no spectrogram, or what follows needs the waveform.
    """

    def __init__(
        self, model: AudioModel, clip: np.ndarray, target: Target, on: On, key: str
    ) -> None:
        check_choice(on=(on, FORMS))
        self.model, self.clip, self.target, self.on = model, clip, target, on
        windows = model.spec.rule.cut(clip)
        self.waveforms = [window.samples for window in windows]
        self.places = places_of(model, len(clip))
        weights = np.array([window.weight for window in windows], np.float64)
        self.weights = weights / weights.sum()
        self.key = key
        if on == "waveform":
            self.network = target.network
            self.inputs = self.waveforms
            self.rows = self.places
            self.times = np.arange(len(clip)) / model.spec.sample_rate
            self.frequencies = None
            return
        features = spectrogram_of(model)
        self._frontend: InferenceModel = self.kept(
            ("frontend",), lambda: InferenceModel(model.input, features)
        )
        self.network = self.kept(
            ("rest", key), lambda: _rest(target.network, model, features)
        )
        self.inputs = self.features(self.waveforms)
        sizes = len(self.waveforms[0]), len(self.inputs[0])
        grid = find_grid(model, *sizes)
        self.rows = [
            _columns(grid, len(spectrogram), places)
            for spectrogram, places in zip(self.inputs, self.places, strict=True)
        ]
        count = 1 + max(int(rows.max()) for rows in self.rows)
        start = grid.offset % grid.hop
        self.times = (start + grid.hop * np.arange(count)) / model.spec.sample_rate
        self.frequencies = grid.frequencies

    def features(self, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the spectrograms of waveforms, float32 (frames, bins) each."""
        return list(by_shape(self._frontend.predict_on_batch, waveforms))

    def baselines(self) -> list[np.ndarray]:
        """Return inputs for silence.

        Front-ends that measure against the loudest place of a clip do not know silence;
        the lowest value of the clip's own spectrogram stands for it.
        """
        silence = [np.zeros_like(waveform) for waveform in self.waveforms]
        if self.on == "waveform":
            return silence
        silent = self.features(silence)
        lowest = min(float(features.min()) for features in self.inputs)
        loud = max(float(features.mean()) for features in self.inputs)
        if all(np.isfinite(each).all() and each.mean() < loud for each in silent):
            return silent
        return [np.full_like(features, lowest) for features in self.inputs]

    def values(self, inputs: Iterable[np.ndarray]) -> Iterator[float]:
        """Yield the value of each input, a window."""
        network: InferenceModel = self.kept(
            ("scores", self.key, self.on),
            lambda: InferenceModel(self.network.input, self.network.output),
        )

        def score(batch: np.ndarray) -> np.ndarray:
            outputs = keras.ops.convert_to_tensor(network.predict_on_batch(batch))
            return keras.ops.convert_to_numpy(self.target.values(outputs))

        yield from map(float, by_shape(score, inputs))

    def slopes(self, inputs: Iterable[np.ndarray]) -> Iterator[tuple[float, Any]]:
        """Yield the value and the gradient of each input, a window.

        Raises:
            NoGradientError: There is none.
        """
        return self.slopes_of(self.network, (self.on,), inputs)

    def slopes_of(
        self,
        network: keras.Model,
        name: tuple[str, ...],
        *inputs: Iterable[np.ndarray],
    ) -> Iterator[tuple[float, Any]]:
        """Yield the value and the gradient of each input of a network to the target.

        Args:
            network: Network to the outputs of the target.
            name: What it is kept as.
            *inputs: For each input of the network, one of each window.
        """
        slope = self.slope(network, name)
        for batch in _batches(zip(*inputs, strict=True)):
            count = len(batch)
            stacks = [_filled(np.stack(arrays)) for arrays in zip(*batch, strict=True)]
            values, gradients = slope(*stacks)
            yield from zip(map(float, values[:count]), gradients[:count], strict=True)

    def slope(
        self, network: keras.Model, name: tuple[str, ...]
    ) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
        """Return the function of inputs to the value of the target and its gradient."""
        program = self.kept(
            ("slope", self.key, *name), lambda: Gradient(network, _of_unit)
        )
        units = np.zeros(network.output.shape[-1], "float32")
        units[self.target.unit] = 1
        return lambda *inputs: program(*inputs, units)

    def kept(self, name: tuple[str, ...], make: Callable[[], Any]) -> Any:
        """Return what is made once for a model, as compiling takes seconds."""
        return kept(self.model, name, make)

    def clip_value(self, values: Sequence[float]) -> float:
        """Return the value of the clip from those of its windows."""
        return float(np.dot(self.weights, values))

    def stitch(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """Add one array per window, (rows, ...), at their places in the clip."""
        total = np.zeros((len(self.times), *arrays[0].shape[1:]))
        for array, rows, weight in zip(arrays, self.rows, self.weights, strict=True):
            known = rows >= 0
            np.add.at(total, rows[known], weight * array[known])
        return total.astype("float32")


def hear(model: AudioModel, audio: Any, sample_rate: int | None) -> np.ndarray:
    """Return the waveform of a clip at the model's rate.

    Raises:
        ValueError: The audio is unusable, or silent.
        OSError: The file is missing or cannot be decoded.
    """
    clip = whole_clip(model.spec, audio, sample_rate)
    if not clip.any():
        raise ValueError(
            "The clip is silent: all its samples are 0, so there is no part of it that "
            "a network could listen to."
        )
    return clip


def places_of(model: AudioModel, samples: int) -> list[np.ndarray]:
    """Return the place in the clip of each sample of each window, -1 for silence."""
    # The rule itself cuts the places. A float32 holds half of a place exactly.
    place = 1 + np.arange(samples)
    rule = model.spec.rule
    halves = zip(
        rule.iter_cut((place >> _HALF).astype(np.float32)),
        rule.iter_cut((place % (1 << _HALF)).astype(np.float32)),
        strict=True,
    )
    return [
        (high.samples.astype(np.int64) << _HALF) + low.samples.astype(np.int64) - 1
        for high, low in halves
    ]


def _of_unit(outputs: Any, _: Any, *arrays: Any) -> Any:
    """Return the value of the unit that the last array marks; see `Target.values`."""
    unit = ops.sum(outputs * arrays[-1], axis=-1)
    axes = tuple(range(1, len(unit.shape)))
    return ops.mean(unit, axis=axes) if axes else unit


def check_slope(gradients: Iterable[np.ndarray], target: Target) -> None:
    """Raise a NoGradientError if all are 0, and a ValueError if one is not finite.

    On jax, what cannot be differentiated has the gradient 0.
    """
    found = list(gradients)
    if not all(np.isfinite(gradient).all() for gradient in found):
        raise ValueError(f"The gradient of {target.name!r} is not finite.")
    if not any(gradient.any() for gradient in found):
        raise NoGradientError(
            f"The gradient of {target.name!r} is 0 everywhere: an operation on its way "
            "cannot be differentiated, or it does not react to this clip. Use "
            "occlusion, which needs no gradient."
        )


def _rest(
    network: keras.Model, model: AudioModel, features: keras.KerasTensor
) -> keras.Model:
    """Return the network from the spectrogram to the outputs."""
    try:
        return keras.Model(features, network.output)
    except ValueError as error:
        raise ValueError(
            f"In {model.name}, what is explained does not depend on the spectrogram "
            "alone: it comes before it, or there is another way from the waveform. "
            "Pass on='waveform', or use occlusion."
        ) from error


def _columns(grid: Grid, frames: int, places: np.ndarray) -> np.ndarray:
    """Return the column in the clip of each frame of a window, -1 for silence."""
    middles = grid.middles(frames)
    columns = np.full(frames, -1)
    for move in (0, -grid.reach, grid.reach):  # a frame at an edge has its half
        at = np.clip(np.rint(middles + move).astype(np.int64), 0, len(places) - 1)
        found = (columns < 0) & (places[at] >= 0)
        start = grid.offset % grid.hop
        nearest = np.rint((places[at] - start) / grid.hop).astype(np.int64)
        columns = np.where(found, np.maximum(nearest, 0), columns)
    return columns


def by_shape(
    function: Callable[[np.ndarray], Any], inputs: Iterable[np.ndarray]
) -> Iterator[Any]:
    """Yield the results of a function of batches, float32, for each input."""
    for batch in _batches((each,) for each in inputs):
        stack = _filled(np.stack([each for (each,) in batch]))
        yield from np.asarray(function(stack), "float32")[: len(batch)]


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    for _, alike in groupby(rows, lambda row: tuple(each.shape for each in row)):
        while batch := list(islice(alike, BATCH)):
            yield batch


def _filled(batch: np.ndarray) -> np.ndarray:
    """Repeat the last row up to a power of two, so that compilers see few shapes."""
    lacking = (1 << (len(batch) - 1).bit_length()) - len(batch)
    return np.concatenate([batch, np.repeat(batch[-1:], lacking, axis=0)])
