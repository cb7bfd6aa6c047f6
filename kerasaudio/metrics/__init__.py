"""Metrics of taggers and classifiers, per clip: the windows of a clip are averaged.

They are Keras metrics for `compile` or by themselves, exact on every backend; events
with their times are compared by `segment_f1`.
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
