"""EdgeL3: a small network that learned from OpenL3 what the sounds of a city are like.

    waveform (b, 8000), silence at both ends -> frontend: 64 mel bands in decibels below
    the loudest (b, 50, 64) -> as an image, bins first (b, 64, 50, 1)
    -> conv1, conv2 .. conv7, conv8: 3 x 3, each pair but the last pooled 2 x 2
       (b, 32, 25, 32) (16, 12, 64) (8, 6, 128) (8, 6, 64)
    -> maxima: embedding (b, 64)

It was published up to the embedding, without classes.

Source: Srivastava et al. 2021, ICASSP, "Specialized Embedding Approximation for Edge
Intelligence"; ksangeeta2429/edgel3, commit b05892c; kapre 0.1.4 (front-end).
"""

from pathlib import Path
from typing import Any, Unpack

import numpy as np

from kerasaudio.checkpoints.keras2_hdf5 import read_keras2
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import (
    Decibel,
    MelSpectrogram,
    Standardize,
    WholeWindows,
    channels_last,
)
from kerasaudio.layers.context import LeadIn
from kerasaudio.layers.filterbank import mel_filterbank
from kerasaudio.models.openl3 import (
    CONVS,
    FRONTEND_KINDS,
    KERAS2,
    convert,
    convolve,
    norm_relu,
    second,
    second_spec,
)

SAMPLE_RATE = 8_000
HOP = 160
_BANDS: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 1024,
    "n_mels": 64,
    "htk": True,
}
FRONTEND = _BANDS | {"hop_length": HOP, "center": False}


def EdgeL3(
    weights: Weights = None,
    *,
    embedding_size: int | None = None,
    filters: int | None = None,
    center: bool | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Embed sounds of a city with a small relative of OpenL3, a second at a time.

    It learned to say in few numbers what OpenL3 says of sounds recorded in New York
    (SONYC-UST).

    Input: float32 in [-1, 1], mono, 8 kHz, (batch, 8000) samples (1 s).
    Output: the embedding, (batch, embedding_size), not negative; with labels or classes
    of your own, their scores (batch, classes).
    Whole clips: as for `OpenL3`.

    Upstream's files of the kind "sea" are read by their path, also those packed with
    gzip.

    Args:
        embedding_size: Filters of the last two convolutions, 512, 256, 128 or 64 in the
            published networks; default: 64.
        filters: Filters of the first two convolutions; the next pairs have 2 and 4
            times as many; default: 32.
        center: As for `OpenL3`, with half the samples of a second; default: False.

    Source: Srivastava et al. 2021, ICASSP; ksangeeta2429/edgel3 at b05892c.
    """
    return build(_EDGEL3, **locals())


def _body(embedding_size: int, filters: int, center: bool) -> Body:
    waveform, x = second(SAMPLE_RATE, center)
    # As many frames as hops, the silence divided between both ends.
    span = SAMPLE_RATE - HOP + FRONTEND["n_fft"]
    x = LeadIn((span - SAMPLE_RATE) // 2, name="silence")(x)
    x = WholeWindows(span, HOP, name="whole_frames")(x)
    x = MelSpectrogram(**FRONTEND, name="spectrogram")(x)
    # Upstream takes 10 log10 of the root of each band's power.
    x = Decibel("max", amin=1e-20, top_db=160, name="decibel")(x)
    x = Standardize(std=2.0, name="frontend")(x)
    x = convolve(x, [filters, 2 * filters, 4 * filters, embedding_size])
    x = norm_relu(x, CONVS)
    embedding = channels_last.GlobalMaxPooling2D(name="embedding")(x)
    spec = second_spec(SAMPLE_RATE, FRONTEND, center)
    return Body(waveform, embedding, embedding, spec)


def _from_upstream(path: Path) -> Converted:
    file = read_keras2(path)
    state = convert(file, str(path), "EdgeL3")
    ours = mel_filterbank(
        **_BANDS, fmin=0.0, fmax=SAMPLE_RATE / 2, norm="slaney", triangles="hertz"
    )
    for own in (own for kind in FRONTEND_KINDS & file.keys() for own in file[kind]):
        bank = own.get("Variable", np.empty(0))
        if bank.shape != ours.shape or not np.allclose(bank, ours, rtol=0, atol=1e-6):
            raise ValueError(
                f"{path} was trained on another spectrogram than 64 mel bands up to "
                "4000 Hz, which this network hears."
            )
    sizes = {"filters": "conv1/bias", "embedding_size": f"conv{CONVS}/bias"}
    return Converted(state, {size: len(state[key]) for size, key in sizes.items()})


_EDGEL3 = Architecture(
    name="EdgeL3",
    body=_body,
    defaults={"embedding_size": 64, "filters": 32, "center": False},
    free={"center"},
    converters={"edgel3_keras2": _from_upstream},
    suffixes=dict.fromkeys(KERAS2, "edgel3_keras2"),
    classes=None,
    model_name="edgel3",
    example={"filters": 4},
)
