"""SpeakerEncoder: a recurrent network whose embedding says who speaks.

    waveform (b, 25640) -> context: half a window of silence in front, or the samples
    before (b, 25840) -> frontend: mel, power, 100 frames a second (b, 160, 40)
    -> 3 x LSTM; the last output of the last (b, 256)
    -> dense, ReLU (b, 256) -> unit length: embedding (b, 256)

Published without classes: two clips are of one speaker if the cosine of their vectors
is high.

Source: Wan et al. 2018, "Generalized end-to-end loss for speaker verification",
arXiv:1710.10467; Resemblyzer 0.1.4 (resemble-ai), `voice_encoder.py` and `audio.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import MelSpectrogram
from kerasaudio.layers.context import Context

SAMPLE_RATE = 16_000
FRAME = 400
HOP = 160
BINS = 40
STEPS = 160
# Upstream's frames are centered on every 160th sample: the first begins half a frame
# before a window of 160 hops, and the last ends 40 samples behind it.
BEFORE = FRAME // 2
CLIP_SAMPLES = (STEPS - 1) * HOP + FRAME - BEFORE
HOP_SAMPLES = 77 * HOP  # 1.3 windows a second, in whole frames
LEAST_SAMPLES = STEPS * HOP * 3 // 4  # shortest last window that upstream pads
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": FRAME,
    "hop_length": HOP,
    "n_mels": BINS,
}


def SpeakerEncoder(
    weights: Weights = None,
    *,
    units: int | None = None,
    depth: int | None = None,
    embedding_size: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Describe a voice in 256 numbers, whatever it says.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 25640) samples (1.6 s), or (batch,
    25840), where the first 200 are those before.
    Output: the embedding, (batch, 256), not negative, of length 1; with labels or
    classes of your own, their scores (batch, classes).
    Whole clips: as upstream, windows of 1.6 s every 0.77 s; the last is padded with
    silence if the clip covers three quarters of it, and left out otherwise. `embed`
    returns their mean, which upstream divides by its length; cosines are the same.

    Upstream's `preprocess_wav` amplifies quiet clips to -30 dBFS and shortens pauses
    before the network hears them. The network hears power, not decibels, so that the
    level matters: bring recordings to a similar one.

    Args:
        units: Units of each LSTM layer; default: 256.
        depth: Number of LSTM layers; default: 3.
        embedding_size: Length of the embedding; default: 256.

    Source: arXiv:1710.10467; Resemblyzer 0.1.4.
    """
    return build(_SPEAKER_ENCODER, **locals())


def _body(units: int, depth: int, embedding_size: int) -> Body:
    waveform = keras.Input((None,), name="waveform")
    x = Context(CLIP_SAMPLES, BEFORE, name="context")(waveform)
    x = MelSpectrogram(**FRONTEND, center=False, name="frontend")(x)
    for number in range(depth):
        x = layers.LSTM(
            units, return_sequences=number < depth - 1, name=f"lstm_l{number}"
        )(x)
    x = layers.Dense(embedding_size, "relu", name="linear")(x)
    embedding = layers.UnitNormalization(name="embedding", dtype="float32")(x)
    return Body(waveform, embedding, embedding, _spec())


def _spec() -> AudioSpec:
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, CLIP_SAMPLES, FRONTEND)
    return spec.replace(
        window_padding="zeros",
        hop_samples=HOP_SAMPLES,
        rest="drop",
        context_samples=BEFORE,
        edge_samples=CLIP_SAMPLES - LEAST_SAMPLES,
    )


def _from_upstream(path: Path) -> Converted:
    state = convert(read_torch(path), str(path))
    cells = [v for k, v in state.items() if k.endswith("/recurrent_kernel")]
    size = len(state["linear/bias"])
    return Converted(
        state, {"units": len(cells[0]), "depth": len(cells), "embedding_size": size}
    )


def convert(tensors: Mapping[str, np.ndarray], origin: str) -> State:
    """Convert the state dict of Resemblyzer's `pretrained.pt`.

    Args:
        tensors: Arrays by upstream key.
        origin: Origin of the arrays, for error messages.

    Raises:
        ValueError: The arrays are not those of this network.
    """
    # The scale and offset of the loss; the network does not use them.
    tensors = {k: v for k, v in tensors.items() if not k.startswith("similarity_")}
    known = {"lstm.weight_hh_l0", "linear.weight", "linear.bias"} <= tensors.keys()
    if not known or tensors["linear.bias"].ndim != 1:
        raise ValueError(
            f"{origin} does not hold a SpeakerEncoder, with layers lstm and linear: "
            f"its tensors are {sorted(tensors)[:4]} ..."
        )
    return from_torch(tensors)


_SPEAKER_ENCODER = Architecture(
    name="SpeakerEncoder",
    body=_body,
    defaults={"units": 256, "depth": 3, "embedding_size": 256},
    converters={"resemblyzer": _from_upstream},
    suffixes={".pt": "resemblyzer"},
    classes=None,
    example={"labels": ["me", "you"], "units": 8},
    bundled="ge2e",
)
