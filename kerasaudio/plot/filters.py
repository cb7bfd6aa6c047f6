"""Pictures of what the first layer of a network hears: mel bands, learned kernels."""

from collections.abc import Iterator
from os import PathLike
from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import number
from kerasaudio.plot.figure import find_place, plain

_LEAST_FFT = 512  # short kernels are padded, so that their spectra are smooth
_BINS = 513  # of a bank that takes any number


def filters(
    model_or_layer: Any,
    path: str | PathLike[str] | None = None,
    *,
    sample_rate: float | None = None,
    ax: Any = None,
    title: str = "",
) -> Any:
    """Draw the bands of a mel front-end, or the spectra of learned kernels.

    Mel bands are curves over frequency. For a network on the waveform, such as
    `SampleCNN`, each column is the magnitude spectrum of one kernel of its first
    convolution, divided by its maximum; columns are sorted by the frequency of the
    maximum, as Lee et al. 2018 (Applied Sciences 8(1), 150) show learned filters.

    Args:
        model_or_layer: A model, of which the first mel front-end (or other filter bank)
            is drawn, else the first one-dimensional convolution of the waveform; or
            such a layer.
        path: PNG file to write; None to return the figure.
        sample_rate: Sample rate in Hz of the input of a convolution; None for that of
            the model.
        ax: Axes of matplotlib to draw into; None for a new figure.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: There is no such layer, it is not built, or its sample rate is
            unknown; the suffix is not .png; both `path` and `ax` are given.
        OSError: The file cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> mel = kerasaudio.layers.MelSpectrogram(16_000, 512, n_mels=40)
        >>> figure = kerasaudio.plot.filters(mel)  # shown by a notebook
        >>> model = kerasaudio.SampleCNN(weights="fsdd")
        >>> kerasaudio.plot.filters(model, "kernels.png").name
        'kernels.png'
    """
    if sample_rate is not None:
        sample_rate = number(sample_rate, "sample_rate", above=0)
    layer = _find(model_or_layer)
    place = find_place(path, ax)
    spec = getattr(model_or_layer, "spec", None)
    own = getattr(layer, "sample_rate", None) or getattr(spec, "sample_rate", None)
    rate = sample_rate or own
    if rate is None:
        raise ValueError(
            f"The sample rate of layer {layer.name!r} is unknown. Pass sample_rate=, "
            "in Hz."
        )
    if _has_bank(layer):
        hertz, bank = _bank(layer, rate)
        figure, axes = place.axes(9, 3.6)
        _draw_bank(axes, hertz, bank)
    else:
        spectra = _spectra(layer)
        figure, axes = place.axes(7, 4)
        image = _draw_spectra(axes, spectra, rate)
        if ax is None:
            label = "magnitude / its maximum"
            figure.colorbar(image, ax=axes, label=label, pad=0.01)
    if title:
        axes.set_title(plain(title))
    return place.finish(figure)


def _find(model_or_layer: Any) -> Any:
    """Return the layer to draw."""
    if not isinstance(model_or_layer, keras.layers.Layer):
        raise ValueError(
            "model_or_layer must be a model or a layer. Received: "
            f"{type(model_or_layer).__name__}."
        )
    every = list(_flat(model_or_layer))
    for fits in (_has_bank, _hears_samples):
        for layer in every:
            if fits(layer):
                return layer
    raise ValueError(
        f"{model_or_layer.name!r} has no mel front-end and no Conv1D on one channel, "
        "the waveform, that is built. Pass the layer: model.get_layer(name). Received: "
        f"{type(model_or_layer).__name__}."
    )


def _flat(layer: Any) -> Iterator[Any]:
    """Yield a layer, and before it those inside it, in their order."""
    for inner in getattr(layer, "layers", ()):
        yield from _flat(inner)
    yield layer


def _has_bank(layer: Any) -> bool:
    return hasattr(layer, "filterbank")


def _hears_samples(layer: Any) -> bool:
    """Return whether a layer is a built convolution of one channel."""
    return (
        isinstance(layer, keras.layers.Conv1D)
        and layer.built
        and layer.kernel.shape[1] == 1
    )


def _bank(layer: Any, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies in Hz (bins,) and the bands (bins, bands)."""
    if callable(layer.filterbank):  # learned, for any number of bins
        bank = keras.ops.convert_to_numpy(layer.filterbank(_BINS))
        return np.linspace(0, rate / 2, len(bank)), bank
    bank = np.asarray(layer.filterbank)
    return np.arange(len(bank)) * rate / layer.n_fft, bank


def _draw_bank(axes: Any, hertz: np.ndarray, bank: np.ndarray) -> None:
    from matplotlib import colormaps

    colors = colormaps["viridis"](np.linspace(0, 0.9, bank.shape[1]))
    for band, color in zip(bank.T, colors, strict=True):
        used = np.flatnonzero(band)
        if len(used):
            shown = slice(max(0, used[0] - 1), used[-1] + 2)
            axes.plot(hertz[shown] / 1000, band[shown], color=color, linewidth=1)
    axes.set_xlim(0, hertz[-1] / 1000)
    axes.set_ylim(bottom=min(0.0, float(bank.min())))
    axes.set_xlabel("kHz")
    axes.set_ylabel("weight")
    axes.spines[["top", "right"]].set_visible(False)


def _spectra(layer: Any) -> np.ndarray:
    """Return magnitude spectra of kernels, sorted by peak, (bins, filters)."""
    kernel = keras.ops.convert_to_numpy(layer.kernel).astype("float64")[:, 0]
    spectra = np.abs(np.fft.rfft(kernel, max(_LEAST_FFT, len(kernel)), axis=0))
    highest = spectra.max(axis=0)
    spectra /= np.where(highest == 0, 1, highest)
    # Of equal peaks, as many short kernels have at 0 Hz, the narrower comes first.
    middles = (spectra * np.arange(len(spectra))[:, None]).sum(axis=0)
    middles /= np.maximum(spectra.sum(axis=0), 1e-12)
    return spectra[:, np.lexsort((middles, spectra.argmax(axis=0)))]


def _draw_spectra(axes: Any, spectra: np.ndarray, rate: float) -> Any:
    image = axes.imshow(
        spectra,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=(0.5, spectra.shape[1] + 0.5, 0, rate / 2000),
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    axes.set_xlabel("kernel, by the frequency of its peak")
    axes.set_ylabel("kHz")
    return image
