"""Our own folder of downloaded and converted files: names, locks, whole writes."""

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kerasaudio.files.errors import WeightsError
from kerasaudio.files.whole_file import writing_whole
from kerasaudio.files.workplace import remove_dead
from kerasaudio.text import escaped, warn

CACHE_VARIABLE = "KERASAUDIO_CACHE"
WAIT_SECONDS = 2.0  # for another process, in silence
IDLE_SECONDS = 600.0  # in which another process writes nothing; a hash takes a while


def cache_folder() -> Path:
    """Give the folder for downloads and converted weights.

    The environment variable KERASAUDIO_CACHE names another one than the platform's.

    Raises:
        WeightsError: It would lie in the home folder of a user who has none.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return _at_home(lambda: Path(chosen).expanduser())
    if sys.platform == "win32":
        variable, default = "LOCALAPPDATA", Path("AppData", "Local")
    elif sys.platform == "darwin":
        variable, default = "", Path("Library", "Caches")
    else:
        variable, default = "XDG_CACHE_HOME", Path(".cache")
    base = Path(os.environ.get(variable, ""))
    if not base.is_absolute():  # not set, or to be ignored, says the specification
        base = _at_home(lambda: Path.home() / default)
    return base / "kerasaudio"


def has_cache_folder() -> bool:
    """Tell whether there is a place for the cache; without one nothing is in it."""
    try:
        cache_folder()
    except WeightsError:
        return False
    return True


def folder_if_any(name: str) -> Path | None:
    """Give the cache's folder for what can also be made anew, or warn and give None."""
    try:
        return cache_folder() / name
    except WeightsError as error:
        warn(f"Nothing is kept in {name}: {error}.", stacklevel=4)
        return None


def _at_home(path: Callable[[], Path]) -> Path:
    try:
        return path()
    except RuntimeError as error:
        raise WeightsError(
            "there is no home folder to keep files in (HOME is not set, and the system "
            f"knows none of this user). Set {CACHE_VARIABLE} to a folder, by its whole "
            "path"
        ) from error


def make_folder(folder: Path) -> None:
    """Make a folder of the cache.

    Raises:
        WeightsError: It cannot be made, with what to do.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(path: Path, error: OSError) -> WeightsError:
    """Say what to do about a cache that cannot be written."""
    return WeightsError(
        f"the cache cannot be written: {path}: {error.strerror or error}. Free some "
        f"space, or set {CACHE_VARIABLE} to another folder"
    )


@contextlib.contextmanager
def locked(path: Path, idle_seconds: float | None = None) -> Iterator[None]:
    """Keep other processes and threads from writing a file of the cache.

    Whoever waits for another one says so on stderr, once.

    Args:
        path: Of the file; its folder is made.
        idle_seconds: How long the other may change nothing in the folder; None for
            IDLE_SECONDS.

    Raises:
        WeightsError: The folder cannot be locked, or another process keeps it locked
            and has written nothing for that long.
    """
    from filelock import FileLock

    make_folder(path.parent)
    lock, holder = FileLock(f"{path}.lock"), _holder(path)
    try:
        _acquire(lock, path, holder, idle_seconds or IDLE_SECONDS)
    except WeightsError:
        raise
    except (OSError, NotImplementedError) as error:
        raise WeightsError(
            f"{lock.lock_file} cannot be locked: {error}. Set {CACHE_VARIABLE} to a "
            "folder on a local disk"
        ) from error
    try:
        with contextlib.suppress(OSError):  # it only tells others whom they wait for
            holder.write_text(str(os.getpid()))
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink()
        lock.release()


def forget_dead(path: Path) -> None:
    """Remove what processes left that died while they had locked or written a file."""
    from filelock import FileLock, Timeout

    remove_dead(path.parent)
    holder = _holder(path)
    if holder.is_file():
        with (
            contextlib.suppress(Timeout, OSError, NotImplementedError),
            FileLock(f"{path}.lock", timeout=0),
        ):
            holder.unlink(missing_ok=True)


def _holder(path: Path) -> Path:
    return path.with_name(f"{path.name}.pid")


def _acquire(lock: Any, path: Path, holder: Path, idle_seconds: float) -> None:
    from filelock import Timeout

    change, since = -1.0, time.monotonic()
    is_told = False
    while True:
        try:
            lock.acquire(timeout=WAIT_SECONDS)
            return
        except Timeout:
            who = (
                f"another process{_pid(holder)} that downloads or converts {path.name}"
            )
        if not is_told:
            print(escaped(f"Waiting for {who}."), file=sys.stderr, flush=True)
            is_told = True
        if (latest := _latest_change(path.parent)) != change:
            change, since = latest, time.monotonic()
        elif time.monotonic() - since > idle_seconds:
            raise WeightsError(
                f"{who} has written nothing for {idle_seconds:g} seconds: end it"
            )


def _pid(holder: Path) -> str:
    try:
        pid = holder.read_text()
    except (OSError, ValueError):  # it has just begun, or ended
        return ""
    return f" ({pid})" if re.fullmatch(r"[0-9]{1,10}", pid) else ""


def _latest_change(folder: Path) -> float:
    latest = 0.0
    for file in folder.iterdir():
        if file.suffix == ".lock":  # whoever waits touches it
            continue
        with contextlib.suppress(FileNotFoundError):
            latest = max(latest, file.stat().st_mtime)
    return latest


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that other processes see whole or not at all.

    Raises:
        WeightsError: It cannot be written.
    """
    make_folder(path.parent)
    try:
        with writing_whole(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise unwritable(path, error) from error
