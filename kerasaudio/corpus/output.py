"""The output folder: blocks of results, committed one after the other.

    out/part-000/000012-ID.parquet           rows: `out` is a Parquet data set
    out/_errors/part-000/000012-ID.parquet   errors: `out/_errors` is another
    out/_settings.json                       what the rows were computed with
    out/_ledger                              which blocks are committed
    out/.kerasaudio-0123456789abcdef/        the lock, and files being written

A file is written in the hidden folder, moved to its place, and then the ledger gets its
record. What is there without a record was left by a killed run, and is removed.
"""

import contextlib
import json
import os
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerasaudio.corpus.blocks import write_errors, write_rows
from kerasaudio.corpus.clips import Clip
from kerasaudio.corpus.ledger import Block, Ledger, Part
from kerasaudio.corpus.seen import Seen
from kerasaudio.corpus.tasks import Result
from kerasaudio.files.system import sync
from kerasaudio.files.whole_file import write_text
from kerasaudio.files.workplace import BusyError, workplace

ERRORS = "_errors"
_LEDGER, _SETTINGS, _LOCK = "_ledger", "_settings.json", "_corpus"
_FILE = re.compile(r"\d{6,}-[0-9a-f]{32}\.parquet")
_FILES_A_FOLDER = 1000
_SHOWN, _LONGEST = 3, 60  # settings in a message, and characters of each
BLOCK_CLIPS = 512
_BLOCK_ROWS = 16_384
_BLOCK_SECONDS = 60.0  # of work that a killed process loses, at most


@contextlib.contextmanager
def opened_output(
    out: Path, facts: Mapping[str, Any], constants: Mapping[str, str]
) -> Iterator["Output"]:
    """Open an output folder for one run, and create it if needed.

    Args:
        out: The folder.
        facts: What determines the results, JSON-ready; the first run's are kept.
        constants: Columns with the same text in every row.

    Raises:
        FileExistsError: The folder holds something else, or results of other settings.
        ValueError: The folder is damaged, or has files of others in it.
        OSError: Another run writes to it, or it cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        with workplace(out, only=_LOCK) as place:
            _check_settings(out, facts)
            ledger = Ledger(out / _LEDGER)
            try:
                yield Output(out, place.folder, ledger, str(facts["task"]), constants)
            finally:
                ledger.close()
    except BusyError as error:
        pid = re.search(r"\(pid \d+\)", str(error))
        raise BusyError(
            error.errno,
            f"another run{f' {pid[0]}' if pid else ''} writes its results to this "
            "folder. Wait for it, stop it, or use another folder",
            str(out),
        ) from None


class Output:
    """An output folder that is open for one run."""

    def __init__(
        self,
        out: Path,
        temporary: Path,
        ledger: Ledger,
        task: str,
        constants: Mapping[str, str],
    ) -> None:
        """Read what is there, and remove what was not committed."""
        self.path = out
        self._temporary = temporary
        self._ledger = ledger
        self._task = task
        self._constants = constants
        self._held: list[Result] = []
        self._rows = 0
        self._since = time.monotonic()
        self._seen = Seen()
        self._remove_uncommitted()
        for block in ledger.blocks:
            for part in block.parts.values():
                if part.is_whole(out):
                    self._seen.update(part.digests)
        self.known = len(self._seen)

    def forget_errors(self) -> None:
        """Let clips with errors be tried again."""
        for folder, _, names in os.walk(self.path / ERRORS):
            for name in names:
                os.unlink(os.path.join(folder, name))
        self._seen = Seen()
        for block in self._ledger.blocks:
            part = block.parts.get("rows")
            if part is not None and part.is_whole(self.path):
                self._seen.update(part.digests)
        self.known = len(self._seen)

    def is_new(self, clip: Clip) -> bool:
        """Return whether a clip is neither committed nor was asked for before."""
        return self._seen.add(clip.digest)

    def add(self, result: Result) -> None:
        """Add a result; from time to time, a block of them is committed.

        Raises:
            OSError: The block cannot be written; the blocks before are kept.
        """
        self._held.append(result)
        self._rows += len(result.rows)
        is_full = len(self._held) >= BLOCK_CLIPS or self._rows >= _BLOCK_ROWS
        if is_full or time.monotonic() - self._since > _BLOCK_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Commit what was added and is not committed yet.

        Raises:
            OSError: It cannot be written; it is not committed then.
        """
        held, self._held, self._rows = self._held, [], 0
        self._since = time.monotonic()
        if not held:
            return
        held.sort(key=lambda r: (r.clip.path, r.clip.offset or 0, r.clip.start or 0.0))
        number = len(self._ledger.blocks)
        name = f"{number:06}-{uuid.uuid4().hex}.parquet"
        folder = f"part-{number // _FILES_A_FOLDER:03}"
        good = [result for result in held if result.error is None]
        bad = [result for result in held if result.error is not None]
        parts = {}
        try:
            if good:
                made = self._temporary / name
                rows = write_rows(made, good, self._task, self._constants)
                parts["rows"] = self._placed(made, f"{folder}/{name}", rows, good)
            if bad:
                made = self._temporary / name
                rows = write_errors(made, bad)
                place = f"{ERRORS}/{folder}/{name}"
                parts["errors"] = self._placed(made, place, rows, bad)
            self._ledger.add(
                Block(
                    parts,
                    sum(result.seconds for result in good),
                    sum(result.clip.size for result in good),
                    dict(Counter(str(result.kind) for result in bad)),
                )
            )
        except OSError as error:
            raise type(error)(
                error.errno,
                f"the results cannot be written: {error.strerror or error}. What was "
                "written before is kept; when there is space, the same call resumes",
                str(self.path),
            ) from error

    def _placed(self, made: Path, place: str, rows: int, results: list[Result]) -> Part:
        digests = b"".join(result.clip.digest for result in results)
        if not rows:
            return Part(None, 0, 0, digests)
        sync(made)
        size = made.stat().st_size
        target = self.path / place
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(made, target)
        return Part(place, size, rows, digests)

    def _remove_uncommitted(self) -> None:
        parts = [p for block in self._ledger.blocks for p in block.parts.values()]
        whole = {part.file for part in parts if part.is_whole(self.path)}
        damaged = {part.file for part in parts} - whole
        # A killed run leaves at most the files of the block that it was committing.
        following = f"{len(self._ledger.blocks):06}-"
        for path in sorted(self.path.rglob("*.parquet")):
            place = path.relative_to(self.path).as_posix()
            if place in whole or place.startswith("."):
                continue
            ours = _FILE.fullmatch(path.name) is not None
            if place in damaged or (ours and path.name.startswith(following)):
                path.unlink()
                continue
            why = (
                f"is not in the list of blocks, {_LEDGER}, which is damaged or missing"
                if ours
                else "is not a file of these results, and its columns would mix"
            )
            raise ValueError(
                f"{str(path)!r} {why}. Move it away, or use another folder for the "
                "results."
            )

    def totals(self) -> dict[str, Any]:
        """Return the numbers of all that is committed and there."""
        total: Counter[str] = Counter(clips=0, rows=0, seconds=0, bytes=0)
        kinds: Counter[str] = Counter()
        for block in self._ledger.blocks:
            rows, errors = block.parts.get("rows"), block.parts.get("errors")
            if rows is not None and rows.is_whole(self.path):
                clips = rows.clips
                total.update(clips=clips, rows=rows.rows, bytes=block.bytes)
                total["seconds"] += block.seconds  # type: ignore[assignment]
            if errors is not None and errors.is_whole(self.path):
                kinds.update(block.kinds)
        return {**total, "failed": dict(sorted(kinds.items()))}


def _check_settings(out: Path, facts: Mapping[str, Any]) -> None:
    path = out / _SETTINGS
    wanted = json.loads(json.dumps(dict(facts)))
    if not path.exists():
        others = [name for name in os.listdir(out) if not name.startswith(".")]
        if others:
            raise FileExistsError(
                f"{str(out)!r} holds something else, such as {sorted(others)[0]!r}. "
                "Use a new folder, or one that a run with these settings began."
            )
        write_text(path, json.dumps(wanted, indent=1) + "\n")
        return
    try:
        there = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{str(path)!r} is damaged. Use another folder.") from error
    differ = [
        f"{name} {_short(there.get(name))} instead of {_short(wanted.get(name))}"
        for name in dict.fromkeys([*wanted, *there])
        if there.get(name) != wanted.get(name) and name != "fingerprint"
    ]
    if differ or there.get("fingerprint") != wanted.get("fingerprint"):
        told = "; ".join(differ[:_SHOWN]) or "another network"
        raise FileExistsError(
            f"{str(out)!r} holds results of other settings: {told}. Use another "
            "folder, or the same settings."
        )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
