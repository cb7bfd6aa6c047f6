"""What batches need to know of clips; `LabeledClips` is such."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike


class Clips(Protocol):
    """Clips with classes; see `LabeledClips` for what each field means."""

    @property
    def name(self) -> str:
        """Of the data set."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""

    @property
    def targets(self) -> np.ndarray:
        """Class numbers (clips,), or multi-hot (clips, classes)."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""

    @property
    def groups(self) -> np.ndarray | None:
        """Recordings."""

    @property
    def starts(self) -> np.ndarray | None:
        """Where each clip begins in its file, in seconds."""

    @property
    def ends(self) -> np.ndarray | None:
        """Where it ends."""

    @property
    def partial(self) -> bool:
        """Whether these are some of a data set's clips."""

    @property
    def shared(self) -> Mapping[Any, tuple[int, ...]]:
        """Recordings that are known to be in two folds."""

    @property
    def multi_label(self) -> bool:
        """Whether a clip can have several classes."""

    @property
    def multi_hot(self) -> np.ndarray:
        """Targets as bool (clips, classes)."""

    def __len__(self) -> int:
        """Give the number of clips."""

    def take(self, which: ArrayLike, name: str | None = None) -> Self:
        """Give some of the clips."""

    def class_weights(self) -> dict[int, float]:
        """Give each class the weight that makes up for its share of the clips."""


def check_clips(value: Any) -> None:
    """Raise a ValueError unless a value is clips of `kerasaudio.datasets`."""
    if not (hasattr(value, "class_names") and hasattr(value, "paths")):
        raise ValueError(
            "Clips are what kerasaudio.datasets gives, such as "
            f'from_folder("sounds/"). Received: {type(value).__name__}.'
        )
