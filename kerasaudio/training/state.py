"""The state of a training on disk: whole or not at all, checked when it is read.

OUT.training/state.npz   variables of model and optimizer after the last epoch, and how
                         far the training is
OUT.training/best-N.npz  variables of the model after epoch N, the best so far; another
                         one is of an epoch that the state knows nothing of
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
        out: Where the trained model will be; the files are beside it.
    """

    def __init__(self, out: Path) -> None:
        self.folder = out.with_name(f"{out.name}.training")
        self._state = self.folder / "state.npz"

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
        """Forget the training, in one step."""
        if self.folder.is_dir():
            with workplace(self.folder.parent) as place:
                os.replace(self.folder, place.folder / self.folder.name)

    def save(
        self,
        variables: Sequence[Any],
        facts: Mapping[str, Any],
        best: int | None = None,
    ) -> None:
        """Write how far the training is; the old state is kept until that is done.

        Args:
            variables: What `load` gives their values to.
            facts: Ready for JSON, for `facts`.
            best: The best epoch so far, None if `save_best` was told of none. What it
                kept of others is removed.
        """
        _write(self._state, variables, facts)
        for kept in self.folder.glob("best-*.npz"):
            if best is None or kept != self._best(best):
                kept.unlink()

    def save_best(self, variables: Sequence[Any], epoch: int) -> None:
        """Write the weights of the best epoch so far, beside those of the one before.

        Until `save` is told of it, a stopped training goes on with that one.
        """
        _write(self._best(epoch), variables, {})

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

    def load_best(self, variables: Sequence[Any], epoch: int) -> None:
        """Give variables the values of the best epoch; see `load`."""
        best = self._best(epoch)
        _assign(variables, _read(best)[0], best)

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
            f"The state of the interrupted training, {path}, is damaged: {error}. "
            "Start anew: restart=True."
        ) from error


def _assign(variables: Sequence[Any], values: list[np.ndarray], path: Path) -> None:
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise ValueError(
            f"{path} belongs to another network: it holds {len(values)} variables, the "
            f"network has {len(shapes)}, or their shapes differ. Start anew: "
            "restart=True."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
