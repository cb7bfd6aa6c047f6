"""VGGish: a VGG network whose embedding describes any sound in 128 numbers.

    waveform (b, samples) -> frontend: log mel, 100 frames a second (b, frames, 64)
    -> patches of 0.96 s, side by side (b, n, 96, 64)
    -> conv1, conv2, 2 x conv3, 2 x conv4: 3 x 3, each group pooled
       (b * n, 48, 32, 64) (24, 16, 128) (12, 8, 256) (6, 4, 512)
    -> 2 x dense 4096 -> fc2 -> patch_embeddings (b, n, 128) -> embedding (b, 128)

It was published up to the embedding, without classes. A head of your own receives each
patch's embedding through a ReLU, as upstream advises.

Source: Hershey et al. 2017, arXiv:1609.09430; tensorflow/models,
research/audioset/vggish/vggish_slim.py, commit 09093db.
"""

from collections.abc import Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.tf1_checkpoint import read_tf1_checkpoint
from kerasaudio.core.architecture import Architecture, Body, score_pieces
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.audioset import audioset_patches, audioset_spec
from kerasaudio.core.patchwise import hear_patches
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import VGGishPostprocess, channels_last
from kerasaudio.weights import Source, WeightsEntry, fetch

HOP_SAMPLES = 96 * 160
LOG_OFFSET = 1e-2
EMBEDDING_SIZE = 128
# Convolutions before each pooling.
GROUPS = (("conv1",), ("conv2",), ("conv3_1", "conv3_2"), ("conv4_1", "conv4_2"))
DEFAULTS = {
    "embedding_activation": "linear",
    "filters": 64,
    "dense_units": 4096,
    "clip_samples": None,
}
# Not in the manifest, which lists only weights that factories load.
PCA = WeightsEntry(
    factory="VGGishPostprocess",
    tag="audioset",
    arguments={},
    labels=(),
    parameters=None,
    license="Apache-2.0",
    citation="Hershey et al. 2017, arXiv:1609.09430",
    homepage="https://github.com/tensorflow/models/tree/master/research/audioset/vggish",
    metrics={},
    sources=(
        Source(
            kind="https",
            format="npz",
            url="https://storage.googleapis.com/audioset/vggish_pca_params.npz",
            sha256="4d878af3e306defbfb37095365aa7e5a6cecb86bad13e859e626151c4e6a8b9d",
            size=73_020,
        ),
    ),
)


def VGGish(
    weights: Weights = None,
    *,
    embedding_activation: str | None = None,
    filters: int | None = None,
    dense_units: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Embed sounds of any kind, in patches of 0.96 s.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 15,600
    samples (0.975 s). As upstream, the network and `embed` leave out an incomplete last
    patch. A clip shorter than a patch, for which upstream returns nothing, is padded
    with silence. With a head of your own, an incomplete last patch is padded with
    silence and weighted by its length.
    Output: the embedding, (batch, 128), averaged over the patches; with labels or
    classes of your own, their scores (batch, classes).

    The layer `patch_embeddings` (batch, patches, 128) has the vectors of single patches
    that `embedding` averages. `kerasaudio.layers.VGGishPostprocess` turns them into the
    8-bit features that AudioSet was released with.

    Args:
        embedding_activation: "linear", as in the published code since 2020 and in the
            features released with AudioSet, or "relu", as in torchvggish and the code
            of 2017; default: "linear".
        filters: Filters of the first convolution; the later groups have 2, 4 and 8
            times as many; default: 64.
        dense_units: Units of the two layers before the embedding; default: 4096.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Raises:
        ValueError: `include_top` without classes; `clip_samples` shorter than a patch.

    Source: arXiv:1609.09430; upstream tensorflow/models, research/audioset/vggish, at
    09093db.
    """
    return build(_VGGISH, **locals())


def vggish_postprocess(
    weights: str | PathLike[str] = "audioset", *, rounding: str | None = "down"
) -> VGGishPostprocess:
    """Return the layer that turns VGGish's embeddings into AudioSet's 8-bit features.

    Args:
        weights: "audioset" for the published PCA, downloaded and verified like all
            weights; or the path of a `vggish_pca_params.npz`.
        rounding: Rounding of the features; see `kerasaudio.layers.VGGishPostprocess`.

    Raises:
        ValueError: The file holds something else, or `rounding` is unknown.
        OSError: The PCA is unavailable or corrupt.

    Examples:
        >>> pca = {"pca_eigen_vectors": np.eye(128), "pca_means": np.zeros((128, 1))}
        >>> np.savez("vggish_pca_params.npz", **pca)
        >>> postprocess = kerasaudio.vggish_postprocess("vggish_pca_params.npz")
        >>> eight_bits = postprocess(np.zeros((6, 128), "float32"))
        >>> tuple(eight_bits.shape), float(eight_bits[0, 0])
        ((6, 128), 127.0)

    Source: tensorflow/models, research/audioset/vggish/vggish_postprocess.py at
    4b2f15f.
    """
    path = fetch(PCA).path if weights == PCA.tag else weights
    return VGGishPostprocess.from_file(path, rounding=rounding)


def _body(
    embedding_activation: str, filters: int, dense_units: int, clip_samples: int | None
) -> Body:
    if embedding_activation not in ("linear", "relu"):
        raise ValueError(
            'embedding_activation must be "linear" or "relu". '
            f"Received: {embedding_activation!r}."
        )
    spec = audioset_spec(clip_samples, HOP_SAMPLES, LOG_OFFSET, rest="drop")
    waveform = keras.Input((clip_samples,), name="waveform")
    patches = audioset_patches(waveform, HOP_SAMPLES, LOG_OFFSET)
    network = partial(
        _network,
        filters=filters,
        dense_units=dense_units,
        activation=embedding_activation,
    )
    embeddings, embedding = hear_patches(patches, network)
    heard = layers.ReLU(name="embedding_relu")(embeddings)
    return Body(waveform, embedding, heard, spec)


def _network(
    x: keras.KerasTensor, *, filters: int, dense_units: int, activation: str
) -> keras.KerasTensor:
    """Turn log mel images (n, 96, 64, 1) into vectors (n, 128)."""
    for group, names in enumerate(GROUPS):
        for name in names:
            x = channels_last.Conv2D(
                filters << group, 3, padding="same", activation="relu", name=name
            )(x)
        x = channels_last.MaxPooling2D(2, name=f"pool{group + 1}")(x)
    x = channels_last.Flatten(name="flatten")(x)
    for name in ("fc1_1", "fc1_2"):
        x = layers.Dense(dense_units, "relu", name=name)(x)
    return layers.Dense(EMBEDDING_SIZE, activation, name="fc2")(x)


def _from_upstream(path: Path) -> Converted:
    state = from_vggish(read_tf1_checkpoint(path))
    if not {"conv1/bias", "fc1_1/bias"} <= state.keys():
        raise ValueError(
            f"{path} does not hold a VGGish: it lacks the biases of vggish/conv1 and "
            "vggish/fc1/fc1_1."
        )
    sizes = {"filters": "conv1/bias", "dense_units": "fc1_1/bias"}
    return Converted(state, {size: len(state[key]) for size, key in sizes.items()})


LAYERS = (*sum(GROUPS, ()), "fc1_1", "fc1_2", "fc2")
_LEAVES = {"weights": "kernel", "biases": "bias"}


def from_vggish(tensors: Mapping[str, np.ndarray]) -> State:
    """Convert a checkpoint of TensorFlow-Slim.

    `vggish/conv3/conv3_1/weights` becomes `conv3_1/kernel`; the tensors have the layout
    of Keras.

    Args:
        tensors: Arrays by variable name. Variables of other layers (a classifier and
            counters from training) are left out, as in upstream's loader.
    """
    state: State = {}
    for key, tensor in tensors.items():
        scope, _, leaf = key.rpartition("/")
        layer = _SCOPES.get(scope)
        if layer is not None:
            state[f"{layer}/{_LEAVES.get(leaf, leaf)}"] = tensor
    return state


def scope(layer: str) -> str:
    """Return the scope of a layer in the checkpoint."""
    group, _, part = layer.partition("_")
    return f"vggish/{group}/{layer}" if part else f"vggish/{group}"


_SCOPES = {scope(layer): layer for layer in LAYERS}


_VGGISH = Architecture(
    name="VGGish",
    body=_body,
    defaults=DEFAULTS,
    free={"clip_samples", "embedding_activation"},
    converters={"vggish_tf1": _from_upstream},
    suffixes={".ckpt": "vggish_tf1"},
    classes=None,
    head=score_pieces(),
    example={"filters": 8, "dense_units": 64},
)
