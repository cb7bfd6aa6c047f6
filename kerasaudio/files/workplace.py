"""A hidden folder next to a target, where a process creates files before moving them.

PARENT/.kerasaudio-0123456789abcdef/lock   locked while its process lives; has its id
PARENT/.kerasaudio-0123456789abcdef/ready  files that are being moved: 0.FIRST, 1.LAST

The system releases the lock when the process ends, killed or not. The next process that
works in PARENT finishes a move that was interrupted, and removes the rest.
"""

import contextlib
import errno
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from kerasaudio.files.system import BusyError as BusyError
from kerasaudio.files.system import exchange, sync
from kerasaudio.files.system import lock as lock_file

_PREFIX = ".kerasaudio-"
_DIGITS = 16
_NAME = re.compile(re.escape(_PREFIX) + rf"[0-9a-f]{{{_DIGITS}}}")
_LOCK, _READY = "lock", "ready"
_WAIT_SECONDS = 1.0  # for a process that checks whether the owner of a folder is dead


class Workplace:
    """The value of the context `workplace`.

    Attributes:
        folder: Folder to create files in; it is removed with its content at the end.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, *made: Path) -> None:
        """Move files from this folder into its parent, under the same names.

        A single file or folder is replaced in one step if the system supports that
        (otherwise it is missing for a moment). With several files, the last one, which
        refers to the others, is missing until all are in place, so that nobody reads a
        mixture.

        Raises:
            OSError: A file cannot be moved.
        """
        for path in made:
            sync(path)
        if len(made) == 1 and _moved(made[0], self.folder.parent / made[0].name):
            return  # the replaced file is removed with the folder
        almost = self.folder / uuid.uuid4().hex
        almost.mkdir()
        for number, path in enumerate(made):
            os.replace(path, almost / f"{number}.{path.name}")
        ready = self.folder / _READY
        os.replace(almost, ready)
        _finish(ready, self.folder.parent)
        os.replace(ready, almost)  # replaced files may be in it


@contextlib.contextmanager
def workplace(parent: Path, only: str | None = None) -> Iterator[Workplace]:
    """Create a folder to work in, and remove the folders of dead processes.

    Args:
        parent: Folder of the target, in which it is created.
        only: Name of a target that no other process may write at the same time;
            default: None, no exclusion.

    Raises:
        BusyError: Another process writes `only`.
        OSError: The folder cannot be created.
    """
    parent = parent.absolute()
    remove_dead(parent)
    folder, lock = _begin(parent, only, 0o777)
    try:
        yield Workplace(folder)
    finally:
        _end(folder, lock)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a folder in the system's temporary folder, for this user only.

    Raises:
        OSError: The folder cannot be created.
    """
    parent = Path(tempfile.gettempdir())
    remove_dead(parent)
    folder, lock = _begin(parent, None, 0o700)
    try:
        yield folder
    finally:
        _end(folder, lock)


def remove_dead(parent: Path) -> None:
    """Remove the work of dead processes in a folder, and finish interrupted moves.

    Files that belong to another user, or cannot be removed, stay.
    """
    for folder in _workplaces(parent):
        with contextlib.suppress(OSError):
            lock, is_sure = _enter(folder)
            if is_sure:
                _bury(folder, lock)
            else:
                os.close(lock)


def _workplaces(parent: Path) -> Iterator[Path]:
    try:
        with os.scandir(parent) as entries:
            found = [entry for entry in entries if _NAME.fullmatch(entry.name)]
    except OSError:  # missing or unreadable: there is nothing to do
        return
    for entry in found:
        with contextlib.suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            is_ours = sys.platform == "win32" or status.st_uid == os.getuid()
            if entry.is_dir(follow_symlinks=False) and is_ours:
                yield Path(entry.path)


def _begin(parent: Path, only: str | None, mode: int) -> tuple[Path, int]:
    since = time.monotonic()
    while True:
        name = uuid.uuid4().hex
        if only is not None:
            name = hashlib.sha256(os.fsencode(only)).hexdigest()
        folder = parent / f"{_PREFIX}{name[:_DIGITS]}"
        is_new = True
        try:
            folder.mkdir(mode)
        except FileExistsError:
            is_new = False
        try:
            lock, is_sure = _enter(folder)
        except FileNotFoundError:  # another process has just removed it
            if time.monotonic() - since > _WAIT_SECONDS:
                raise  # a dangling link
            continue
        except PermissionError:
            if is_new:
                raise
            raise _busy(folder, str(only)) from None  # it belongs to another user
        except BusyError:
            if only is not None and time.monotonic() - since > _WAIT_SECONDS:
                raise _busy(folder, only) from None
            time.sleep(0.01)
            continue
        if is_new:
            os.write(lock, str(os.getpid()).encode())
            return folder, lock
        if not is_sure:
            os.close(lock)
            raise _busy(folder, str(only))
        _bury(folder, lock)


def _end(folder: Path, lock: int) -> None:
    """Remove a folder of this process, and release its lock."""
    grave = folder.with_name(f"{_PREFIX}{uuid.uuid4().hex[:_DIGITS]}")
    if sys.platform == "win32":  # a folder with an open file cannot be renamed there
        os.close(lock)
    try:
        # Renamed first, as another process may create a folder of this name at once.
        os.replace(folder, grave)
        shutil.rmtree(grave, ignore_errors=True)
    except OSError:
        pass  # the next process removes it
    finally:
        if sys.platform != "win32":
            os.close(lock)


def _bury(folder: Path, lock: int) -> None:
    """Finish the interrupted move of a dead process, and remove its folder."""
    try:
        _recover(folder)
    except OSError:  # it may contain the only copy, so it stays
        os.close(lock)
        raise
    _end(folder, lock)


def _recover(folder: Path) -> None:
    ready = folder / _READY
    parts = sorted(os.listdir(ready)) if ready.is_dir() else []
    # If the last part's target exists, the move had not begun, or was complete.
    if parts and not os.path.lexists(_place(folder.parent, parts[-1])):
        _finish(ready, folder.parent)


def _finish(ready: Path, parent: Path) -> None:
    parts = sorted(os.listdir(ready))
    if len(parts) > 1:
        last = _place(parent, parts[-1])
        if os.path.lexists(last):
            aside = ready.with_name(uuid.uuid4().hex)
            os.replace(last, aside)
            try:
                _replace(ready / parts[0], _place(parent, parts[0]))
            except OSError:
                os.replace(aside, last)
                raise
            del parts[0]
    for part in parts:
        _replace(ready / part, _place(parent, part))


def _place(parent: Path, part: str) -> Path:
    return parent / part.partition(".")[2]


def _replace(source: Path, target: Path) -> None:
    if not _moved(source, target):
        aside = source.parent.with_name(uuid.uuid4().hex)
        os.replace(target, aside)
        try:
            os.replace(source, target)
        except OSError:
            os.replace(aside, target)
            raise


def _moved(source: Path, target: Path) -> bool:
    """Move a file or folder in one step; return False if the system cannot."""
    is_folder = target.is_dir() and not target.is_symlink()
    if os.path.lexists(target) and (source.is_dir() or is_folder):
        return exchange(source, target)
    os.replace(source, target)
    return True


def _enter(folder: Path) -> tuple[int, bool]:
    """Lock a folder; return the open lock file, and whether the lock is exclusive.

    Raises:
        BusyError: The folder is locked.
        FileNotFoundError: The folder has been removed.
    """
    path = folder / _LOCK
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    lock = os.open(path, flags, 0o666)
    try:
        is_sure = lock_file(lock)
        if not os.path.samestat(os.fstat(lock), os.stat(path)):
            raise FileNotFoundError(errno.ENOENT, "removed meanwhile", str(path))
    except OSError:
        os.close(lock)
        raise
    return lock, is_sure


def _busy(folder: Path, only: str) -> BusyError:
    try:
        pid = (folder / _LOCK).read_bytes().decode("ascii", "replace")
    except OSError:  # the process has just ended
        pid = ""
    who = f" (pid {pid})" if re.fullmatch(r"[0-9]{1,10}", pid) else ""
    return BusyError(
        errno.EBUSY,
        f"another process{who} is writing this file. Wait for it, or stop it; if there "
        f"is none, delete the hidden folder {folder}. The file",
        str(folder.parent / only),
    )
