"""Batches that can only be read one after the other, as a data set of Keras."""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock

import keras
import numpy as np

from kerasaudio.arguments import whole_number

Batch = tuple[np.ndarray, ...]
_PEEKED = 2  # batches that Keras reads before an epoch to see their shapes


class StreamBatches(keras.utils.PyDataset):
    """Batches (windows, targets) or (windows, targets, weights) that come in order.

    Args:
        read: Function that returns the batches of an epoch from its number, from 0.
        steps: Number of batches in an epoch.
        name: Name of the data, for messages.
        goes_on: Whether an epoch begins where the one before it ended, rather than at
            the beginning; after the last batch the first follows.

    Attributes:
        rows: Number of windows in the longest epoch so far.

    Raises:
        ValueError: There are fewer batches than `steps`.
    """

    def __init__(
        self,
        read: Callable[[int], Iterable[Batch]],
        steps: int,
        name: str,
        goes_on: bool = False,
    ) -> None:
        super().__init__()
        self._read, self._steps, self._name = read, steps, name
        self._goes_on = goes_on
        self._lock = Lock()
        self._epoch = self._next = self._rows = self.rows = 0
        self._begun: list[Batch] = []
        self._coming: Iterator[Batch] | None = None

    @property
    def epoch(self) -> int:
        """Number of the epoch; to set it begins it anew."""
        return self._epoch

    @epoch.setter
    def epoch(self, number: int) -> None:
        number = whole_number(number, "epoch", least=0)
        with self._lock:
            if number != self._epoch or not self._goes_on:
                self._begin(number)

    def on_epoch_end(self) -> None:
        """Start the next epoch; Keras calls this."""
        with self._lock:
            self._begin(self._epoch + 1)

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self._steps

    def __getitem__(self, index: int) -> Batch:
        """Return a batch of this epoch; they are to be asked for in order."""
        if not 0 <= index < self._steps:
            raise IndexError(f"There are {self._steps} batches. Received: {index}.")
        with self._lock:
            if index < len(self._begun):
                return self._begun[index]
            if index < self._next:
                self._begin(self._epoch)
            batch = self._following()
            while self._next <= index:
                batch = self._following()
            return batch

    def _begin(self, epoch: int) -> None:
        self._epoch, self._next, self._rows = epoch, 0, 0
        self._begun.clear()
        if not self._goes_on:
            self._coming = None

    def _following(self) -> Batch:
        batch = None if self._coming is None else next(self._coming, None)
        if batch is None and (self._coming is None or self._goes_on):
            self._coming = iter(self._read(self._epoch))
            batch = next(self._coming, None)
        if batch is None:
            raise ValueError(
                f"{self._name} ended after {self._next} batches, but an epoch has "
                f"{self._steps}."
            )
        if self._next < _PEEKED:
            self._begun.append(batch)
        self._next += 1
        self._rows += len(batch[0])
        self.rows = max(self.rows, self._rows)
        return batch
