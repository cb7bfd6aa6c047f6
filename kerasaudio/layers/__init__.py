"""Front-end layers, from waveform to features in `keras.ops`, and augmentation.

Waveforms are (batch, samples), features (batch, frames, bins), all float32.
"""

from kerasaudio.layers import augment
from kerasaudio.layers.augment import *  # noqa: F403
from kerasaudio.layers.harmonic import HarmonicFilters
from kerasaudio.layers.inverse_stft import InverseSTFT
from kerasaudio.layers.kaldi import KaldiFbank
from kerasaudio.layers.mel import MelSpectrogram
from kerasaudio.layers.mfcc import MFCC
from kerasaudio.layers.patches import Patches, WholeWindows
from kerasaudio.layers.pcen import PCEN
from kerasaudio.layers.preemphasis import Preemphasis
from kerasaudio.layers.scale import Decibel, LogCompression, Standardize
from kerasaudio.layers.stft import STFT, Spectrogram
from kerasaudio.layers.tensorflow_mfcc import TensorFlowMFCC
from kerasaudio.layers.vggish_postprocess import VGGishPostprocess

__all__ = [
    *augment.__all__,
    "MFCC",
    "PCEN",
    "STFT",
    "Decibel",
    "HarmonicFilters",
    "InverseSTFT",
    "KaldiFbank",
    "LogCompression",
    "MelSpectrogram",
    "Patches",
    "Preemphasis",
    "Spectrogram",
    "Standardize",
    "TensorFlowMFCC",
    "VGGishPostprocess",
    "WholeWindows",
]
