"""Training on your own sounds.

`train` turns clips into a saved model. An interrupted training can be resumed.
"""

from kerasaudio.moved import getattr_of
from kerasaudio.training.augmentation import Augmentation
from kerasaudio.training.augmented import augmented
from kerasaudio.training.epochs import Epoch, Trained
from kerasaudio.training.loop import train
from kerasaudio.training.masked import MaskedBinaryCrossentropy
from kerasaudio.training.plateau import PlateauSchedule
from kerasaudio.training.schedule import Schedule
from kerasaudio.training.start import start_from

__all__ = [
    "Augmentation",
    "Epoch",
    "MaskedBinaryCrossentropy",
    "PlateauSchedule",
    "Schedule",
    "Trained",
    "augmented",
    "start_from",
    "train",
]

__getattr__ = getattr_of(
    __name__,
    {
        name: f"kerasaudio.evaluation.{name}"
        for name in ("ClipReport", "Mistake", "TagReport", "WrongTag")
    }
    | {"measure": "kerasaudio.evaluation.evaluate"},
)
