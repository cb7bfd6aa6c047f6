"""The interface of clips that batches need; `LabeledClips` implements it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike


class Clips(Protocol):
    """Clips with classes; `LabeledClips` describes each field."""

    @property
    def name(self) -> str:
        """Name of the data set."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Path of each clip's file."""

    @property
    def targets(self) -> np.ndarray:
        """Class numbers (clips,), or multi-hot (clips, classes)."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""

    @property
    def groups(self) -> np.ndarray | None:
        """Recording of each clip."""

    @property
    def starts(self) -> np.ndarray | None:
        """Start of each clip in its file, in seconds."""

    @property
    def ends(self) -> np.ndarray | None:
        """End of each clip in its file, in seconds."""

    @property
    def published_folds(self) -> range | None:
        """Numbers of the published folds, of which there may be only some."""

    @property
    def partial(self) -> bool:
        """Whether these are only some of a data set's clips."""

    @property
    def shared(self) -> Mapping[Any, tuple[Any, ...]]:
        """Recordings that are known to be in two folds or parts."""

    @property
    def known(self) -> np.ndarray | None:
        """Which classes of each clip are labeled."""

    @property
    def multi_label(self) -> bool:
        """Whether a clip can have several classes."""

    @property
    def multi_hot(self) -> np.ndarray:
        """Targets as bool (clips, classes)."""

    def __len__(self) -> int:
        """Return the number of clips."""

    def take(self, which: ArrayLike, name: str | None = None) -> Self:
        """Return some of the clips."""

    def class_weights(self) -> dict[int, float]:
        """Return a weight per class that balances classes with few and many clips."""


def check_clips(value: Any) -> None:
    """Raise a ValueError unless a value is a clips object of `kerasaudio.datasets`."""
    if not (hasattr(value, "class_names") and hasattr(value, "paths")):
        raise ValueError(
            "clips must be labeled clips from kerasaudio.datasets, such as "
            f'from_folder("sounds/"). Received: {type(value).__name__}.'
        )
