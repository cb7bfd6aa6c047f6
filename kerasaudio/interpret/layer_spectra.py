"""The result of `filter_spectra`: sounds that excite the filters of a layer."""

from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.interpret.climb import Stopped
from kerasaudio.layers.filterbank import hertz_to_mel, mel_to_hertz
from kerasaudio.plot.spectra import spectra as draw_spectra


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
        iterations: Number of steps that were made.
        stopped: "finished", or "interrupted" by Ctrl-C.

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
    iterations: int
    stopped: Stopped = "finished"

    def __repr__(self) -> str:
        """Return the layer, the number of filters and the median of their peaks."""
        return (
            f"FilterSpectra({self.layer!r} of {self.model}, filters={len(self.peaks)}, "
            f"silent={int(self.silent.sum())}, median_peak={self.median_peak:.0f} Hz, "
            f"iterations={self.iterations}, stopped={self.stopped!r})"
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
