"""Batches that are divided: among devices, and into parts that follow each other.

A batch of R windows becomes N parts of m rows each, m a multiple of the number of
devices; N is 1 unless gradients are accumulated. Parts that lack rows are filled with
rows of weight 0. Keras' loss is a mean over the m rows of a part, and gradients are
averaged over the N parts, so that real rows get the weight N * m / R: then the gradient
is that of the whole batch.
"""

from threading import Lock
from typing import Any

import keras
import numpy as np

from kerasaudio.datasets.batching.batches import ClipBatches


class FilledBatches(keras.utils.PyDataset):
    """Parts of the batches of another data set, ((windows, marks), targets, weights).

    Marks are float32 (rows,): N * m / R for a real row, and its negative for a row that
    fills the part.

    Args:
        batches: Data set of batches (windows, targets) or (windows, targets, weights).
        clips: The `ClipBatches` behind them, which count the epochs.
        devices: Number of devices.
        parts: Number of parts of a batch.
    """

    def __init__(
        self,
        batches: keras.utils.PyDataset,
        clips: ClipBatches,
        devices: int,
        parts: int,
    ) -> None:
        super().__init__()
        self._batches, self._clips = batches, clips
        self._devices, self._parts = devices, parts
        self._lock = Lock()
        self._last: tuple[Any, Any] = (None, None)

    def __len__(self) -> int:
        """Return the number of parts in an epoch."""
        return len(self._batches) * self._parts

    def on_epoch_end(self) -> None:
        """Pass the end of an epoch on."""
        self._batches.on_epoch_end()

    def __getitem__(self, index: int) -> tuple[Any, Any, np.ndarray]:
        """Return a part of a batch of this epoch."""
        number, part = divmod(index, self._parts)
        x, y, weights = keras.utils.unpack_x_y_sample_weight(self._whole(number))
        rows = len(x)
        own = np.array_split(np.arange(rows), self._parts)[part]
        size = -(-rows // self._parts)
        size += -size % self._devices
        filling = np.arange(size - len(own)) % rows
        raised = np.float32(self._parts * size / rows)
        marks = np.full(size, raised, "float32")
        marks[len(own) :] *= -1
        taken = np.concatenate([own, filling])
        weights = np.ones(rows, "float32") if weights is None else weights
        weights = (weights[taken] * np.maximum(marks, 0)).astype("float32")
        return (x[taken], marks), y[taken], weights

    def _whole(self, number: int) -> Any:
        key = (self._clips.epoch, number)
        with self._lock:
            if self._last[0] != key:
                self._last = (key, self._batches[number])
            return self._last[1]
