"""The interface of labeled sounds that come one after the other."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np

from kerasaudio.core import AudioSpec
from kerasaudio.datasets.streams.batches import StreamBatches


class Heard(NamedTuple):
    """Windows of clips, in order; a clip's windows are never in two of these.

    Attributes:
        windows: Windows of one length each, float32, in groups (windows, samples).
        clip_of: Position in `targets` of each window's clip, a group for each.
        weights: Weight of each window in the mean over its clip, likewise.
        targets: One-hot or multi-hot targets, float32 (clips, classes).
        names: Name of each clip.
    """

    windows: list[np.ndarray]
    clip_of: list[np.ndarray]
    weights: list[np.ndarray]
    targets: np.ndarray
    names: list[str]


class Stream(ABC):
    """Labeled sounds that a training reads anew in each epoch.

    Attributes:
        name: Name of the data.
        class_names: Names of the classes.
        multi_label: Whether a clip can have several classes.
        clips: Number of clips; None if it is not known.
        settings: Names of the arguments of `batches` that can be set.
        heard_settings: Names of those of `heard`.
        weighs_classes: Whether weights of classes are made for `batches`.
    """

    name: str
    class_names: tuple[str, ...]
    multi_label: bool
    clips: int | None = None
    settings: ClassVar[tuple[str, ...]] = ()
    heard_settings: ClassVar[tuple[str, ...]] = ()
    weighs_classes: ClassVar[bool] = False

    @property
    @abstractmethod
    def identity(self) -> str:
        """What an interrupted training recognizes the data by."""

    @property
    def soft(self) -> bool:
        """Whether a clip of one class may be a mixture of classes."""
        return False

    @abstractmethod
    def batches(
        self,
        model_or_spec: Any,
        batch_size: int = 32,
        *,
        training: bool = True,
        one_hot: bool = False,
    ) -> StreamBatches:
        """Return batches for `fit`, on any backend."""

    def check(self, spec: AudioSpec) -> None:
        """Raise a ValueError if the data do not fit a model, as far as can be seen."""
        self.batches(spec)

    @abstractmethod
    def heard(self, spec: AudioSpec, batch_size: int) -> Iterator[Heard]:
        """Yield all windows of all clips once, in order, with their targets."""
