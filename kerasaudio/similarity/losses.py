"""Losses that pull clips of one label together and push the others apart.

ContrastiveLoss: same (batch,), distances (batch,) of pairs     -> (batch,)
TripletLoss, NTXentLoss: labels (batch,), vectors (batch, n)    -> (batch,)
"""

from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import number
from kerasaudio.similarity.geometry import squared_distances, unit

_FAR = 1e9  # instead of infinity, which would give NaN gradients


@keras.saving.register_keras_serializable("kerasaudio")
class ContrastiveLoss(keras.losses.Loss):
    """Pull equal pairs together, and push unequal pairs apart up to a margin.

    The loss is ``distance ** 2 / 2`` for pairs with the same label and
    ``max(margin - distance, 0) ** 2 / 2`` for others. Use it with a `Siamese` model,
    trained on `PairBatches`.

    y_true: 1 if the two clips have the same label, else 0, (batch,) or (batch, 1).
    y_pred: distance of the two clips, not negative, (batch,) or (batch, 1).

    Args:
        margin: Distance from which unequal pairs have no loss, in the units of
            `y_pred`. Vectors of length 1, as from `ProjectionHead`, have a distance of
            at most 2 (Euclidean or cosine), so the margin should be below 2.
        **kwargs: `reduction`, `name` and `dtype` of `keras.losses.Loss`.

    Raises:
        ValueError: `margin` is not positive and finite; a shape is wrong.

    Examples:
        >>> loss = kerasaudio.similarity.ContrastiveLoss(margin=1.0)
        >>> same, distances = np.array([1.0, 0.0]), np.array([0.2, 0.4])
        >>> round(float(loss(same, distances)), 4)
        0.1

    Source: Hadsell, Chopra & LeCun 2006, "Dimensionality reduction by learning an
    invariant mapping", equation 4 (whose Y is 1 - `y_true`).
    """

    def __init__(self, margin: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**{"name": "contrastive", **kwargs})
        self.margin = float(number(margin, "margin", above=0))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of every pair, (batch,)."""
        same = _column(y_true, "y_true", "1 (same label) or 0")
        distance = _column(y_pred, "y_pred", "distances of pairs")
        short = ops.maximum(self.margin - distance, 0.0)
        return 0.5 * (same * ops.square(distance) + (1 - same) * ops.square(short))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"margin": self.margin}


@keras.saving.register_keras_serializable("kerasaudio")
class TripletLoss(keras.losses.Loss):
    """Make each clip nearer to its own label than to others by a margin, semi-hard.

    For each anchor and each other clip of its label (the positive), the negative is the
    nearest clip of another label in the batch that is farther than the positive; if
    there is none, it is the farthest clip of another label. The loss
    ``max(d(anchor, positive) - d(anchor, negative) + margin, 0)``, with the squared
    Euclidean distance d, is averaged over an anchor's positives. Anchors without a
    positive or without a negative in the batch have a loss of 0. Memory grows with the
    third power of the batch size.

    y_true: labels, integers below 2**24, (batch,) or (batch, 1).
    y_pred: vectors (batch, features) of length 1, as from `ProjectionHead`.

    Args:
        margin: Margin of the squared distance, which is at most 4 on the unit sphere.
        **kwargs: `reduction`, `name` and `dtype` of `keras.losses.Loss`.

    Raises:
        ValueError: `margin` is not positive and finite; a shape is wrong.

    Examples:
        >>> loss = kerasaudio.similarity.TripletLoss(margin=0.5)
        >>> vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8]], "float32")
        >>> round(float(loss(np.array([0, 0, 1, 1]), vectors)), 4)
        0.1

    Source: Schroff, Kalenichenko & Philbin 2015, "FaceNet", arXiv:1503.03832; the
    fallback to the farthest negative is that of TensorFlow Addons.
    """

    def __init__(self, margin: float = 0.2, **kwargs: Any) -> None:
        super().__init__(**{"name": "triplet", **kwargs})
        self.margin = float(number(margin, "margin", above=0))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of every anchor, (batch,)."""
        positive, negative = _kinds(y_true, y_pred)
        distance = squared_distances(y_pred)
        # Axes of the cube: anchor, positive, negative.
        candidate, nearness = distance[:, None, :], distance[:, :, None]
        semi_hard = ops.logical_and(negative[:, None, :], candidate > nearness)
        nearest = ops.min(ops.where(semi_hard, candidate, _FAR), axis=-1)
        farthest = ops.max(ops.where(negative, distance, 0.0), axis=-1, keepdims=True)
        hardest = ops.where(ops.any(semi_hard, axis=-1), nearest, farthest)
        loss = ops.maximum(distance - hardest + self.margin, 0.0)
        counted = ops.logical_and(positive, ops.any(negative, axis=-1, keepdims=True))
        return _mean_where(loss, counted)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"margin": self.margin}


@keras.saving.register_keras_serializable("kerasaudio")
class NTXentLoss(keras.losses.Loss):
    """Distinguish clips of the same label from all others in the batch.

    The loss is the cross-entropy of choosing the positive among all other clips of the
    batch by the cosine of their vectors, divided by a temperature; it is averaged over
    an anchor's positives. With two clips per label (two views of each clip,
    `ViewBatches`) this is the loss of SimCLR; with more (`ClassBatches`) it is the
    supervised contrastive loss. Anchors without a positive have a loss of 0.

    y_true: labels, integers below 2**24, (batch,) or (batch, 1).
    y_pred: vectors (batch, features) of any length; the loss normalizes them.

    Args:
        temperature: Divisor of the cosines; a lower one gives the nearest clips more
            weight.
        **kwargs: `reduction`, `name` and `dtype` of `keras.losses.Loss`.

    Raises:
        ValueError: `temperature` is not positive and finite; a shape is wrong.

    Examples:
        >>> loss = kerasaudio.similarity.NTXentLoss(temperature=0.1)
        >>> vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8]], "float32")
        >>> round(float(loss(np.array([0, 0, 1, 1]), vectors)), 4)
        0.9668

    Source: Chen et al. 2020, "SimCLR", arXiv:2002.05709, equation 1; Khosla et al.
    2020, arXiv:2004.11362, equation 2, for more than one positive.
    """

    def __init__(self, temperature: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**{"name": "nt_xent", **kwargs})
        self.temperature = float(number(temperature, "temperature", above=0))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of every anchor, (batch,)."""
        positive, negative = _kinds(y_true, y_pred)
        vectors = unit(y_pred)
        logits = ops.matmul(vectors, ops.transpose(vectors)) / self.temperature
        others = ops.where(ops.logical_or(positive, negative), logits, -_FAR)
        loss = ops.logsumexp(others, axis=-1, keepdims=True) - logits
        return _mean_where(loss, positive)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"temperature": self.temperature}


def _column(values: Any, name: str, what: str) -> Any:
    """Return (batch,) or (batch, 1) as (batch,); raise for other shapes."""
    shape = tuple(values.shape)
    if len(shape) not in (1, 2) or (len(shape) == 2 and shape[1] not in (1, None)):
        raise ValueError(
            f"`{name}` must hold {what}, one per row: (batch,) or (batch, 1). "
            f"Received: shape {shape}."
        )
    return ops.reshape(values, (-1,))


def _kinds(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Return masks (anchor, clip) of positives (without the anchor) and negatives."""
    if len(y_pred.shape) != 2:
        raise ValueError(
            "`y_pred` must hold one vector per clip, (batch, features). "
            f"Received: shape {tuple(y_pred.shape)}."
        )
    labels = _column(y_true, "y_true", "integer labels (not one-hot)")
    same = ops.equal(labels[:, None], labels[None, :])
    itself = ops.cast(ops.eye(ops.shape(labels)[0]), "bool")
    return ops.logical_and(same, ops.logical_not(itself)), ops.logical_not(same)


def _mean_where(values: Any, mask: Any) -> Any:
    """Return the mean of each row where the mask is true; 0 for rows without any."""
    weights = ops.cast(mask, values.dtype)
    count = ops.maximum(ops.sum(weights, axis=-1), 1.0)
    return ops.sum(values * weights, axis=-1) / count
