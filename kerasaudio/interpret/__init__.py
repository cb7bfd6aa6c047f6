"""What a network listens to: which part of a sound, and what it would like to hear.

Everything starts from the gradient of a score with respect to the sound, or of a
picture.
"""

from kerasaudio.interpret.ascent import Priors
from kerasaudio.interpret.attribution import Attribution
from kerasaudio.interpret.auralization import Auralization
from kerasaudio.interpret.auralize import auralize
from kerasaudio.interpret.cam import grad_cam
from kerasaudio.interpret.dream import dream
from kerasaudio.interpret.dream_result import Dream
from kerasaudio.interpret.dream_sequence import DreamSequence, dream_sequence
from kerasaudio.interpret.dreamer import Dreamer
from kerasaudio.interpret.faithfulness import Curve, deletion_curve, insertion_curve
from kerasaudio.interpret.filter_spectra import filter_spectra
from kerasaudio.interpret.gradient import NoGradientError
from kerasaudio.interpret.integrated import integrated_gradients
from kerasaudio.interpret.layer_spectra import FilterSpectra
from kerasaudio.interpret.look import look_page
from kerasaudio.interpret.measures import (
    burst_seconds,
    crest_factor,
    describe,
    spectral_centroid,
)
from kerasaudio.interpret.methods import attribute
from kerasaudio.interpret.occluding import occlusion
from kerasaudio.interpret.saliency import saliency, smooth_grad
from kerasaudio.interpret.sounds import write_page

__all__ = [
    "Attribution",
    "Auralization",
    "Curve",
    "Dream",
    "DreamSequence",
    "Dreamer",
    "FilterSpectra",
    "NoGradientError",
    "Priors",
    "attribute",
    "auralize",
    "burst_seconds",
    "crest_factor",
    "deletion_curve",
    "describe",
    "dream",
    "dream_sequence",
    "filter_spectra",
    "grad_cam",
    "insertion_curve",
    "integrated_gradients",
    "look_page",
    "occlusion",
    "saliency",
    "smooth_grad",
    "spectral_centroid",
    "write_page",
]
