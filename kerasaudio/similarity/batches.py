"""Batches for learning similarity, drawn again in each epoch, never listed in full.

PairBatches   ((first, second), same)   (n, samples) twice, (n,)  for ContrastiveLoss
ClassBatches  (clips, labels)           (p * k, samples), (p * k,)  for TripletLoss
ViewBatches   (clips, numbers)          (2 n, samples), (2 n,)      for NTXentLoss
"""

from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.arguments import number, whole_number
from kerasaudio.similarity.labels import Kinds

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Clips(Protocol):
    """Clips by index: an array, `numpy.memmap`, a list, or a class of your own."""

    def __len__(self) -> int:
        """Return the number of clips."""

    def __getitem__(self, index: int, /) -> Any:
        """Return one clip, (samples,)."""


class _Batches(keras.utils.PyDataset):
    """Draw each batch from (seed, epoch, number), so that the order does not matter."""

    def __init__(
        self,
        clips: Clips,
        batches: int,
        seed: int,
        augment: Augment | None,
        redraw: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._clips, self._augment = clips, augment
        self._batches = whole_number(batches, "batches")
        self._seed = whole_number(seed, "seed", least=0)
        self._redraw, self._epoch = bool(redraw), 0

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self._batches

    def __getitem__(self, index: int) -> tuple[Any, np.ndarray]:
        """Draw a batch of this epoch."""
        if not 0 <= index < self._batches:
            raise IndexError(f"There are {self._batches} batches. Received: {index}.")
        return self._draw(np.random.default_rng((self._seed, self._epoch, index)))

    def on_epoch_end(self) -> None:
        """Draw other clips from now on, unless `redraw` is False; Keras calls this."""
        self._epoch += self._redraw

    def _draw(self, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
        raise NotImplementedError

    def _gather(self, indices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the clips, augmented, (len(indices), samples), float32."""
        chosen = [np.asarray(self._clips[int(i)], "float32") for i in indices]
        if self._augment is not None:
            chosen = [np.asarray(self._augment(c, rng), "float32") for c in chosen]
        shapes = {clip.shape for clip in chosen}
        if len(shapes) > 1:
            raise ValueError(
                "The clips of a batch must have the same length. Received: "
                f"{sorted(shapes)[:4]}. Cut them, for example with an `augment` that "
                "returns a part of fixed length."
            )
        return np.stack(chosen)


class PairBatches(_Batches):
    """Pairs of clips with equal and with different labels, balanced over the labels.

    An equal pair has two different clips of one label, an unequal pair has clips of two
    labels. Labels are drawn at random; rare ones are drawn as often as frequent ones.

    Each batch is ``((first, second), same)``: float32 (batch, samples) each, and
    float32 (batch,), 1 for equal pairs.

    Args:
        clips: Clips by index, each (samples,), of equal length after `augment`.
        labels: Label of each clip, integers or strings, (clips,).
        batch_size: Number of pairs in a batch, at least 2.
        batches: Number of batches in an epoch; None for (clips / batch_size), rounded
            up.
        positive: Fraction of equal pairs, above 0 and below 1.
        seed: Random seed; the same seed gives the same pairs in each epoch.
        augment: ``augment(clip, rng) -> clip``, called on each drawn clip.
        redraw: Whether each epoch has other pairs; False for validation.
        **kwargs: `workers` and other arguments of `keras.utils.PyDataset`.

    Raises:
        ValueError: The number of labels differs from that of the clips, there are fewer
            than two labels or fewer than two clips of one, or an argument is invalid.

    Examples:
        >>> clips, labels = np.zeros((6, 800)), ["cat", "dog", "cow"] * 2
        >>> batches = kerasaudio.similarity.PairBatches(clips, labels, batch_size=4)
        >>> (first, second), same = batches[0]
        >>> len(batches), first.shape, same.tolist()
        (2, (4, 800), [1.0, 1.0, 0.0, 0.0])
    """

    def __init__(
        self,
        clips: Clips,
        labels: ArrayLike,
        batch_size: int = 32,
        *,
        batches: int | None = None,
        positive: float = 0.5,
        seed: int = 0,
        augment: Augment | None = None,
        redraw: bool = True,
        **kwargs: Any,
    ) -> None:
        self._kinds = Kinds(labels, clips)
        self._kinds.need(2)
        size = whole_number(batch_size, "batch_size", least=2)
        positive = number(positive, "positive", above=0, below=1)
        equal = min(max(round(size * positive), 1), size - 1)
        self._same = np.repeat([1.0, 0.0], [equal, size - equal]).astype("float32")
        batches = -(-len(clips) // size) if batches is None else batches
        super().__init__(clips, batches, seed, augment, redraw, **kwargs)

    def _draw(self, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
        first, second = self.pairs(rng)
        return (self._gather(first, rng), self._gather(second, rng)), self._same.copy()

    def pairs(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the first and second clips of a batch."""
        kinds, size = self._kinds, len(self._same)
        kind = rng.integers(len(kinds.counts), size=size)
        step = rng.integers(1, len(kinds.counts), size=size)
        other = (kind + step) % len(kinds.counts)
        first = rng.integers(kinds.counts[kind])
        different = (first + rng.integers(1, kinds.counts[kind])) % kinds.counts[kind]
        equal = self._same == 1
        second = np.where(equal, different, rng.integers(kinds.counts[other]))
        return kinds.pick(kind, first), kinds.pick(np.where(equal, kind, other), second)


class ClassBatches(_Batches):
    """Several clips of each of several labels, as mining within a batch needs.

    Each batch is ``(clips, labels)``: float32 (classes * clips_per_class, samples), and
    int32 positions of the labels in their sorted order.

    Args:
        clips: Clips by index, each (samples,), of equal length after `augment`.
        labels: Label of each clip, integers or strings, (clips,).
        classes: Number of different labels in a batch, at least 2; None for all.
        clips_per_class: Number of different clips of each label, at least 2.
        batches: Number of batches in an epoch; None for (clips / clips in a batch),
            rounded up.
        seed: Random seed; the same seed gives the same batches in each epoch.
        augment: ``augment(clip, rng) -> clip``, called on each drawn clip.
        redraw: Whether each epoch has other batches.
        **kwargs: `workers` and other arguments of `keras.utils.PyDataset`.

    Raises:
        ValueError: The number of labels differs from that of the clips, there are fewer
            than `classes` labels or fewer than `clips_per_class` clips of one, or an
            argument is invalid.

    Examples:
        >>> clips, labels = np.zeros((6, 800)), ["cat", "dog", "cow"] * 2
        >>> draw = kerasaudio.similarity.ClassBatches
        >>> chosen, places = draw(clips, labels, classes=2, clips_per_class=2)[0]
        >>> chosen.shape, places.dtype.name, len(set(places.tolist()))
        ((4, 800), 'int32', 2)
    """

    def __init__(
        self,
        clips: Clips,
        labels: ArrayLike,
        classes: int | None = None,
        clips_per_class: int = 4,
        *,
        batches: int | None = None,
        seed: int = 0,
        augment: Augment | None = None,
        redraw: bool = True,
        **kwargs: Any,
    ) -> None:
        self._kinds = kinds = Kinds(labels, clips)
        self._clips_per_class = whole_number(
            clips_per_class, "clips_per_class", least=2
        )
        kinds.need(self._clips_per_class)
        self._classes = len(kinds.counts)
        if classes is not None:
            self._classes = whole_number(classes, "classes", least=2)
        if self._classes > len(kinds.counts):
            raise ValueError(
                f"classes must be at most {len(kinds.counts)}, the number of different "
                f"labels. Received: {classes}."
            )
        size = self._classes * self._clips_per_class
        batches = -(-len(clips) // size) if batches is None else batches
        super().__init__(clips, batches, seed, augment, redraw, **kwargs)

    def _draw(self, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
        kinds = self._kinds
        chosen = rng.permutation(len(kinds.counts))[: self._classes]
        indices = np.concatenate(
            [
                kinds.pick(
                    kind,
                    rng.choice(
                        kinds.counts[kind], self._clips_per_class, replace=False
                    ),
                )
                for kind in chosen
            ]
        )
        return self._gather(indices, rng), kinds.numbers[indices].astype("int32")


class ViewBatches(_Batches):
    """Two augmented views of each clip; no labels are needed.

    Each batch is ``(views, numbers)``: float32 (2 * batch_size, samples), and int32
    (2 * batch_size,); the two views of a clip have the same number.

    Args:
        clips: Clips by index, each (samples,), of equal length after `augment`.
        augment: ``augment(clip, rng) -> clip``, called twice on each drawn clip. The
            network learns to ignore what it changes.
        batch_size: Number of clips in a batch, from 2 to the number of clips.
        batches: Number of batches in an epoch; None for (clips / batch_size), rounded
            up.
        seed: Random seed; the same seed gives the same batches in each epoch.
        redraw: Whether each epoch has other batches.
        **kwargs: `workers` and other arguments of `keras.utils.PyDataset`.

    Raises:
        ValueError: `augment` is not a function, there are fewer clips than a batch has,
            or an argument is invalid.

    Examples:
        >>> def louder(clip, rng):
        ...     return clip * rng.uniform(0.5, 2)
        >>> clips = np.ones((6, 800), "float32")
        >>> batches = kerasaudio.similarity.ViewBatches(clips, louder, batch_size=3)
        >>> views, numbers = batches[0]
        >>> views.shape, numbers.tolist()
        ((6, 800), [0, 0, 1, 1, 2, 2])
    """

    def __init__(
        self,
        clips: Clips,
        augment: Augment,
        batch_size: int = 32,
        *,
        batches: int | None = None,
        seed: int = 0,
        redraw: bool = True,
        **kwargs: Any,
    ) -> None:
        if not callable(augment):
            raise ValueError(
                "augment must be a function of (clip, rng), as the network learns "
                f"nothing from two equal views. Received: {augment!r}."
            )
        self._size = whole_number(batch_size, "batch_size", least=2)
        if len(clips) < self._size:
            raise ValueError(
                f"batch_size must be at most {len(clips)}, the number of clips. "
                f"Received: {batch_size}."
            )
        batches = -(-len(clips) // self._size) if batches is None else batches
        super().__init__(clips, batches, seed, augment, redraw, **kwargs)

    def _draw(self, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
        chosen = rng.choice(len(self._clips), self._size, replace=False)
        numbers = np.repeat(np.arange(self._size, dtype="int32"), 2)
        return self._gather(np.repeat(chosen, 2), rng), numbers
