"""Where a training writes its model and its log."""

from os import PathLike, fspath
from pathlib import Path

from kerasaudio.files.whole_file import check_writable
from kerasaudio.files.workplace import remove_dead
from kerasaudio.training.state import State


def check_log(log: str | PathLike[str], overwrite: bool) -> Path:
    """Return `log` as a path if a table can be written there.

    Raises:
        ValueError: The suffix is not `.csv`.
        OSError: The file exists, or its folder is missing or read-only.
    """
    path = Path(log)
    if path.suffix != ".csv":
        raise ValueError(f"log must be a .csv file. Received: {fspath(log)!r}.")
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"{fspath(path)!r} already exists. Use another log, or pass overwrite=True."
        )
    check_writable(path)
    remove_dead(path.parent)
    return path


def check_out(
    out: str | PathLike[str], *, overwrite: bool = False, restart: bool = False
) -> Path:
    """Return `out` as a path if a model can be saved there.

    Raises:
        ValueError: The suffix is not `.keras`.
        OSError: The file exists, and there is no interrupted training of it to resume;
            or its folder is missing or read-only.
    """
    path = Path(out)
    if path.suffix != ".keras":
        raise ValueError(f"out must be a .keras file. Received: {fspath(out)!r}.")
    remove_dead(path.parent)  # first, as it may complete an interrupted write
    unfinished = State(path).exists and not restart
    if path.exists() and not overwrite and not unfinished:
        raise FileExistsError(
            f"{fspath(path)!r} already exists. Remove it, choose another name, or pass "
            "overwrite=True."
        )
    check_writable(path)
    return path
