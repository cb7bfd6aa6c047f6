"""Augmentation: layers that change each clip at random, in training only.

Waveforms are (batch, samples), features (batch, frames, bins), all float32.
"""

from kerasaudio.layers.augment.convolution import Convolution, ImpulseResponse
from kerasaudio.layers.augment.crop import RandomCrop, TimeShift
from kerasaudio.layers.augment.filter import Equalizer, Filter
from kerasaudio.layers.augment.level import Gain, Volume
from kerasaudio.layers.augment.mask import FrequencyMask, SpecAugment, TimeMask
from kerasaudio.layers.augment.mixup import Mixup
from kerasaudio.layers.augment.noise import AddNoise, Noise
from kerasaudio.layers.augment.vtlp import VTLP

__all__ = [
    "VTLP",
    "AddNoise",
    "Convolution",
    "Equalizer",
    "Filter",
    "FrequencyMask",
    "Gain",
    "ImpulseResponse",
    "Mixup",
    "Noise",
    "RandomCrop",
    "SpecAugment",
    "TimeMask",
    "TimeShift",
    "Volume",
]
