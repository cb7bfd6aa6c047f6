"""Check the input of a model; errors name what arrived and what to do."""

from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import number
from kerasaudio.audio.check import check_dtype, check_values
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers.context import Context

_RANKS = {
    1: "Add the batch axis to a single clip: waveform[None, :].",
    3: "Average the channels to mono first: waveforms.mean(axis=channel_axis).",
}
_EMPTY = "Expected at least one clip with samples. Received: shape {}."


def check_fits(model: keras.Model, spec: AudioSpec) -> None:
    """Raise unless a spec, which may come from a file, fits a network.

    Raises:
        ValueError: The number of labels differs from the number of outputs, or the
            clip length from the input length.
    """
    outputs, inputs = model.outputs, model.inputs
    classes = outputs[0].shape[-1] if len(outputs) == 1 else None
    if spec.labels is not None and classes not in (None, len(spec.labels)):
        raise ValueError(
            f"The spec has {len(spec.labels)} labels, but {model.name} has {classes} "
            "outputs."
        )
    length = inputs[0].shape[1] if len(inputs) == 1 else None
    if spec.clip_samples is None or length is None:
        return
    context = spec.context_samples
    hears_it = any(isinstance(layer, Context) for layer in model.layers)
    if length not in (spec.clip_samples, spec.clip_samples + context) or (
        context and not hears_it
    ):
        more = f" and {context} samples before them" if context else ""
        raise ValueError(
            f"The spec has clips of {spec.clip_samples} samples{more}, but "
            f"{model.name} takes {length}."
        )


def native(x: Any) -> Any:
    """Return a batch in a form that all backends accept; copies only if needed.

    The bytes are in this machine's order, which jax assumes; arrays are contiguous and
    writable, as torch requires.

    Args:
        x: An array, or a list or tuple of arrays; other objects are returned as they
            are.
    """
    return _arranged(x, ["C", "A", "W"])


def native_order(x: Any) -> Any:
    """Return the clips, which Keras later copies in batches, in native byte order.

    Arrays that already have it are not copied: a file mapped into memory may be larger
    than the memory.
    """
    return _arranged(x, [])


def _arranged(x: Any, requirements: list[Any]) -> Any:
    if isinstance(x, list | tuple) and not hasattr(x, "_fields"):
        return type(x)(_arranged(part, requirements) for part in x)
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "fiub":
        return x
    dtype = x.dtype.newbyteorder("=")
    if dtype.kind == "f" and dtype.itemsize > 8:  # numpy.longdouble
        dtype = np.dtype("float64")
    return np.require(x, dtype, requirements)


def check_static(inputs: Any) -> None:
    """Raise for empty batches and for integer tensors, which Keras would cast."""
    for tensor in keras.tree.flatten(inputs):
        shape = tuple(getattr(tensor, "shape", ()))
        if shape[:1] == (0,):
            raise ValueError(_EMPTY.format(shape))
        dtype = keras.backend.standardize_dtype(getattr(tensor, "dtype", "float32"))
        if "float" not in dtype:
            raise ValueError(
                "Waveforms must be floating-point numbers in [-1, 1]. "
                f"Received: dtype {dtype}. Divide integers by their full scale first, "
                "for 16-bit audio: waveform.astype('float32') / 32768."
            )


def check_batch(x: Any, spec: AudioSpec | None) -> Any:
    """Check arrays before `predict`; return data sets and tensors as they are.

    Raises:
        ValueError: The array is not a batch of waveforms that the model takes.
    """
    if isinstance(x, list | tuple):
        x = np.asarray(x)
    if not isinstance(x, np.ndarray):
        return x
    check_dtype(x, "waveforms")
    if x.ndim != 2:
        raise ValueError(
            "Expected waveforms of shape (batch, samples). "
            f"Received: shape {x.shape}. {_RANKS.get(x.ndim, '')}"
        )
    if x.size == 0:
        raise ValueError(_EMPTY.format(x.shape))
    if spec is not None:
        check_length(x.shape, spec)
    x = native_order(x)
    check_values(x, "waveforms")
    return x


def check_length(shape: tuple[int, ...], spec: AudioSpec) -> None:
    """Raise unless the model takes waveforms of this shape, (batch, samples)."""
    batch, samples = shape
    exact = spec.clip_samples
    if exact is None:
        fits = samples >= spec.min_samples
    else:
        fits = samples in (exact, exact + spec.context_samples)
    if fits:
        return
    want = f"exactly {exact}" if exact else f"at least {spec.min_samples}"
    swapped = batch == exact or (exact is None and batch > samples)
    raise ValueError(
        f"{spec.architecture} takes {want} samples per clip "
        f"({(exact or spec.min_samples) / spec.sample_rate:.3g} s at "
        f"{spec.sample_rate} Hz). Received: shape {shape}. "
        + (
            "Are the axes swapped? The shape must be (batch, samples)."
            if swapped
            else "Use model.tag() or model.embed() for audio of any length, or "
            "kerasaudio.windows() to cut it."
        )
    )


def check_share(most: float, **shares: Any) -> None:
    """Raise a ValueError unless every argument is a number from 0 to `most`."""
    for name, value in shares.items():
        number(value, name, 0, most)
