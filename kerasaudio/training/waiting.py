"""How long a training waits for its data, and batches that are read ahead."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras

from kerasaudio.datasets.batching.batches import ClipBatches


class ReadAhead(keras.utils.PyDataset):
    """Batches of another data set, the next of which is read while one is learned from.

    TensorFlow reads ahead by itself; on jax and torch Keras reads each batch when it
    needs it.

    Args:
        batches: The other data set.
        clips: The `ClipBatches` behind it, which count the epochs.
    """

    def __init__(self, batches: keras.utils.PyDataset, clips: ClipBatches) -> None:
        super().__init__()
        self._batches, self._clips = batches, clips
        self._reader = ThreadPoolExecutor(1, "kerasaudio-batches")
        self._coming: tuple[Any, Future[Any]] | None = None

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._batches)

    def __getitem__(self, index: int) -> Any:
        """Return a batch of this epoch, and begin to read the next."""
        epoch, coming = self._clips.epoch, self._coming
        if coming is not None and coming[0] == (epoch, index):
            batch = coming[1].result()
        else:
            if coming is not None:  # two readers at once would share what is read
                coming[1].exception()
            batch = self._batches[index]
        self._coming = None
        if index + 1 < len(self):
            following = self._reader.submit(self._batches.__getitem__, index + 1)
            self._coming = (epoch, index + 1), following
        return batch

    def on_epoch_end(self) -> None:
        """Pass the end of an epoch on."""
        self._batches.on_epoch_end()


class Waiting(keras.callbacks.Callback):
    """Callback that measures how long the steps of an epoch wait for data.

    On jax, steps are computed while Python goes on, so that the device may have been
    busy for a part of this time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._begin = self._last = self._waited = 0.0
        self._step: Any = None

    @property
    def share(self) -> float:
        """Share of the time of the steps of this epoch, 0 to 1."""
        whole = self._last - self._begin
        return self._waited / whole if whole > 0 else 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Measure within the function that Keras calls for a step."""
        if keras.backend.backend() != "torch":
            self._step = step = self.model.train_function
            self.model.train_function = lambda *args: step(
                *args[:-1], self._timed(args[-1])
            )

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Give the model its function back."""
        if self._step is not None:
            self.model.train_function, self._step = self._step, None

    def _timed(self, batches: Any) -> Iterator[Any]:
        begin = time.perf_counter()
        # TensorFlow's iterator of several devices is none of Python's.
        own = getattr(batches, "get_next", None)
        batch = next(batches) if own is None else own()
        self._waited += time.perf_counter() - begin
        return iter([batch])

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Begin to measure."""
        self._waited = 0.0
        self._begin = self._last = time.perf_counter()

    def on_train_batch_begin(
        self, batch: int, logs: dict[str, Any] | None = None
    ) -> None:
        """On torch, a batch is read between two steps."""
        if keras.backend.backend() == "torch":
            self._waited += time.perf_counter() - self._last

    def on_train_batch_end(
        self, batch: int, logs: dict[str, Any] | None = None
    ) -> None:
        """Note when the step ended."""
        self._last = time.perf_counter()
