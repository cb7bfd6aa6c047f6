"""The network from the waveform to a layer, for clips of another length."""

from collections.abc import Callable
from typing import Any

import keras

from kerasaudio.core import AudioModel
from kerasaudio.core.feature_model import layer_copy, layer_output

_LONGEST_SECONDS = 60  # up to which a sufficient length is looked for


def network_to(model: AudioModel, layer: str, samples: int) -> keras.Model:
    """Return a copy of the layers up to one of them, for clips of some length.

    The layers are copies with the weights of today, as the model's own would keep a
    trace of the new call. A layer that reshapes clips of the model's own length
    reshapes those of the new length.

    Args:
        model: The model; it stays as it is.
        layer: Name of the layer.
        samples: Length of the clips.

    Returns:
        (batch, samples) -> (batch, ..., features).

    Raises:
        ValueError: There is no such layer; or clips of this length are too short for
            it: the message names the shortest length.
    """
    whole = keras.Model(model.input, layer_output(model, layer))
    try:
        return _copy(whole, samples)
    except _TooShortError as error:
        least = _least(whole, samples, model.spec)
        advice = (
            "It cannot be computed for other lengths than that of the model."
            if least is None
            else f"It needs at least {least} samples: pass samples={least}."
        )
        raise ValueError(
            f"Layer {layer!r} of {model.name} has no output for {samples} samples. "
            f"{advice}"
        ) from error


class _TooShortError(ValueError):
    """No step of the layer's output fits into the clip."""


def _copy(whole: keras.Model, samples: int) -> keras.Model:
    (given,) = whole.inputs
    own = given.shape[1]

    def configured(layer: Any) -> dict[str, Any]:
        config: dict[str, Any] = layer.get_config()
        if isinstance(layer, keras.layers.Reshape):
            shape = [samples if size == own else size for size in layer.target_shape]
            config["target_shape"] = tuple(shape)
        return config

    waveform = keras.Input((samples,), dtype=given.dtype, name="waveform")
    try:
        copied = copy_of(whole, waveform, configured)
    except UnfitError as error:
        raise _TooShortError(str(error)) from error
    if any(size is not None and size < 1 for size in copied.output.shape[1:]):
        raise _TooShortError(f"The output has the shape {copied.output.shape}.")
    return copied


class UnfitError(ValueError):
    """The layers cannot be computed for inputs of this shape."""


def copy_of(
    whole: keras.Model,
    inputs: keras.KerasTensor,
    configured: Callable[[Any], dict[str, Any]] = lambda layer: layer.get_config(),
) -> keras.Model:
    """Return a copy of a network, its layers and weights, on other inputs.

    Args:
        whole: A functional model with one input.
        inputs: Its new input.
        configured: Returns the configuration of a layer's copy.

    Raises:
        UnfitError: A layer does not take what it receives then.
    """
    copies: list[tuple[Any, Any]] = []

    def clone(layer: Any) -> Any:
        if isinstance(layer, keras.layers.Lambda):
            return layer_copy(layer, {"dtype": layer.dtype_policy})
        copy = layer_copy(layer, configured(layer))
        copies.append((layer, copy))
        return copy

    try:
        copied = keras.models.clone_model(
            whole, input_tensors=inputs, clone_function=clone
        )
        for layer, copy in copies:
            copy.set_weights(layer.get_weights())
    # Each backend and layer has its own error for shapes that do not fit.
    except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
        raise UnfitError(str(error)) from error
    return copied


def _least(whole: keras.Model, samples: int, spec: Any) -> int | None:
    """Return the shortest sufficient length; None if none is known."""
    enough = spec.clip_samples or _LONGEST_SECONDS * spec.sample_rate
    if enough <= samples or not _fits(whole, enough):
        return None
    short = samples
    while enough - short > 1:
        middle = (enough + short) // 2
        if _fits(whole, middle):
            enough = middle
        else:
            short = middle
    return int(enough)


def _fits(whole: keras.Model, samples: int) -> bool:
    try:
        _copy(whole, samples)
    except _TooShortError:
        return False
    return True
