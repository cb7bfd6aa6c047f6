"""MusicVGG: a plain stack of 3 x 3 convolutions on a mel spectrogram of 3 s of music.

    waveform (b, 47872) -> frontend (b, 187, 96)
    -> 5 x [conv 3 x 3, 128; pool] (b, 92, 48) (b, 46, 24) (b, 23, 12) (b, 11, 6)
       (b, 2, 1) -> embedding (b, 256) -> predictions (b, 50)

The first poolings of the network trained on MSD differ, (b, 46, 96) (b, 46, 24), as the
graph stored with its weights shows. Upstream's Python code builds the MTAT network
around those weights, so its scores differ from those of that graph.

Published on MagnaTagATune: ROC-AUC .9030, PR-AUC .3823.

Source: Pons & Serra 2019, arXiv:1909.06654, jordipons/musicnn 0.1.0, `models.vgg` and
the `.meta` graphs.
"""

from typing import Unpack

from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import KERAS_EPSILON, batch_norm, feature_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.pons import pons_frontend, pons_input, pons_spec
from kerasaudio.core.pretrained import Weights
from kerasaudio.layers import channels_last

CLIP_SAMPLES = 187 * 256
FILTERS = 128
# Size and stride of the first two poolings over (frames, bins), as upstream.
FIRST_POOLS = {
    "mtat": (((4, 1), (2, 2)), ((2, 2), (2, 2))),
    "msd": (((4, 1), (4, 1)), ((1, 4), (1, 4))),
}
LAST_POOLS = (((2, 2), (2, 2)), ((2, 2), (2, 2)), ((4, 4), (4, 4)))


def MusicVGG(
    weights: Weights = None,
    *,
    pooling: str | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 3 s of music with a VGG-like network.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 47872); or (batch, 48128), which
    begins with the 256 samples before the patch; without them, silence takes their
    place.
    Whole clips: as upstream, patches of 2.992 s side by side are cut from the
    spectrogram of the whole clip, and their scores are averaged; an incomplete last
    patch is left out. A clip shorter than a patch is repeated. With a head of your own,
    the incomplete last patch is included and weighted by its length.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 256).

    Args:
        pooling: Poolings of the network trained on "mtat" or on "msd"; default: "mtat".

    Raises:
        ValueError: `pooling` is unknown.

    Source: arXiv:1909.06654, jordipons/musicnn 0.1.0.
    """
    return build(_MUSIC_VGG, **locals())


def _body(pooling: str) -> Body:
    if pooling not in FIRST_POOLS:
        raise ValueError(
            f"pooling must be one of {sorted(FIRST_POOLS)}. Received: {pooling!r}."
        )
    pools = FIRST_POOLS[pooling] + LAST_POOLS
    waveform = pons_input()
    x = pons_frontend(waveform, CLIP_SAMPLES)
    x = feature_norm(x, KERAS_EPSILON, "input_bn")
    for number, (size, stride) in enumerate(pools, start=1):
        x = channels_last.Conv2D(
            FILTERS, 3, padding="same", activation="relu", name=f"conv{number}"
        )(x)
        x = batch_norm(x, KERAS_EPSILON, f"conv{number}_bn")
        x = channels_last.MaxPooling2D(size, stride, name=f"pool{number}")(x)
        if number < len(pools):
            x = layers.Dropout(0.25, name=f"pool{number}_dropout")(x)
    embedding = channels_last.Flatten(name="embedding")(x)
    x = layers.Dropout(0.5, name="dropout")(embedding)
    return Body(waveform, embedding, x, pons_spec(CLIP_SAMPLES))


_MUSIC_VGG = Architecture(
    "MusicVGG",
    _body,
    defaults={"pooling": "mtat"},
    example={"labels": ["jazz", "rock"]},
    bundled="mtat",
)
