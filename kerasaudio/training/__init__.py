"""Training on your own sounds, and how well a model does on them.

`train` goes from clips to a saved model and survives being killed; `measure` reports.
"""

from kerasaudio.training.augmentation import Augmentation
from kerasaudio.training.augmented import augmented
from kerasaudio.training.epochs import Epoch, Trained
from kerasaudio.training.loop import train
from kerasaudio.training.measure import ClipReport, Mistake, measure
from kerasaudio.training.schedule import Schedule
from kerasaudio.training.start import start_from
from kerasaudio.training.tag_report import TagReport, WrongTag

__all__ = [
    "Augmentation",
    "ClipReport",
    "Epoch",
    "Mistake",
    "Schedule",
    "TagReport",
    "Trained",
    "WrongTag",
    "augmented",
    "measure",
    "start_from",
    "train",
]
