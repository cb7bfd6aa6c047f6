"""One pass over a list of files: stored vectors are read, the others are computed."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from kerasaudio.features.rows import Failed, Plan, Rows
from kerasaudio.features.store import Store
from kerasaudio.files.file_state import FileState
from kerasaudio.files.progress import hidden

Compute = Callable[[Sequence[Path]], Iterator[tuple[Path, Rows | Failed]]]


@dataclass(frozen=True)
class Written:
    """Result of `FeatureExtractor.write`.

    Attributes:
        path: Path of the table.
        files: Number of files in the table.
        rows: Number of rows in the table.
        computed: Number of files whose vectors were computed by this call; the others
            were stored by an earlier call.
        failed: Files without rows, with the reasons.
    """

    path: Path
    files: int
    rows: int
    computed: int
    failed: tuple[Failed, ...]


class Run:
    """The files, their state, and the store that keeps their rows."""

    def __init__(self, store: Store, paths: Sequence[Path], compute: Compute) -> None:
        """Find the state of each file and whether its rows are stored."""
        self._store = store
        self._compute = compute
        self._states: dict[Path, FileState] = {}
        self._failed: dict[Path, Failed] = {}
        self._paths = paths
        for path in paths:
            try:
                self._states[path] = FileState.of(path)
            except OSError as error:
                self._failed[path] = Failed(path, str(error))
        self._missing = [
            path for path, state in self._states.items() if store.rows_of(state) is None
        ]
        self.computed = len(self._missing)

    def complete(self, progress: bool | None) -> None:
        """Compute and store the missing rows.

        Args:
            progress: Whether to show a progress bar; None for only on terminals and in
                notebooks.

        Raises:
            OSError: The store cannot be written; rows computed before are in it.
        """
        if not self._missing:
            return
        self._store.open_log()
        with tqdm(
            total=len(self._paths),
            initial=len(self._paths) - len(self._missing),
            unit="clip",
            unit_scale=False,
            desc="embedding",
            disable=hidden(progress),
        ) as bar:
            for path, result in self._compute(self._missing):
                self._keep(path, result)
                bar.update()
        self.computed = sum(path not in self._failed for path in self._missing)

    def _keep(self, path: Path, result: Rows | Failed) -> None:
        if isinstance(result, Failed):
            self._failed[path] = result
        else:
            self._store.add(self._states[path], result)

    def plan(self, origin: Mapping[str, Any], width: int) -> Plan:
        """Return the plan for a table of all files."""
        digest = hashlib.sha256()
        rows = longest = 0
        for path in self.good:
            state = self._states[path]
            rows += self._store.rows_of(state) or 0
            longest = max(longest, len(str(path)))
            digest.update(repr((str(path), state)).encode(errors="backslashreplace"))
        contents = digest.hexdigest()
        return Plan(longest, rows, width, self.failed, origin, contents)

    @property
    def good(self) -> list[Path]:
        """The files that have rows, in the order given."""
        return [path for path in self._paths if path not in self._failed]

    @property
    def failed(self) -> tuple[Failed, ...]:
        """The files that have no rows, in the order given."""
        return tuple(self._failed[p] for p in self._paths if p in self._failed)

    def pieces(self) -> Iterator[tuple[Path, Rows]]:
        """Yield the rows of each good file, in the order given.

        Raises:
            OSError: Stored rows were damaged and cannot be computed again.
        """
        for path in self.good:
            rows = self._store.get(self._states[path])
            if rows is None:  # the stored bytes have changed
                ((_, result),) = self._compute([path])
                if isinstance(result, Failed):
                    raise OSError(
                        f"{str(path)!r} changed in the meantime: {result.error}"
                    )
                self._keep(path, result)
                rows = result
            yield path, rows
