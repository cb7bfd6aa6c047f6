"""Networks that process a clip patch by patch: merge patches into a batch and back.

patches (b, n, frames, bins) -> images (b * n, frames, bins, 1) -> the network
(b * n, features) -> patch_embeddings (b, n, features) -> embedding (b, features)
patch_embeddings -> patch_scores (b, n, classes) -> predictions (b, classes)
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers, ops

from kerasaudio.layers.time_axis import Timed, demand, mean, rule

Shape = tuple[int | None, ...]


def hear_patches(
    patches: keras.KerasTensor,
    network: Callable[[keras.KerasTensor], keras.KerasTensor],
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Run a network on every patch.

    Args:
        patches: (batch, patches, frames, bins).
        network: Function from images (n, frames, bins, 1) to vectors (n, features).

    Returns:
        The output of the layer `patch_embeddings`, (batch, patches, features), and that
        of `embedding`, its mean over the patches, (batch, features).
    """
    vectors = network(PatchImages(name="images")(patches))
    embeddings = SplitPatches(name="patch_embeddings")([vectors, patches])
    return embeddings, PatchMean(name="embedding")(embeddings)


@keras.saving.register_keras_serializable("kerasaudio")
class PatchImages(layers.Layer):
    """Merge the patches of all clips into one batch of images.

    Input: (batch, patches, frames, bins). Output: (batch * patches, frames, bins, 1).
    """

    def call(self, inputs: Any) -> Any:
        """Merge the axes of clips and patches."""
        return ops.reshape(inputs, (-1, *ops.shape(inputs)[2:], 1))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (images, frames, bins, 1)."""
        return (None, *input_shape[2:], 1)


@keras.saving.register_keras_serializable("kerasaudio")
class SplitPatches(layers.Layer):
    """Undo `PatchImages` for the output of a network on the images.

    Input: vectors (batch * patches, features) and the patches they come from,
    (batch, patches, ...). Output: (batch, patches, features).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Split the batch into clips and patches."""
        vectors, patches = inputs
        return ops.reshape(vectors, (-1, ops.shape(patches)[1], vectors.shape[-1]))

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Shape:
        """Return (batch, patches, features)."""
        vectors, patches = input_shape
        return (*patches[:2], vectors[-1])


@keras.saving.register_keras_serializable("kerasaudio")
class PatchMean(layers.Layer):
    """Average over the patches of a clip, in float32 under every policy.

    Input: (batch, patches, features). Output: (batch, features).
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"dtype": "float32"})

    def call(self, inputs: Any) -> Any:
        """Average (batch, patches, features)."""
        return ops.mean(inputs, axis=1)

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Shape:
        """Return (batch, features)."""
        batch, _, features = input_shape
        return (batch, features)


@keras.saving.register_keras_serializable("kerasaudio")
class ClipScores(PatchMean):
    """Average the scores of a clip's patches.

    Input: scores (batch, patches, classes), and the clip's embedding, which is not
    used, but so becomes part of the model's graph.
    Output: (batch, classes).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Average (batch, patches, classes)."""
        scores, _ = inputs
        return super().call(scores)

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Shape:
        """Return (batch, classes)."""
        scores, _ = input_shape
        return super().compute_output_shape(scores)


@rule(PatchImages)
def _images(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value), x.within, pieces=x.count)


@rule(SplitPatches)
def _split(layer: Any, inputs: Sequence[Timed]) -> Timed:
    vectors, patches = inputs
    demand(vectors.pieces is not None, layer)
    return Timed(layer([vectors.value, patches.value]), patches.count)


@rule(PatchMean)
def _patch_mean(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(mean(ops.cast(x.value, "float32"), x.count, [1]))


@rule(ClipScores)
def _clip_scores(layer: Any, inputs: Sequence[Timed]) -> Timed:
    return _patch_mean(layer, inputs[:1])
