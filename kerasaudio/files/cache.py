"""The cache folder for downloaded and converted files: names, locks, atomic writes."""

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
WAIT_SECONDS = 2.0  # wait for another process before the user is told
IDLE_SECONDS = 600.0  # limit without a write; hashing a large file takes a while


def cache_folder() -> Path:
    """Return the folder for downloads and converted weights.

    The environment variable KERASAUDIO_CACHE replaces the platform's default.

    Raises:
        WeightsError: The folder would be in the home folder, but the user has none.
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
    if not base.is_absolute():  # not set; the specification ignores relative paths
        base = _at_home(lambda: Path.home() / default)
    return base / "kerasaudio"


def has_cache_folder() -> bool:
    """Return whether there is a place for the cache."""
    try:
        cache_folder()
    except WeightsError:
        return False
    return True


def folder_if_any(name: str) -> Path | None:
    """Return a folder in the cache for optional files; if there is none, warn."""
    try:
        return cache_folder() / name
    except WeightsError as error:
        warn(f"Nothing is stored in {name}: {error}.", stacklevel=4)
        return None


def _at_home(path: Callable[[], Path]) -> Path:
    try:
        return path()
    except RuntimeError as error:
        raise WeightsError(
            "there is no home folder to store files in (HOME is not set, and the "
            f"system has no home folder for this user). Set {CACHE_VARIABLE} to the "
            "full path of a folder"
        ) from error


def make_folder(folder: Path) -> None:
    """Create a folder in the cache.

    Raises:
        WeightsError: The folder cannot be created; the message says what to do.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(path: Path, error: OSError) -> WeightsError:
    """Return the error for a cache that cannot be written, with what to do."""
    return WeightsError(
        f"the cache cannot be written: {path}: {error.strerror or error}. Free some "
        f"space, or set {CACHE_VARIABLE} to another folder"
    )


@contextlib.contextmanager
def locked(path: Path, idle_seconds: float | None = None) -> Iterator[None]:
    """Prevent other processes and threads from writing a file of the cache.

    If it must wait for another process, it prints that on stderr, once.

    Args:
        path: Path of the file; its folder is created.
        idle_seconds: Longest time in seconds in which the other process may write
            nothing to the folder; default: IDLE_SECONDS.

    Raises:
        WeightsError: The folder cannot be locked, or another process has locked it and
            has written nothing for that time.
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
        with contextlib.suppress(OSError):  # only used for messages of other processes
            holder.write_text(str(os.getpid()))
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink()
        lock.release()


def forget_dead(path: Path) -> None:
    """Remove files of processes that died while they locked or wrote a file."""
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
                f"{who} has written nothing for {idle_seconds:g} seconds: stop it"
            )


def _pid(holder: Path) -> str:
    try:
        pid = holder.read_text()
    except (OSError, ValueError):  # the process has just started or ended
        return ""
    return f" ({pid})" if re.fullmatch(r"[0-9]{1,10}", pid) else ""


def _latest_change(folder: Path) -> float:
    latest = 0.0
    for file in folder.iterdir():
        if file.suffix == ".lock":  # waiting processes change it
            continue
        with contextlib.suppress(FileNotFoundError):
            latest = max(latest, file.stat().st_mtime)
    return latest


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically, so that other processes see all of it or nothing.

    Raises:
        WeightsError: The file cannot be written.
    """
    make_folder(path.parent)
    try:
        with writing_whole(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise unwritable(path, error) from error
