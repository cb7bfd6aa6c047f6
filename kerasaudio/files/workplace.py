"""A hidden folder beside a target, where a process makes what it then moves there.

PARENT/.kerasaudio-0123456789abcdef/lock   locked while its process lives; says its id
PARENT/.kerasaudio-0123456789abcdef/ready  what is being moved: 0.FIRST, 1.LAST

The system lets go of the lock when the process ends, killed or not. Whoever works in
PARENT next finishes a move that had begun, and removes the rest.
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
_WAIT_SECONDS = 1.0  # for whoever looks whether a folder is a dead one's


class Workplace:
    """What `workplace` gives.

    Attributes:
        folder: To make things in; it is removed with all that is in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, *made: Path) -> None:
        """Move what was made here beside the folder, under the names it has.

        One file or folder is replaced in one step, where the system can (else there
        is nothing for a moment). Of several files the last, which leads to the others,
        is away until they are all in place: nobody who starts from it meets a mixture.

        Raises:
            OSError: It cannot be moved.
        """
        for path in made:
            sync(path)
        if len(made) == 1 and _moved(made[0], self.folder.parent / made[0].name):
            return  # what was replaced is removed with the folder
        almost = self.folder / uuid.uuid4().hex
        almost.mkdir()
        for number, path in enumerate(made):
            os.replace(path, almost / f"{number}.{path.name}")
        ready = self.folder / _READY
        os.replace(almost, ready)
        _finish(ready, self.folder.parent)
        os.replace(ready, almost)  # what was replaced may be in it


@contextlib.contextmanager
def workplace(parent: Path, only: str | None = None) -> Iterator[Workplace]:
    """Make a folder to work in, and remove what dead processes left of theirs.

    Args:
        parent: Where it is made: beside the target.
        only: Name of a target that nobody else works at meanwhile; None for any.

    Raises:
        BusyError: Someone else works at `only`.
        OSError: The folder cannot be made.
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
    """Make a folder in the system's one for temporary files, for this user only.

    Raises:
        OSError: It cannot be made.
    """
    parent = Path(tempfile.gettempdir())
    remove_dead(parent)
    folder, lock = _begin(parent, None, 0o700)
    try:
        yield folder
    finally:
        _end(folder, lock)


def remove_dead(parent: Path) -> None:
    """Remove what dead processes left in a folder; finish the moves that had begun.

    What belongs to another user, or cannot be removed, stays.
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
    except OSError:  # missing, or not to be read: then there is nothing to do
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
        except FileNotFoundError:  # it was just taken for a dead one's, or ended
            if time.monotonic() - since > _WAIT_SECONDS:
                raise  # a link that leads to nothing
            continue
        except PermissionError:
            if is_new:
                raise
            raise _busy(folder, str(only)) from None  # another user's
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
    """Remove a folder of this process, and let go of its lock."""
    grave = folder.with_name(f"{_PREFIX}{uuid.uuid4().hex[:_DIGITS]}")
    if sys.platform == "win32":  # what holds an open file cannot be renamed there
        os.close(lock)
    try:
        # Under another name first: of its own, someone may make a new one at once.
        os.replace(folder, grave)
        shutil.rmtree(grave, ignore_errors=True)
    except OSError:
        pass  # the next process removes it
    finally:
        if sys.platform != "win32":
            os.close(lock)


def _bury(folder: Path, lock: int) -> None:
    """Finish what a dead process had begun to move, and remove its folder."""
    try:
        _recover(folder)
    except OSError:  # it may hold the only copy: it stays
        os.close(lock)
        raise
    _end(folder, lock)


def _recover(folder: Path) -> None:
    ready = folder / _READY
    parts = sorted(os.listdir(ready)) if ready.is_dir() else []
    # Where the last part's place is taken, nothing had begun, or all was done.
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
    """Move a file or folder in one step; False where the system cannot."""
    is_folder = target.is_dir() and not target.is_symlink()
    if os.path.lexists(target) and (source.is_dir() or is_folder):
        return exchange(source, target)
    os.replace(source, target)
    return True


def _enter(folder: Path) -> tuple[int, bool]:
    """Lock a folder: give the open lock, and whether nobody else can have it.

    Raises:
        BusyError: It is locked.
        FileNotFoundError: It has been removed.
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
    except OSError:  # it has just ended
        pid = ""
    who = f" (pid {pid})" if re.fullmatch(r"[0-9]{1,10}", pid) else ""
    return BusyError(
        errno.EBUSY,
        f"another process{who} is writing this file. Wait for that one, or end it; if "
        f"there is none, delete the hidden folder {folder}. The file",
        str(folder.parent / only),
    )
