"""Grad-CAM: where the maps of a convolution speak for a score."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.core.feature_model import layer_output
from kerasaudio.core.inference import InferenceModel
from kerasaudio.interpret.attribution import Attribution
from kerasaudio.interpret.explained import explain, result
from kerasaudio.interpret.gradient import NoGradientError
from kerasaudio.interpret.grid import has_spectrogram
from kerasaudio.interpret.view import On, View, check_slope
from kerasaudio.layers import Patches
from kerasaudio.layers.depthwise import DepthwiseConv2D

_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    DepthwiseConv2D,
)
# Layers that belong to the convolution before them.
_FOLLOWERS = (
    keras.layers.BatchNormalization,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.ELU,
    keras.layers.PReLU,
)


def grad_cam(
    model: AudioModel,
    audio: Any,
    sample_rate: int | None = None,
    *,
    label: str | None = None,
    layer: str | None = None,
    unit: int | None = None,
    at: str | None = None,
) -> Attribution:
    """Return where the maps of a convolution speak for a score (Grad-CAM).

    Each map is weighted by the mean gradient of the score with respect to it; what is
    above 0 of their sum is the result. It takes one gradient, and is as coarse as the
    maps: it is interpolated to the frames of the spectrogram, or for networks on the
    waveform to steps of 10 ms.

    Args:
        model: See `saliency`.
        audio: See `saliency`.
        sample_rate: See `saliency`.
        label: See `saliency`.
        layer: See `saliency`.
        unit: See `saliency`.
        at: Layer with the maps, (batch, times, channels) or (batch, times, frequencies,
            channels). Default: the last convolution with several times in a window,
            after its normalization and activation.

    Returns:
        An `Attribution` of the kind "contribution", (times, frequencies); (times,) if
        the maps have no frequencies.

    Raises:
        NoGradientError: The score does not depend on the maps.
        ValueError, OSError: As `saliency`; the layer does not exist or has no maps over
            time, or the network has no convolution.

    Source: Selvaraju et al. 2017, arXiv:1610.02391.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> kerasaudio.interpret.grad_cam(model, "song.wav", label="3", at="conv1")
        Attribution('3' by grad_cam, 301 x 40 parts in 3 s, ...)
    """
    on: On = "spectrogram" if has_spectrogram(model) else "waveform"
    view, asked = explain(model, audio, sample_rate, label, layer, unit, on)
    place = _default_layer(model) if at is None else at
    maps = _check_maps(model, place)
    network = view.kept(
        ("beyond", view.key, place),
        lambda: _beyond(view.target.network, place),
    )
    trunk = view.kept(("trunk", place), lambda: InferenceModel(model.input, maps))
    seen = _maps(trunk, view)
    beside = [view.waveforms] if len(network.inputs) == 2 else []
    values, gradients = zip(*_by_clip(view, network, place, seen, *beside), strict=True)
    check_slope(gradients, view.target)
    cams = [
        _cam(each, gradient) for each, gradient in zip(seen, gradients, strict=True)
    ]
    if _is_turned(model, place):
        cams = [np.swapaxes(cam, 1, 2) for cam in cams if cam.ndim == 3]
    placed = [_placed(model, view, n, cam) for n, cam in enumerate(cams)]
    score = view.clip_value(list(values))
    result_of = result(view, asked, "grad_cam", placed, score, kind="contribution")
    return result_of if on == "spectrogram" else _in_steps(result_of)


def _by_clip(
    view: View, network: keras.Model, place: str, seen: list[np.ndarray], *beside: Any
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield values and gradients; of several patches, those of one window at a time."""
    if all(len(maps) == 1 for maps in seen):
        single = [maps[0] for maps in seen]
        for value, gradient in view.slopes_of(
            network, ("maps", place), single, *beside
        ):
            yield value, gradient[None]
        return
    slope = view.slope(network, ("maps", place))
    for number, maps in enumerate(seen):
        others = [waveforms[number][None] for waveforms in beside]
        values, gradients = slope(maps, *others)
        yield float(np.mean(values)), gradients


def _default_layer(model: AudioModel) -> str:
    convolutions = [
        layer
        for layer in model.layers
        if isinstance(layer, _CONVOLUTIONS) and layer.output.shape[1] != 1
    ]
    if not convolutions:
        raise ValueError(
            f"{model.name} has no convolution with a time axis. Name a layer with maps "
            "over time: at=."
        )
    last = convolutions[-1]
    while follower := next(
        (
            layer
            for layer in model.layers
            if isinstance(layer, _FOLLOWERS) and layer.input is last.output
        ),
        None,
    ):
        last = follower
    return str(last.name)


def _check_maps(model: AudioModel, name: str) -> keras.KerasTensor:
    output = layer_output(model, name)
    if len(output.shape) not in (3, 4) or output.shape[1] == 1:
        raise ValueError(
            f"Layer {name!r} has no maps over time, (batch, times, channels) or "
            f"(batch, times, frequencies, channels): its output is {output.shape}."
        )
    return output


def _beyond(network: keras.Model, name: str) -> keras.Model:
    """Return the network from the maps of a layer to the outputs.

    If there is a way around the layer, it also takes the waveform.

    Raises:
        NoGradientError: The outputs come before the layer.
    """
    maps = []

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        output = layer(*args, **kwargs)
        if layer.name == name:
            maps.append(output)
        return output

    # Keras changes the `keras.Input` of a graph that it enters at two places, after
    # which its model cannot be saved. So the layers are called on an input of its own.
    again = keras.models.clone_model(
        keras.Model(network.input, network.output),
        call_function=call,
        clone_function=lambda layer: layer,
    )
    if not maps:
        raise NoGradientError(f"What is explained does not depend on layer {name!r}.")
    try:
        return keras.Model(maps[0], again.output)
    except ValueError:
        return keras.Model([maps[0], again.input], again.output)


def _maps(trunk: InferenceModel, view: View) -> list[np.ndarray]:
    """Return the maps of each window, (patches, times, ..., channels)."""
    return [
        np.asarray(trunk.predict_on_batch(waveform[None]), "float32")
        for waveform in view.waveforms
    ]


def _cam(maps: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    weights = gradient.mean(axis=tuple(range(1, gradient.ndim - 1)), keepdims=True)
    return np.maximum((weights * maps).sum(axis=-1), 0)


def _is_turned(model: AudioModel, name: str) -> bool:
    """Return whether frequencies come before times in the maps of a layer."""
    before = keras.Model(model.input, model.get_layer(name).output).layers
    turns = [
        layer
        for layer in before
        if isinstance(layer, keras.layers.Permute) and layer.dims[:2] == (2, 1)
    ]
    return len(turns) % 2 == 1


def _placed(model: AudioModel, view: View, number: int, cam: np.ndarray) -> np.ndarray:
    """Return a window's maps on the rows, and the bins, of its input."""
    rows = len(view.inputs[number])
    if len(cam) == 1:
        over = _stretched(cam[0], rows)
    else:
        over = _patches_over(model, cam, rows)
    if over.ndim == 1:
        return over
    if view.on == "waveform":
        return over.sum(axis=1)
    return _stretched(over.T, view.inputs[number].shape[1]).T


def _patches_over(model: AudioModel, cam: np.ndarray, rows: int) -> np.ndarray:
    """Add the maps of patches at their frames."""
    layer = next((each for each in model.layers if isinstance(each, Patches)), None)
    if layer is None:
        raise ValueError(
            f"{model.name} hears {len(cam)} pieces of a window, whose places are "
            "unknown. Use another method, such as occlusion."
        )
    over = np.zeros((rows, *cam.shape[2:]))
    for patch, each in enumerate(cam):
        begin = patch * layer.hop_frames
        end = min(begin + layer.patch_frames, rows)
        over[begin:end] += _stretched(each, layer.patch_frames)[: end - begin]
    return over


def _stretched(array: np.ndarray, count: int) -> np.ndarray:
    """Interpolate the first axis to `count` places, between the middles of cells."""
    known = len(array)
    at = np.clip((np.arange(count) + 0.5) * known / count - 0.5, 0, known - 1)
    low = np.minimum(at.astype(int), max(known - 2, 0))
    high = np.minimum(low + 1, known - 1)
    share = (at - low).reshape(-1, *([1] * (array.ndim - 1)))
    return (1 - share) * array[low] + share * array[high]


def _in_steps(found: Attribution) -> Attribution:
    """Return values of samples as means over 10 ms."""
    step = max(1, found.sample_rate // 100)
    starts = np.arange(0, len(found.values), step)
    sums = np.add.reduceat(found.values, starts)
    counts = np.diff(np.append(starts, len(found.values)))
    times = (starts + (counts - 1) / 2) / found.sample_rate
    return replace(found, values=(sums / counts).astype("float32"), times=times)
