"""Similarity: Siamese training, verification, and indexes of nearest neighbors.

Vectors have the shape (rows, features); distances are 1 - cosine, or Euclidean.
"""

from kerasaudio.moved import getattr_of
from kerasaudio.similarity.batches import ClassBatches, PairBatches, ViewBatches
from kerasaudio.similarity.disk.index import DiskIndex
from kerasaudio.similarity.disk.manifest import StaleIndexError
from kerasaudio.similarity.encoders import ConvolutionalEncoder, RecurrentEncoder
from kerasaudio.similarity.index import Index
from kerasaudio.similarity.losses import ContrastiveLoss, NTXentLoss, TripletLoss
from kerasaudio.similarity.neighbor import Neighbor
from kerasaudio.similarity.siamese import ProjectionHead, Siamese
from kerasaudio.similarity.verification import (
    RocCurve,
    equal_error_rate,
    nearest_neighbor_accuracy,
    pair_scores,
    roc_curve,
)

__all__ = [
    "ClassBatches",
    "ContrastiveLoss",
    "ConvolutionalEncoder",
    "DiskIndex",
    "Index",
    "NTXentLoss",
    "Neighbor",
    "PairBatches",
    "ProjectionHead",
    "RecurrentEncoder",
    "RocCurve",
    "Siamese",
    "StaleIndexError",
    "TripletLoss",
    "ViewBatches",
    "equal_error_rate",
    "nearest_neighbor_accuracy",
    "pair_scores",
    "roc_curve",
]

__getattr__ = getattr_of(
    __name__,
    {
        "Neighbour": "kerasaudio.similarity.Neighbor",
        "nearest_neighbour_accuracy": "kerasaudio.similarity.nearest_neighbor_accuracy",
    },
)
