"""The input of the keyword networks: ten cepstral coefficients of one second.

    waveform (b, 16000)
    variant "arm":    -> TensorFlow's operation Mfcc, 40 ms every 20 ms (b, 49, 10)
    variant "mlperf": -> divided by its largest sample (b, 16000)
                      -> as tf.signal, 30 ms every 20 ms (b, 49, 10)

MLPerf's code divides by the largest sample, not by the largest magnitude, so that the
level changes with the polarity of a recording. It would divide silence by zero; here
silence stays silent.

Source: ARM-software/ML-KWS-for-MCU at 8151349, `freeze.py`; mlcommons/tiny at 1afd2c9,
benchmark/training/keyword_spotting/get_dataset.py.
"""

from typing import Any

import keras

from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import MFCC, TensorFlowMFCC
from kerasaudio.layers.maximum import DivideByMaximum

SAMPLE_RATE = 16_000
CLIP_SAMPLES = 16_000
FRAMES = 49
COEFFICIENTS = 10
_SHARED: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "hop_length": 320,
    "n_mfcc": COEFFICIENTS,
    "n_mels": 40,
    "fmin": 20.0,
    "fmax": 4000.0,
}
FRONTENDS: dict[str, dict[str, Any]] = {
    "arm": _SHARED | {"win_length": 640},
    "mlperf": _SHARED
    | {
        "n_fft": 512,
        "win_length": 480,
        "window_align": "left",
        "center": False,
        "power": 1.0,
        "htk": True,
        "mel_norm": None,
        "triangles": "mel",
        "norm": "htk",
        "log_offset": 1e-6,
    },
}


def speech_commands_frontend(
    waveform: keras.KerasTensor, variant: str
) -> keras.KerasTensor:
    """Return the coefficients, (batch, 49, 10)."""
    if variant == "arm":
        return TensorFlowMFCC(**FRONTENDS["arm"], name="frontend")(waveform)
    x = DivideByMaximum(name="loudest")(waveform)
    return MFCC(**FRONTENDS["mlperf"], name="frontend")(x)


def speech_commands_spec(variant: str) -> AudioSpec:
    """Return the spec: windows of one second, short clips filled with silence."""
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, CLIP_SAMPLES, FRONTENDS[variant])
    return spec.replace(window_padding="zeros")
