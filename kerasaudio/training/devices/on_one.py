"""One device: nothing is placed."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from kerasaudio.training.devices.moments import over_all_rows


class OnOne:
    """Train on the device that Keras uses."""

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context that changes nothing."""
        return nullcontext()

    def placed(self, learner: Any) -> AbstractContextManager[Any]:
        """Return a context in which parts of a batch are normalized without filling."""
        return over_all_rows(learner, lambda value: value)

    def begin_epoch(self, seed: int) -> None:
        """Leave the random numbers as they are."""

    def train_step(self, learner: Any, data: Any) -> Any:
        """Leave the step to Keras."""
        return NotImplemented
