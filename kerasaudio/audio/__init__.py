"""Audio input: a file or an array becomes a mono float32 waveform at a known rate.

This package does not depend on layers or models. Decoders are imported on first use.
"""

from kerasaudio.audio.check import check_waveform
from kerasaudio.audio.errors import AudioDecodeError, AudioWarning
from kerasaudio.audio.find import find_audio
from kerasaudio.audio.load import load_audio
from kerasaudio.audio.resample import resample
from kerasaudio.audio.stretch import pitch_shift, time_stretch
from kerasaudio.audio.window import iter_windows, windows

__all__ = [
    "AudioDecodeError",
    "AudioWarning",
    "check_waveform",
    "find_audio",
    "iter_windows",
    "load_audio",
    "pitch_shift",
    "resample",
    "time_stretch",
    "windows",
]
