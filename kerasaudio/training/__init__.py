"""Training on your own sounds, and how well a model does on them.

`train` goes from clips to a saved model and survives being killed; `measure` reports.
"""

from kerasaudio.training.loop import Epoch, Trained, train
from kerasaudio.training.schedule import Schedule

__all__ = ["Epoch", "Schedule", "Trained", "train"]
