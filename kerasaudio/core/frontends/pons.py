"""The spectrogram that musicnn 0.1.0 feeds to its networks (librosa's defaults).

    waveform (b, samples) -> context: half a frame of silence in front, or the samples
    before (b, 256 + samples) -> Slaney mel, power (b, samples // 256, 96)
    -> log10(10000 x + 1) -> (b, frames, 96, 1)

Upstream computes the spectrogram of the whole clip with librosa, whose frames are
centered on every 256th sample, and cuts it into patches of 187 frames without overlap;
a remainder shorter than a patch is dropped. So the first frame of a patch begins half a
frame before the patch, in silence or in the previous patch, and the last frame ends
with the patch. If a clip ends within the last half frame, librosa adds silence.

A clip shorter than a patch, which upstream rejects, is repeated.

Source: jordipons/musicnn 0.1.0, `extractor.py` (`batch_data`), `configuration.py`.
"""

from typing import Any

import keras
from keras import layers

from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import LogCompression, MelSpectrogram
from kerasaudio.layers.context import Context

SAMPLE_RATE = 16_000
BINS = 96
HALF_FRAME = 256
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 2 * HALF_FRAME,
    "hop_length": 256,
    "n_mels": BINS,
}


def pons_input() -> keras.KerasTensor:
    """Return the network's input: a patch, (batch, samples), with or without context.

    The layer `context` takes both lengths, so the input does not fix one.
    """
    return keras.Input((None,), name="waveform")


def pons_frontend(waveform: keras.KerasTensor, clip_samples: int) -> keras.KerasTensor:
    """Return the compressed mel spectrogram, (batch, frames, 96, 1)."""
    x = Context(clip_samples, HALF_FRAME, name="context")(waveform)
    x = MelSpectrogram(**FRONTEND, center=False, name="mel")(x)
    x = LogCompression(gain=10_000.0, offset=1.0, base=10, name="frontend")(x)
    return layers.Reshape((-1, BINS, 1), name="image", dtype="float32")(x)


def pons_spec(clip_samples: int) -> AudioSpec:
    """Return the spec of musicnn 0.1.0's networks, with its patches of a clip."""
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, clip_samples, FRONTEND)
    return spec.replace(
        rest="drop", context_samples=HALF_FRAME, edge_samples=HALF_FRAME
    )
