"""A Siamese network: two branches that share one encoder and one projection head.

first, second (b, samples) -> encoder (b, features) -> head (b, size) -> distance (b,)
clips (b, samples)         -> encoder (b, features) -> head (b, size)
"""

from typing import Any, Self

import keras
from keras import layers, ops

from kerasaudio.arguments import whole_number
from kerasaudio.core.initializers import numpy_initializers
from kerasaudio.core.programs.tracing import QuietModel
from kerasaudio.layers.base import check_choice
from kerasaudio.similarity.geometry import (
    UnitLength,
    cosine_distance,
    euclidean_distance,
)

DISTANCES = {"euclidean": euclidean_distance, "cosine": cosine_distance}


def ProjectionHead(
    features: int,
    size: int = 64,
    *,
    hidden: int | None = None,
    name: str = "projection_head",
) -> keras.Model:
    """Build a head that projects embeddings into the space where they are compared.

    Input: embeddings (batch, features).
    Output: vectors of length 1, (batch, size).

    Args:
        features: Length of the encoder's embedding.
        size: Length of the projection.
        hidden: Units of the hidden layer; None for `features`.
        name: Name of the model.

    Raises:
        ValueError: An argument is not a positive integer.

    Examples:
        >>> head = kerasaudio.similarity.ProjectionHead(128, size=32)
        >>> projected = head.predict_on_batch(np.ones((2, 128), "float32"))
        >>> projected.shape, np.linalg.norm(projected, axis=1).round(4).tolist()
        ((2, 32), [1.0, 1.0])

    Source: Chen et al. 2020, "SimCLR", arXiv:2002.05709, section 2.1.
    """
    features, size = whole_number(features, "features"), whole_number(size, "size")
    hidden = whole_number(features if hidden is None else hidden, "hidden")
    embedding = keras.Input((features,), name="embedding")
    with numpy_initializers():
        x = layers.Dense(hidden, "relu", name="hidden")(embedding)
        x = layers.Dense(size, name="projection")(x)
    return QuietModel(embedding, UnitLength(name="unit_length")(x), name=name)


@keras.saving.register_keras_serializable("kerasaudio")
class Siamese(keras.Model):
    """An encoder and a projection head, trained by comparing clips.

    Called on a pair of batches, it returns the distances of corresponding clips: train
    it on `PairBatches` with `ContrastiveLoss`. Called on one batch, it returns the
    projections: train it on `ClassBatches` or `ViewBatches` with `TripletLoss` or
    `NTXentLoss`. Encoder and head are models of their own: ``siamese.encoder.save`` and
    ``siamese.head.save`` save them separately, ``siamese.save`` saves both.

    Input: waveforms (batch, samples), or a pair of such batches of equal length.
    Output: projections (batch, size); for a pair, distances (batch,).

    Args:
        encoder: Model from waveforms to vectors: a model built with
            ``include_top=False``, `RecurrentEncoder`, `ConvolutionalEncoder`, or any
            `keras.Model` with one input and one output (batch, features).
        head: Model from the encoder's vectors to the vectors that are compared; None
            for a `ProjectionHead`.
        distance: Distance of two projections: ``"euclidean"``, or ``"cosine"``
            (1 - cosine).
        **kwargs: Arguments of `keras.Model`, such as `name`.

    Raises:
        ValueError: The encoder ends in class scores or does not return vectors; the
            head does not fit the encoder; the distance is unknown.

    Examples:
        >>> encoder = kerasaudio.similarity.ConvolutionalEncoder(features=16, filters=8)
        >>> siamese = kerasaudio.similarity.Siamese(encoder)
        >>> siamese.compile("adam", kerasaudio.similarity.ContrastiveLoss())
        >>> clip = np.zeros((3, 8_000), "float32")
        >>> siamese.predict_on_batch((clip, clip)).round(4).tolist()
        [0.0, 0.0, 0.0]

    Source: Bromley et al. 1993; Hadsell, Chopra & LeCun 2006; the separate head is
    that of SimCLR, arXiv:2002.05709.
    """

    def __init__(
        self,
        encoder: keras.Model,
        head: keras.Model | None = None,
        *,
        distance: str = "euclidean",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_choice(distance=(distance, tuple(DISTANCES)))
        features = _features(encoder)
        self.encoder = encoder
        self.head = ProjectionHead(features) if head is None else head
        self.distance = distance
        _check_head(self.head, features)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return projections of one batch, or distances of a pair of batches."""
        if not isinstance(inputs, list | tuple):
            return self._project(inputs, training)
        first, second = _pair(inputs)
        # One pass, so that both branches share the statistics of batch normalization.
        both = self._project(ops.concatenate([first, second], axis=0), training)
        pairs = ops.shape(first)[0]
        return DISTANCES[self.distance](both[:pairs], both[pairs:])

    def _project(self, waveforms: Any, training: bool | None) -> Any:
        return self.head(self.encoder(waveforms, training=training), training=training)

    def build(self, input_shape: Any = None) -> None:
        """Do nothing: encoder and head are already built."""

    def get_config(self) -> dict[str, Any]:
        """Return the configuration with encoder, head and distance."""
        return super().get_config() | {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "head": keras.saving.serialize_keras_object(self.head),
            "distance": self.distance,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Rebuild a model from the result of `get_config`."""
        parts = {
            key: keras.saving.deserialize_keras_object(
                config[key], custom_objects=custom_objects
            )
            for key in ("encoder", "head")
        }
        return cls(**{**config, **parts})


def _features(encoder: Any) -> int:
    """Return the length of the encoder's vectors, or raise if it is unsuitable."""
    if not isinstance(encoder, keras.Model):
        raise ValueError(
            "encoder must be a keras.Model, such as ConvolutionalEncoder(). "
            f"Received: {type(encoder).__name__}."
        )
    spec = getattr(encoder, "_spec", None)
    if spec is not None and spec.labels is not None:
        raise ValueError(
            f"The encoder {encoder.name!r} ends in scores of {len(spec.labels)} "
            "classes. Build it with include_top=False."
        )
    shape = _output_shape(encoder, "encoder")
    if len(shape) != 2 or shape[1] is None:
        raise ValueError(
            "The encoder must return one vector per clip, (batch, features). Received: "
            f"{encoder.name!r} with output {shape}. Pool over time at its end."
        )
    return int(shape[1])


def _check_head(head: Any, features: int) -> None:
    if not isinstance(head, keras.Model):
        raise ValueError(
            "head must be a keras.Model, such as ProjectionHead(). "
            f"Received: {type(head).__name__}."
        )
    shape = _output_shape(head, "head")
    taken = head.input_shape
    if len(shape) != 2 or len(taken) != 2 or taken[1] != features:
        raise ValueError(
            f"The head must accept (batch, {features}), the encoder's vectors, and "
            f"return (batch, size). Received: input {taken}, output {shape}."
        )


def _output_shape(model: keras.Model, role: str) -> tuple[int | None, ...]:
    try:
        count = len(model.inputs), len(model.outputs)
        if count == (1, 1):
            return tuple(model.outputs[0].shape)
        found = f"{count[0]} inputs and {count[1]} outputs"
    except (AttributeError, TypeError):
        found = "a model without known inputs"
    raise ValueError(
        f"The {role} must be a functional or a built sequential model with one input "
        f"and one output. Received: {found}."
    )


def _pair(inputs: Any) -> tuple[Any, Any]:
    shapes = [tuple(part.shape) for part in inputs]
    if len(shapes) != 2 or len(shapes[0]) != len(shapes[1]):
        raise ValueError(
            "A Siamese model compares two batches, (first, second), both "
            f"(batch, samples). Received: shapes {shapes}."
        )
    for one, other in zip(*shapes, strict=True):
        if None not in (one, other) and one != other:
            raise ValueError(
                "Both batches of a pair must have the same number of clips, with equal "
                f"lengths. Received: shapes {shapes}."
            )
    return inputs[0], inputs[1]
