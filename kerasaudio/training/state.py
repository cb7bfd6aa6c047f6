"""The state of a training on disk: whole or not at all, checked when it is read.

OUT.training/state.npz  variables of model and optimizer after the last epoch, and how
                        far the training is
OUT.training/best.npz   variables of the model after its best epoch
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasaudio.array_file import read_arrays
from kerasaudio.whole_file import check_writable, writing_whole

_FACTS = "facts"


class State:
    """The files of one training.

    Args:
        out: Where the trained model will be; the files are beside it.
    """

    def __init__(self, out: Path) -> None:
        self.folder = out.with_name(f"{out.name}.training")
        self._state = self.folder / "state.npz"
        self._best = self.folder / "best.npz"

    @property
    def exists(self) -> bool:
        """Whether a training was interrupted here."""
        return self._state.is_file()

    def begin(self) -> None:
        """Make the folder.

        Raises:
            OSError: It cannot be written to.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        check_writable(self._state)

    def remove(self) -> None:
        """Forget the training."""
        if self.folder.is_dir():
            shutil.rmtree(self.folder)

    def save(self, variables: Sequence[Any], facts: Mapping[str, Any]) -> None:
        """Write how far the training is; the old state is kept until that is done."""
        _write(self._state, variables, facts)

    def save_best(self, variables: Sequence[Any]) -> None:
        """Write the best weights so far."""
        _write(self._best, variables, {})

    def facts(self) -> dict[str, Any]:
        """Give what `save` was told, without the variables.

        Raises:
            ValueError: The file is damaged.
        """
        return _read(self._state)[1]

    def load(self, variables: Sequence[Any]) -> None:
        """Give variables the values they were saved with.

        Raises:
            ValueError: The file is damaged, or of another network.
        """
        _assign(variables, _read(self._state)[0], self._state)

    def load_best(self, variables: Sequence[Any]) -> None:
        """Give variables their best values; see `load`."""
        _assign(variables, _read(self._best)[0], self._best)


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
            f"The state of the interrupted training, {path}, is damaged: {error}. "
            "Start anew: restart=True, or --restart."
        ) from error


def _assign(variables: Sequence[Any], values: list[np.ndarray], path: Path) -> None:
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise ValueError(
            f"{path} belongs to another network: it holds {len(values)} variables, the "
            f"network has {len(shapes)}, or their shapes differ. Start anew: "
            "restart=True, or --restart."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
