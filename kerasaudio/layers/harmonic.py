"""Triangular filters around notes and their harmonics, with a learned width.

spectrogram (batch, frames, bins) -> (batch, frames, notes * harmonics)
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number, whole_number
from kerasaudio.layers.base import FeatureLayer, Shape, require
from kerasaudio.layers.precision import matmul

LOWEST_NOTE = 24  # C1 (32.7 Hz), in MIDI's numbers
# A critical band (equivalent rectangular bandwidth): slope, and Hz at 0 Hz.
BAND_SLOPE, BAND_OFFSET = 0.1079, 24.7


@keras.saving.register_keras_serializable("kerasaudio")
class HarmonicFilters(FeatureLayer):
    """Sum a spectrogram into triangular bands around notes and their harmonics.

    Band (note, h) is centered on h times the frequency f of the note, for h from 1 to
    `n_harmonics`. Its width, where it falls to 0, is (0.1079 h f + 24.7 Hz) / Q. Q is
    one number for all bands and is learned. Notes range from C1 up to the note nearest
    to sample_rate / (2 * n_harmonics), which is left out. Low bands are narrower than
    the distance of the bins of a short FFT, so that some contain no bin.

    Input: power spectrogram (batch, frames, bins), not negative; the first bin is 0 Hz,
    the last half the sample rate.
    Output: float32 (batch, frames, notes * n_harmonics), the harmonics of the lowest
    note first.

    Args:
        sample_rate: Sample rate of the waveform in Hz.
        n_harmonics: Number of harmonics of each note, including the note itself.
        notes_per_semitone: Number of notes in a semitone.
        q: Value that Q starts with; positive.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, or no note is left; the input is not
            floating point or not (batch, frames, bins).

    Source: Won, Chun, Nieto & Serra 2020, "Data-driven harmonic filters for audio
    representation learning", ICASSP; minzwon/sota-music-tagging-models at 4e1d652,
    `training/modules.py`.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> power = kerasaudio.layers.Spectrogram(n_fft=512, hop_length=256, power=2)
        >>> filters = kerasaudio.layers.HarmonicFilters(16_000)
        >>> tuple(filters(power(waveform)).shape)  # 128 notes, 6 harmonics of each
        (1, 188, 768)
    """

    arguments = ("sample_rate", "n_harmonics", "notes_per_semitone", "q")

    def __init__(
        self,
        sample_rate: float = 22050,
        n_harmonics: int = 6,
        notes_per_semitone: int = 2,
        *,
        q: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sample_rate = number(sample_rate, "sample_rate", above=0)
        self.n_harmonics = whole_number(n_harmonics, "n_harmonics")
        self.notes_per_semitone = whole_number(notes_per_semitone, "notes_per_semitone")
        self.q = number(q, "q", above=0)
        highest = self.sample_rate / (2 * self.n_harmonics)
        semitones = round(69 + 12 * np.log2(highest / 440)) - LOWEST_NOTE
        require(
            semitones > 0,
            "`sample_rate` / (2 * `n_harmonics`) must be at least a semitone above C1 "
            "(32.7 Hz).",
            sample_rate=sample_rate,
            n_harmonics=n_harmonics,
        )
        notes = np.arange(semitones * self.notes_per_semitone) / self.notes_per_semitone
        hertz = 440 * 2 ** ((LOWEST_NOTE + notes - 69) / 12)
        self.frequencies = np.outer(hertz, 1 + np.arange(self.n_harmonics))
        # In the constructor, as its shape does not depend on the input.
        self.bw_q = self.add_weight(
            name="bw_Q", shape=(1,), initializer=keras.initializers.Constant(self.q)
        )

    @property
    def notes(self) -> int:
        """Number of notes."""
        return len(self.frequencies)

    def filterbank(self, bins: int) -> Any:
        """Return the filters for the present Q, (bins, notes * n_harmonics)."""
        slopes = _slopes(tuple(self.frequencies.ravel()), self.sample_rate, bins)
        return ops.maximum(1.0 - ops.multiply(slopes, self.bw_q), 0.0)

    def call(self, inputs: Any) -> Any:
        """Transform (batch, frames, bins)."""
        self.check_input(inputs)
        return matmul(inputs, self.filterbank(inputs.shape[2]))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, frames, notes * n_harmonics)."""
        return (*input_shape[:2], self.frequencies.size)


@lru_cache(maxsize=8)
def _slopes(centers: tuple[float, ...], sample_rate: float, bins: int) -> np.ndarray:
    """Return how far each bin is from each center, in halves of a band of Q 1."""
    hertz = np.linspace(0, sample_rate / 2, bins)[:, None]
    center = np.asarray(centers)
    half = (BAND_SLOPE * center + BAND_OFFSET) / 2
    return (np.abs(hertz - center) / half).astype("float32")
