"""Plots of sounds, tags, trainings, filters, results, and feature spaces to hear.

Without a path they return a Matplotlib figure, which a notebook shows; with `ax=` they
draw into your own axes, and return their figure. With a path they write a file.
matplotlib, scikit-learn and umap-learn are imported at first use.
"""

from kerasaudio.plot.ascent import ascent
from kerasaudio.plot.attribution import attribution
from kerasaudio.plot.dream import dream
from kerasaudio.plot.events import events
from kerasaudio.plot.feature_space import feature_space
from kerasaudio.plot.filters import filters
from kerasaudio.plot.history import history
from kerasaudio.plot.reports import confusion_matrix, roc_curve
from kerasaudio.plot.spectra import spectra
from kerasaudio.plot.spectrogram import spectrogram
from kerasaudio.plot.tags import tags

__all__ = [
    "ascent",
    "attribution",
    "confusion_matrix",
    "dream",
    "events",
    "feature_space",
    "filters",
    "history",
    "roc_curve",
    "spectra",
    "spectrogram",
    "tags",
]
