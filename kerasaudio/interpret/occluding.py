"""Occlusion: what a score loses when a part of the sound is silenced."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.core import AudioModel
from kerasaudio.interpret.attribution import (
    Attribution,
    spectrum_of,
    transforms,
    waveform_of,
)
from kerasaudio.interpret.explained import explain
from kerasaudio.interpret.view import On, View
from kerasaudio.layers.base import check_choice
from kerasaudio.layers.filterbank import hertz_to_mel, mel_to_hertz

Over = Literal["time", "frequency", "both"]
_LEAST_HOP = 0.001  # seconds; each part costs a run of the network


def occlusion(
    model: AudioModel,
    audio: Any,
    sample_rate: int | None = None,
    *,
    label: str | None = None,
    layer: str | None = None,
    unit: int | None = None,
    on: On = "waveform",
    over: Over = "time",
    seconds: float = 0.4,
    hop_seconds: float = 0.1,
    bands: int = 8,
) -> Attribution:
    """Return what a score loses when a part of a sound is silenced.

    A part slides over the sound; each place has the mean loss of the parts that cover
    it. It needs no gradient, and runs the network once for each part (on the windows
    that the part touches).

    Args:
        model: See `saliency`.
        audio: See `saliency`.
        sample_rate: See `saliency`.
        label: See `saliency`.
        layer: See `saliency`.
        unit: See `saliency`.
        on: ``"waveform"`` (default): parts of the sound's short-time Fourier transform
            are set to 0, and it is turned back into a sound; ``"spectrogram"``: parts
            of the output of the layer `frontend` are set to that of silence.
        over: ``"time"`` (default), ``"frequency"`` or ``"both"``.
        seconds: Length of a part; default: 0.4.
        hop_seconds: Time from one part to the next, at least 0.001; default: 0.1.
        bands: With frequencies: number of bands from 0 to half the sample rate, equally
            wide in mel on the waveform, in bins on the spectrogram; default: 8.

    Returns:
        An `Attribution` of the kind "contribution": (times,); with ``"both"`` (times,
        frequencies); with ``"frequency"`` (1, frequencies).

    Raises:
        ValueError: As `saliency`; or a number is out of range.
        OSError: The file is missing or cannot be decoded.

    Source: Zeiler & Fergus 2014, arXiv:1311.2901.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> found = kerasaudio.interpret.occlusion(
        ...     model, "song.wav", label="3", over="both", hop_seconds=0.4, bands=4
        ... )
        >>> found.values.shape, found.frequencies.round().tolist()
        ((8, 4), [293.0, 890.0, 1690.0, 3093.0])
    """
    check_choice(over=(over, ("time", "frequency", "both")))
    seconds = number(seconds, "seconds", above=0)
    hop = number(hop_seconds, "hop_seconds", _LEAST_HOP)
    bands = whole_number(bands, "bands") if over != "time" else 1
    view, asked = explain(model, audio, sample_rate, label, layer, unit, on)
    length = len(view.clip) / model.spec.sample_rate
    hop = min(hop, length)
    if over == "frequency":
        hop = seconds = length
    steps = max(1, round(length / hop))
    width = max(1, round(seconds / hop))
    if on == "waveform":
        parts: _OnSound | _OnFeatures = _OnSound(view, bands)
    else:
        parts = _OnFeatures(view, bands)
    values = list(view.values(view.inputs))
    score = view.clip_value(values)
    losses = np.zeros((steps, bands))
    counts = np.zeros((steps, 1))
    for first in range(1 - width, steps):
        covered = slice(max(first, 0), min(first + width, steps))
        span = covered.start * hop, covered.stop * hop
        if covered.stop == steps:
            span = span[0], np.inf
        for band in range(bands):
            without = parts.without(span, band)
            losses[covered, band] += score - _score(view, values, without)
        counts[covered] += 1
    found = losses / counts
    return Attribution(
        values=(found[:, 0] if over == "time" else found).astype("float32"),
        times=(np.arange(steps) + 0.5) * hop,
        frequencies=None if over == "time" else parts.frequencies,
        target=view.target.name,
        score=score,
        method="occlusion",
        kind="contribution",
        waveform=view.clip,
        sample_rate=model.spec.sample_rate,
        asked=asked,
    )


def _score(
    view: View, values: list[float], inputs: Iterator[np.ndarray | None]
) -> float:
    """Return the score of a clip; of windows without change (None) it is known."""
    given = list(inputs)
    changed = view.values(each for each in given if each is not None)
    found = [
        old if each is None else next(changed)
        for old, each in zip(values, given, strict=True)
    ]
    return view.clip_value(found)


class _OnSound:
    """Silences parts of the transform of a sound."""

    def __init__(self, view: View, bands: int) -> None:
        self._view = view
        rate = view.model.spec.sample_rate
        self._stft, self._inverse = transforms(rate, len(view.clip))
        self._spectrum = spectrum_of(self._stft, view.clip)
        frames = np.arange(len(self._spectrum))
        self._seconds = frames * self._stft.hop_length / rate
        edges = mel_to_hertz(np.linspace(0, hertz_to_mel(rate / 2), bands + 1))
        self.frequencies = (edges[:-1] + edges[1:]) / 2
        hertz = np.arange(self._stft.bins) * rate / self._stft.n_fft
        self._band = np.clip(np.searchsorted(edges, hertz, "right") - 1, 0, bands - 1)

    def without(
        self, span: tuple[float, float], band: int
    ) -> Iterator[np.ndarray | None]:
        """Yield the windows without a part; None for those that it does not touch."""
        view = self._view
        inside = (self._seconds >= span[0]) & (self._seconds < span[1])
        spectrum = self._spectrum.copy()
        spectrum[np.ix_(inside, self._band == band)] = 0
        # Elsewhere the sound stays as it is, to the last bit.
        clip = view.clip.copy()
        reach = self._stft.n_fft // 2
        touched = np.flatnonzero(inside) * self._stft.hop_length
        if len(touched):
            begin = max(0, touched[0] - reach)
            end = min(len(clip), touched[-1] + reach)
            clip[begin:end] = waveform_of(self._inverse, spectrum)[begin:end]
        for window, original in zip(
            view.model.spec.rule.iter_cut(clip), view.waveforms, strict=True
        ):
            same = np.array_equal(window.samples, original)
            yield None if same else window.samples


class _OnFeatures:
    """Replaces parts of spectrograms by silence."""

    def __init__(self, view: View, bands: int) -> None:
        self._view = view
        self._silent = view.baselines()
        bins = view.inputs[0].shape[1]
        self._band = np.arange(bins) * bands // bins
        known = view.frequencies
        self.frequencies = None
        if known is not None:
            self.frequencies = np.array(
                [known[self._band == band].mean() for band in range(bands)]
            )

    def without(
        self, span: tuple[float, float], band: int
    ) -> Iterator[np.ndarray | None]:
        """Yield the inputs without a part; None for those that it does not touch."""
        view = self._view
        inside = (view.times >= span[0]) & (view.times < span[1])
        for features, silent, rows in zip(
            view.inputs, self._silent, view.rows, strict=True
        ):
            touched = (rows >= 0) & inside[rows]
            if not touched.any():
                yield None
                continue
            part = np.ix_(touched, self._band == band)
            changed = features.copy()
            changed[part] = silent[part]
            yield changed
