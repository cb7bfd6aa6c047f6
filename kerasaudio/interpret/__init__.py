"""What a network listens to: which part of a sound, and what it would like to hear.

Everything starts from the gradient of a score with respect to the sound.
"""

from kerasaudio.interpret.ascent import Priors
from kerasaudio.interpret.auralization import Auralization
from kerasaudio.interpret.auralize import auralize
from kerasaudio.interpret.filter_spectra import FilterSpectra, filter_spectra
from kerasaudio.interpret.measures import (
    burst_seconds,
    crest_factor,
    describe,
    spectral_centroid,
)
from kerasaudio.interpret.sounds import write_page

__all__ = [
    "Auralization",
    "FilterSpectra",
    "Priors",
    "auralize",
    "burst_seconds",
    "crest_factor",
    "describe",
    "filter_spectra",
    "spectral_centroid",
    "write_page",
]
