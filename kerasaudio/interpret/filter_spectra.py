"""What each filter of a layer listens to: spectra of the sounds that excite it most."""

from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from kerasaudio.arguments import number, whole_number
from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.files.progress import steps_bar
from kerasaudio.interpret.ascent import Ascent, Priors
from kerasaudio.interpret.auralize import title_of
from kerasaudio.interpret.gradient import Gradient
from kerasaudio.interpret.subnetwork import network_to
from kerasaudio.layers.filterbank import hertz_to_mel, mel_to_hertz
from kerasaudio.plot.spectra import spectra as draw_spectra

SAMPLES = 729
ITERATIONS = 100
STEP = 0.01
# Shifts to anywhere, no smoothing, and no constant, which recordings do not have.
PRIORS = Priors(shift_seconds=1, slope_db=0, band=(20, None))
_MOST_FILTERS = 512  # in one batch
_TINY = 1e-8


class Scales(NamedTuple):
    """How far peaks by rank are from evenly spaced ones, as a fraction of the range.

    Attributes:
        mel: Mean distance from frequencies that are evenly spaced in mel.
        linear: Mean distance from frequencies that are evenly spaced in Hz.
    """

    mel: float
    linear: float


@dataclass(frozen=True, eq=False, repr=False)
class FilterSpectra:
    """Sounds that excite the filters of a layer, and their spectra.

    Filters are in the layer's order; `order` sorts them.

    Attributes:
        layer: Name of the layer.
        model: Name of the model, with its weights.
        sample_rate: In Hz.
        waveforms: float32 (filters, samples).
        spectra: Log magnitude in dB, float32 (filters, samples // 2 + 1).
        peaks: Frequency in Hz at which the spectrum is highest, float64 (filters,); NaN
            for silent filters.
        activations: Mean activation by the waveform, float32 (filters,).
        silent: Filters without a gradient, whose waveform is still the noise, bool
            (filters,).

    Examples:
        >>> model = kerasaudio.SampleCNN(weights="fsdd")
        >>> found = kerasaudio.interpret.filter_spectra(
        ...     model, "layer2_relu", iterations=10
        ... )
        >>> found
        FilterSpectra('layer2_relu' of SampleCNN/fsdd, filters=32, silent=0, ...)
        >>> found.waveforms.shape, found.peaks.shape
        ((32, 729), (32,))
    """

    layer: str
    model: str
    sample_rate: int
    waveforms: np.ndarray
    spectra: np.ndarray
    peaks: np.ndarray
    activations: np.ndarray
    silent: np.ndarray

    def __repr__(self) -> str:
        """Return the layer, the number of filters and the median of their peaks."""
        return (
            f"FilterSpectra({self.layer!r} of {self.model}, filters={len(self.peaks)}, "
            f"silent={int(self.silent.sum())}, median_peak={self.median_peak:.0f} Hz)"
        )

    @property
    def hertz(self) -> np.ndarray:
        """Frequencies of the spectra in Hz."""
        size = self.waveforms.shape[1]
        hertz: np.ndarray = np.fft.rfftfreq(size, 1 / self.sample_rate)
        return hertz

    @property
    def order(self) -> np.ndarray:
        """Filters that are not silent, by the frequency of their peak."""
        ranked = np.argsort(self.peaks, kind="stable")
        order: np.ndarray = ranked[~self.silent[ranked]]
        return order

    @property
    def median_peak(self) -> float:
        """Median of the peaks in Hz; NaN if all filters are silent."""
        heard = self.peaks[~self.silent]
        return float(np.median(heard)) if len(heard) else float("nan")

    def scales(self) -> Scales:
        """Compare the peaks by rank with the mel scale and with a linear one.

        The ranks are spread evenly from 0 to half the sample rate, as the bands of a
        mel spectrogram are.
        """
        heard = np.sort(self.peaks[~self.silent])
        if not len(heard):
            return Scales(float("nan"), float("nan"))
        top = self.sample_rate / 2
        ranks = (np.arange(len(heard)) + 0.5) / len(heard)
        mel = mel_to_hertz(ranks * hertz_to_mel(top))
        return Scales(
            float(np.abs(heard - mel).mean() / top),
            float(np.abs(heard - ranks * top).mean() / top),
        )

    def plot(
        self,
        path: str | PathLike[str] | None = None,
        *,
        ax: Any = None,
        title: str | None = None,
    ) -> Any:
        """Draw the spectra, a column per filter, sorted by their peak.

        Args:
            path: PNG file to write; None to return the figure.
            ax: Axes of matplotlib to draw into; None for a new figure.
            title: Title above the picture; None for the layer and the model.

        Returns:
            The path; without a path the `matplotlib.figure.Figure`.

        Raises:
            ValueError: The suffix is not .png; both `path` and `ax` are given.
            OSError: The file cannot be written.
            ImportError: matplotlib is not installed.
        """
        named = f"{self.layer} · {self.model}" if title is None else title
        return draw_spectra(
            self.spectra[self.order],
            path,
            sample_rate=self.sample_rate,
            ax=ax,
            title=named,
        )


def filter_spectra(
    model: AudioModel,
    layer: str,
    *,
    samples: int = SAMPLES,
    iterations: int = ITERATIONS,
    step: float = STEP,
    priors: Priors | None = PRIORS,
    seed: int = 0,
    progress: bool | None = None,
) -> FilterSpectra:
    """Find what each filter of a layer listens to, all filters at once.

    From the same seeded noise, a waveform climbs for each filter towards its highest
    activation, averaged over the time that is left at the layer. All of them are one
    batch, whose gradient is one program. For networks on the waveform, such as
    `SampleCNN`, the spectra sorted by their peak show the frequencies that a layer
    covers (Lee et al. 2018, figure 2).

    The network is computed up to the layer only, for clips of `samples` samples: 729,
    as in the paper, are 3 ** 6, enough for six layers with a stride of 3. Layers that
    keep less than one step of them need longer clips, at least the product of the
    strides before them; the error says how long.

    Args:
        model: A model with any backend, also your own.
        layer: Name of the layer; rectified outputs ("layer3_relu") are what the paper
            averages.
        samples: Length of the waveforms; default: 729.
        iterations: Number of steps; default: 100.
        step: Root mean square of the change by a step; default: 0.01. Without priors,
            factor of the gradient.
        priors: What is assumed of the sounds. By default, they are shifted in each
            step, by up to a second, or to anywhere if they are shorter: without shifts,
            the sounds repeat after as many samples as the network's stride, and their
            spectra are lines. Frequencies below 20 Hz do not change. None for plain
            ascent.
        seed: Seed of the noise.
        progress: Whether to show a progress bar; None for only if stderr is a terminal.

    Returns:
        Waveforms, spectra and peaks.

    Raises:
        ValueError: There is no such layer; the clips are too short for it, or the model
            takes no clips of another length; a number is out of range.

    Source: Lee, Park, Kim & Nam 2018, "SampleCNN: End-to-End Deep Convolutional Neural
    Networks Using Very Small Filters for Music Classification", Applied Sciences 8(1),
    150.

    Examples:
        >>> model = kerasaudio.SampleCNN(weights="fsdd")
        >>> found = kerasaudio.interpret.filter_spectra(
        ...     model, "layer3_relu", iterations=10
        ... )
        >>> found.spectra.shape  # a filter a row
        (32, 365)
        >>> found.plot("filters.png").name
        'filters.png'
    """
    check_model(model, "filter_spectra")
    size = whole_number(samples, "samples", 2, unit="samples")
    steps = whole_number(iterations, "iterations")
    number(step, "step", above=0)
    network = network_to(model, layer, size)
    filters = network.output.shape[-1]
    rate = model.spec.sample_rate
    uphill = Ascent(size, rate, step, priors, whole_number(seed, "seed", 0))
    slope = Gradient(network, _own_mean)
    sounds = np.repeat(uphill.noise(1), filters, axis=0)
    activations = np.zeros(filters, "float32")
    silent = np.zeros(filters, bool)
    parts = np.array_split(np.arange(filters), -(-filters // _MOST_FILTERS))
    with steps_bar(layer, len(parts) * steps, progress) as bar:
        for part in parts:
            own = np.eye(filters, dtype="float32")[part]
            for iteration in range(steps):
                shift = uphill.shift(iteration)
                _, gradient = slope(uphill.roll(sounds[part], shift), own)
                gradient = uphill.roll(gradient, shift, back=True)
                sounds[part] = uphill.move(sounds[part], gradient)
                bar.update()
            activations[part], gradient = slope(sounds[part], own)
            silent[part] = ~np.any(gradient, axis=1)
    spectra = _log_spectra(sounds)
    peaks = np.fft.rfftfreq(size, 1 / rate)[spectra.argmax(axis=1)]
    return FilterSpectra(
        layer=layer,
        model=title_of(model),
        sample_rate=rate,
        waveforms=sounds,
        spectra=spectra,
        peaks=np.where(silent, np.nan, peaks),
        activations=activations,
        silent=silent,
    )


def _own_mean(outputs: Any, waveforms: Any, own: Any) -> Any:
    """Return for each clip of the batch the mean of its own filter."""
    axes = tuple(range(1, len(outputs.shape) - 1))
    means = ops.mean(outputs, axis=axes) if axes else outputs
    return ops.sum(means * own, axis=-1)


def _log_spectra(waveforms: np.ndarray) -> np.ndarray:
    magnitude = np.abs(np.fft.rfft(waveforms.astype("float64")))
    spectra: np.ndarray = (20 * np.log10(magnitude + _TINY)).astype("float32")
    return spectra
