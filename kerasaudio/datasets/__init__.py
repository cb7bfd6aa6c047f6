"""Data sets: where the clips are, their classes, folds and recordings.

`LabelledClips` is what all of them give; one file a data set.
"""

from kerasaudio.datasets.clips import LabelledClips
from kerasaudio.datasets.esc50 import ESC50
from kerasaudio.datasets.fsdd import FSDD

__all__ = ["ESC50", "FSDD", "LabelledClips"]
