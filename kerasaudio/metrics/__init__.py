"""Metrics of taggers and classifiers per clip, averaged over the windows of each clip.

They are Keras metrics, for `compile` or on their own, and exact on every backend.
`segment_f1` compares events with their times.
"""

from kerasaudio.metrics.instance_f1 import InstanceF1
from kerasaudio.metrics.ranking import PRAUC, ROCAUC, DPrime, MeanAveragePrecision
from kerasaudio.metrics.segment_f1 import SegmentF1, segment_f1
from kerasaudio.metrics.windows import average_windows

__all__ = [
    "PRAUC",
    "ROCAUC",
    "DPrime",
    "InstanceF1",
    "MeanAveragePrecision",
    "SegmentF1",
    "average_windows",
    "segment_f1",
]
