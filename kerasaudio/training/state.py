"""The state of a training on disk: written atomically, and checked when it is read.

OUT.training/state.npz   variables of model and optimizer after the last epoch, and the
                         progress of the training
OUT.training/best-N.npz  variables of the model after epoch N, the best so far. A second
                         such file is from an epoch that the state does not include yet
OUT.training/start.npz   variables of the model before the first step, if the training
                         is repeated on all clips
OUT.training/all/        the same files of the training on all clips
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasaudio.files.array_file import read_arrays
from kerasaudio.files.whole_file import check_writable, writing_whole
from kerasaudio.files.workplace import workplace

_FACTS = "facts"


class State:
    """The files of one training.

    Args:
        out: Path of the trained model; the files are in a folder next to it.
        part: Name of a folder in that folder; None for that folder itself.
    """

    def __init__(self, out: Path, part: str | None = None) -> None:
        self.folder = out.with_name(f"{out.name}.training")
        if part is not None:
            self.folder /= part
        self._state = self.folder / "state.npz"
        self._start = self.folder / "start.npz"

    @property
    def exists(self) -> bool:
        """Whether there is a state of an interrupted training."""
        return self._state.is_file()

    def begin(self) -> None:
        """Create the folder.

        Raises:
            OSError: The folder cannot be created or written to.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        check_writable(self._state)

    def remove(self) -> None:
        """Remove the state, in one step."""
        if self.folder.is_dir():
            with workplace(self.folder.parent) as place:
                os.replace(self.folder, place.folder / self.folder.name)

    def save(
        self,
        variables: Sequence[Any],
        facts: Mapping[str, Any],
        best: int | None = None,
    ) -> None:
        """Write the state; the previous one is kept until the new one is complete.

        Args:
            variables: Variables to save, in the order in which `load` restores them.
            facts: Values for JSON, which `facts` returns.
            best: Number of the best epoch so far; None if `save_best` was not called.
                The saved weights of all other epochs are removed.
        """
        _write(self._state, variables, facts)
        for kept in self.folder.glob("best-*.npz"):
            if best is None or kept != self._best(best):
                kept.unlink()

    def save_best(self, variables: Sequence[Any], epoch: int) -> None:
        """Write the weights of the new best epoch, next to those of the previous one.

        Until `save` is called with this epoch as `best`, an interrupted training
        resumes with the previous one.
        """
        _write(self._best(epoch), variables, {})

    def facts(self) -> dict[str, Any]:
        """Return the facts that `save` stored.

        Raises:
            ValueError: The file is damaged.
        """
        return _read(self._state)[1]

    def load(self, variables: Sequence[Any]) -> None:
        """Assign the saved values to variables.

        Args:
            variables: Variables in the order in which they were saved.

        Raises:
            ValueError: The file is damaged, or is from another network.
        """
        _assign(variables, _read(self._state)[0], self._state)

    def load_best(self, variables: Sequence[Any], epoch: int) -> None:
        """Assign the values after the given best epoch to variables; see `load`."""
        best = self._best(epoch)
        _assign(variables, _read(best)[0], best)

    def save_start(self, variables: Sequence[Any]) -> None:
        """Write the variables that the training starts from."""
        _write(self._start, variables, {})

    def load_start(self, variables: Sequence[Any]) -> None:
        """Assign the values that the training started from to variables; see `load`."""
        _assign(variables, _read(self._start)[0], self._start)

    def _best(self, epoch: int) -> Path:
        return self.folder / f"best-{epoch}.npz"


def _write(path: Path, variables: Sequence[Any], facts: Mapping[str, Any]) -> None:
    arrays: dict[str, Any] = {
        f"v{number:05d}": np.asarray(keras.ops.convert_to_numpy(variable))
        for number, variable in enumerate(variables)
    }
    arrays[_FACTS] = np.array(json.dumps(facts))
    with writing_whole(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def _read(path: Path) -> tuple[list[np.ndarray], dict[str, Any]]:
    try:
        arrays = read_arrays(path)
        facts = json.loads(str(arrays.pop(_FACTS)))
        return [arrays[name] for name in sorted(arrays)], facts
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            f"The state of the interrupted training, {str(path)!r}, is damaged: "
            f"{error}. Start again with restart=True."
        ) from error


def _assign(variables: Sequence[Any], values: list[np.ndarray], path: Path) -> None:
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise ValueError(
            f"{str(path)!r} belongs to another network: it holds {len(values)} "
            f"variables, but the network has {len(shapes)}, or their shapes differ. "
            "Start again with restart=True."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
