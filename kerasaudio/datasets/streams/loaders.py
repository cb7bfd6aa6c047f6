"""Batches that a loader of grain, tf.data or torch makes, as data to train on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from kerasaudio.arguments import class_names as checked_names
from kerasaudio.arguments import whole_number
from kerasaudio.audio.check import check_rate
from kerasaudio.core import AudioSpec
from kerasaudio.datasets.batching.targets import places_for, spec_of
from kerasaudio.datasets.streams.arrays import LabelNumbers, unpacked, windows_for
from kerasaudio.datasets.streams.batches import Batch, StreamBatches
from kerasaudio.datasets.streams.stream import Heard, Stream

_ENDLESS = 2**31  # grain's `repeat()` has a length of this kind


class LabeledBatches(Stream):
    """Batches (waveforms, labels) of a loader: `tf.data`, torch, grain or your own.

    `kerasaudio.training.train` takes a loader as it is, with the labels of the model as
    the names of the classes; this says more about it. Batches are converted by NumPy,
    so the loader need not belong to the backend of Keras. They are read once in each
    epoch, and not kept.

    Waveforms are float32 in [-1, 1], (batch, samples), at the rate of the model. Labels
    are class numbers or names, (batch,), or numbers from 0 to 1, (batch, classes).
    Weights of the clips, (batch,), can follow.

    Args:
        source: `tf.data.Dataset`, torch `DataLoader`, grain `DataLoader`, `MapDataset`
            or `IterDataset`, `keras.utils.PyDataset`, or anything else that can be
            iterated over more than once; or a function without arguments that returns
            an iterator. If it, its dataset or its sampler has a method `set_epoch`,
            that is called with the number of each epoch, from 0.
        class_names: Names of the classes, in the order of their numbers.
        sample_rate: Rate of the waveforms in Hz, which must be that of the model; None
            if it is known to be.
        multi_label: Whether a waveform can have several classes. Otherwise rows of
            labels must add up to 1.
        steps: Number of batches in an epoch; None for ``len(source)``. If you pass it,
            an epoch begins where the one before it ended, and the source is begun again
            at its end.
        name: Name of the data, for the model and for messages.

    Attributes:
        class_names: Names of the classes.
        multi_label: Whether a waveform can have several classes.
        steps: Number of batches in an epoch.

    Raises:
        ValueError: The source can be read only once, or does not know its length; it is
            empty, or its first batch does not have such parts.

    Examples:
        >>> sounds = np.random.default_rng(0).normal(0, 0.1, (8, 16_000))
        >>> labels = np.array(["hum", "hiss"] * 4)
        >>> batches = [(sounds[i : i + 4], labels[i : i + 4]) for i in (0, 4)]
        >>> data = kerasaudio.datasets.LabeledBatches(
        ...     batches, ["hiss", "hum"], sample_rate=22_050
        ... )
        >>> data
        LabeledBatches('batches', steps=2, classes=2)
        >>> model = kerasaudio.LogMelCNN(
        ...     labels=data.class_names, filters=4, clip_samples=16_000
        ... )
        >>> windows, targets = data.batches(model)[0]
        >>> windows.shape, targets.tolist()
        ((4, 16000), [1, 0, 1, 0])
    """

    def __init__(
        self,
        source: Iterable[Any] | Callable[[], Iterator[Any]],
        class_names: Sequence[str],
        *,
        sample_rate: int | None = None,
        multi_label: bool = False,
        steps: int | None = None,
        name: str = "batches",
    ) -> None:
        if hasattr(source, "__next__") or not is_loader(source):
            raise ValueError(
                "A loader must be something to iterate over in each epoch: a "
                "tf.data.Dataset, a torch or grain DataLoader, a list of batches, or a "
                "function that returns an iterator (for a generator, pass its "
                f"function). Received: {type(source).__name__}."
            )
        self._source = source
        self.class_names = tuple(checked_names(class_names))
        self.multi_label = bool(multi_label)
        self.name = name
        self._rate = None if sample_rate is None else check_rate(sample_rate)
        self._goes_on = steps is not None
        self.steps = self._length() if steps is None else whole_number(steps, "steps")

    def __repr__(self) -> str:
        """Return the name and the numbers of batches and classes in one line."""
        told = f"steps={self.steps}, classes={len(self.class_names)}"
        return f"{type(self).__name__}({self.name!r}, {told})"

    def _length(self) -> int:
        try:
            steps = len(self._source)  # type: ignore[arg-type]
        except TypeError:  # also of endless ones and those that do not know
            steps = _ENDLESS
        if not 0 < steps < _ENDLESS:
            found = "it is empty" if not steps else "its length is not known"
            raise ValueError(
                f"The {type(self._source).__name__} does not say how many batches an "
                f"epoch has: {found}. Pass it as kerasaudio.datasets.LabeledBatches("
                "loader, model.spec.labels, steps=...)."
            )
        return steps

    @property
    def identity(self) -> str:
        """What an interrupted training recognizes the data by."""
        return f"{self.name}: {self.steps} batches"

    @cached_property
    def first(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Waveforms, labels and weights (or None) of the first batch.

        Raises:
            ValueError: There is none, or it does not have such parts.
        """
        for batch in self._raw(0):
            return self._checked(1, unpacked, batch)
        raise ValueError(f"{self.name} has no batches.")

    @property
    def soft(self) -> bool:
        """Whether labels are rows, each of which adds up to 1."""
        shape = self.first[1].shape
        return not self.multi_label and len(shape) == 2 and shape[1] > 1

    def batches(
        self,
        model_or_spec: Any,
        batch_size: int = 32,
        *,
        training: bool = True,
        one_hot: bool = False,
    ) -> StreamBatches:
        """Return the batches for `fit` and `evaluate`, on any backend.

        Args:
            model_or_spec: Model or its `AudioSpec`. Classes are matched to the model's
                labels by name.
            batch_size: Not used: batches are those of the loader.
            training: Whether all batches must have one length.
            one_hot: Whether targets are (batch, classes) also for class numbers.

        Raises:
            ValueError: A batch does not fit the model; the message has its number.
        """
        spec = spec_of(model_or_spec)
        numbers = self._numbers(spec)
        samples = self._checked(1, windows_for, self.first[0], spec).shape[1]
        self._checked(1, numbers, self.first[1], one_hot)
        one_hot = one_hot or self.soft

        def read(epoch: int) -> Iterator[Batch]:
            for number, raw in enumerate(self._raw(epoch), start=1):
                waveforms, labels, weights = self._checked(number, unpacked, raw)
                windows = self._checked(number, windows_for, waveforms, spec)
                if training and windows.shape[1] != samples:
                    raise ValueError(
                        f"{self.name}, batch {number}: its waveforms have "
                        f"{windows.shape[1]} samples, but those of the first batch "
                        f"{samples}. Cut or pad all to one length."
                    )
                targets = self._checked(number, numbers, labels, one_hot)
                yield (windows, targets, *([] if weights is None else [weights]))

        return StreamBatches(read, self.steps, self.name, self._goes_on)

    def heard(self, spec: AudioSpec, batch_size: int) -> Iterator[Heard]:
        """Yield all waveforms of an epoch once, each of them a clip of one window."""
        numbers = self._numbers(spec)
        count = 0
        for number, raw in enumerate(islice(self._raw(0), self.steps), start=1):
            waveforms, labels, _ = self._checked(number, unpacked, raw)
            windows = self._checked(number, windows_for, waveforms, spec)
            targets = self._checked(number, numbers, labels, True)
            rows = np.arange(len(windows))
            names = [f"{self.name}/{count + row}" for row in rows.tolist()]
            count += len(windows)
            ones = np.ones(len(windows))
            yield Heard([windows], [rows], [ones], targets, names)

    def _numbers(self, spec: AudioSpec) -> LabelNumbers:
        if self._rate not in (None, spec.sample_rate):
            raise ValueError(
                f"{self.name} has {self._rate} Hz, but "
                f"{spec.architecture or 'the model'} needs {spec.sample_rate} Hz. "
                "Resample the waveforms in the loader: kerasaudio.resample(waveform, "
                f"{self._rate}, {spec.sample_rate})."
            )
        places, labels = places_for(self, spec)
        return LabelNumbers(self.class_names, places, len(labels), self.multi_label)

    def _raw(self, epoch: int) -> Iterator[Any]:
        source: Any = self._source
        sampler = getattr(source, "sampler", None)
        for part in (source, getattr(source, "dataset", None), sampler):
            if callable(tell := getattr(part, "set_epoch", None)):
                tell(epoch)
        if epoch and callable(shuffle := getattr(source, "on_epoch_end", None)):
            shuffle()  # of a PyDataset
        yield from source if hasattr(source, "__iter__") else source()

    def _checked(self, number: int, check: Callable[..., Any], *parts: Any) -> Any:
        """Call a function, and add the number of the batch to a ValueError."""
        try:
            return check(*parts)
        except ValueError as error:
            told = str(error).rstrip(".")
            raise ValueError(f"{self.name}, batch {number}: {told}.") from error


def is_loader(value: Any) -> bool:
    """Return whether a value can be a loader: something to iterate over."""
    if isinstance(value, list | tuple):
        return all(isinstance(batch, list | tuple) for batch in value)
    if isinstance(value, str | bytes | dict) or hasattr(value, "shape"):
        return False
    return hasattr(value, "__iter__") or callable(value)
