"""An index on disk: millions of vectors, searched approximately, in little memory."""

import threading
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

from numpy.typing import ArrayLike

from kerasaudio.arguments import whole_number
from kerasaudio.files.workplace import workplace
from kerasaudio.similarity.disk.added import Added
from kerasaudio.similarity.disk.codes import check_faiss, faiss_version
from kerasaudio.similarity.disk.data_set import changes, default_folder
from kerasaudio.similarity.disk.manifest import Manifest, StaleIndexError, check_free
from kerasaudio.similarity.disk.part import CANDIDATES, PROBES
from kerasaudio.similarity.disk.state import State
from kerasaudio.similarity.disk.store import open_parts, write_added
from kerasaudio.similarity.distances import check_metric, check_queries, check_vectors
from kerasaudio.similarity.neighbor import paths_of, times_of

_AT_ONCE = 256  # queries


class DiskIndex:
    """Find the nearest of millions of vectors in a Parquet data set, approximately.

    `Index` is exact and holds all vectors in memory. This one holds a code of 2 bits
    for each feature (faiss' IndexIVFRaBitQ, the extra ``[faiss]``). Candidates are
    found by their codes, read from the disk and compared exactly: distances are exact,
    but now and then a near vector is missing. The recall (the fraction of the true k
    nearest that is found) on your vectors is the overlap of ``nearest(queries, k)`` and
    ``nearest(queries, k, exact=True)``; docs/results/search.md has figures.

    The index is a folder in the data set (``_index``), or beside a single file
    (``_NAME.parquet.index``), which readers of Parquet skip. It contains a copy of the
    vectors and a manifest. All that is read is checked against checksums, and nothing
    is unpickled; like the data set itself, take it only from people you trust. Threads
    can share an index, also while one of them adds to it.

    Args:
        data: A Parquet file, or a folder of such files, which has an index.
        folder: Folder of the index; None for that of `data`.

    Raises:
        FileNotFoundError: The data set is missing, or has no index: see `build`.
        StaleIndexError: The data set has changed since; it is a ValueError.
        ValueError: The index is damaged, or has a newer format.
        ImportError: faiss is not installed, or too old.

    Examples:
        >>> extractor = kerasaudio.FeatureExtractor("BarkNet/esc10")
        >>> extractor.write("sounds", "barks.parquet").rows
        3
        >>> index = kerasaudio.similarity.DiskIndex.build("barks.parquet")
        >>> index
        DiskIndex(3 x 128, metric='cosine')
        >>> found = index.nearest(extractor("sounds/bark.wav"), k=1)[0]
        >>> found.path, found.start, found.end
        ('sounds/bark.wav', 0.0, 2.0)
    """

    def __init__(
        self, data: str | PathLike[str], *, folder: str | PathLike[str] | None = None
    ) -> None:
        check_faiss()
        self._data = Path(data)
        self._folder = default_folder(data) if folder is None else Path(folder)
        if not self._data.exists():
            raise FileNotFoundError(
                f"There is no file or folder named {str(self._data)!r}."
            )
        try:
            self._manifest, parts = open_parts(self._folder)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(
                f"There is no index for {str(self._data)!r} in {str(self._folder)!r}. "
                "Make one with similarity.DiskIndex.build(...)."
            ) from error
        if told := changes(self._data, self._manifest.sources):
            raise StaleIndexError(
                f"{str(self._data)!r} has changed since it was indexed: {told}. Build "
                "the index again with similarity.DiskIndex.build(...)."
            )
        self._adding = threading.Lock()  # for the state
        self._saving = threading.Lock()
        self._state = State(self.metric, parts, Added.nothing(self.width))
        self._check_codes()

    @classmethod
    def build(
        cls,
        data: str | PathLike[str],
        *,
        metric: str = "cosine",
        folder: str | PathLike[str] | None = None,
        overwrite: bool = False,
        progress: bool | None = None,
    ) -> Self:
        """Index a data set, unless it is done already, and open the index.

        The index appears when it is complete: if the process is killed, there is none,
        or the one before. Memory is bounded: a sample, and the codes. An index of the
        same metric is kept as long as the data set is the same.

        Args:
            data: A Parquet file as written by `FeatureExtractor.write`, or a folder of
                them, searched recursively; names that begin with ``_`` or ``.`` are
                skipped. Columns are path and embedding (lists of float32 of a fixed
                length); start, end, model and weights_hash are read if they are there.
            metric: "cosine" or "euclidean".
            folder: Folder of the index, for data sets that cannot be written to, or a
                second metric; None for one in or beside `data`.
            overwrite: Whether to drop vectors that were added and saved.
            progress: Whether to show a progress bar; None for only on terminals and in
                notebooks.

        Raises:
            ValueError: A file has other columns, is damaged, or has vectors of another
                model, NaN, or (with cosine) length 0; or it changes meanwhile.
            FileExistsError: The index has vectors that were added and saved, or the
                folder contains something else.
            BusyError: Another process builds this index; it is an OSError.
            OSError: A file cannot be read or written.
            ImportError: faiss or pyarrow is not installed.
        """
        check_metric(metric)
        home = default_folder(data) if folder is None else Path(folder)
        if not overwrite:
            try:
                index = cls(data, folder=folder)
            except (ValueError, FileNotFoundError):
                pass  # it is built again, or for the first time
            else:
                if index.metric == metric:
                    return index
        check_free(home, overwrite)
        from kerasaudio.similarity.disk.build import build  # which needs Keras

        build(Path(data), home, metric, progress)
        return cls(data, folder=folder)

    @property
    def metric(self) -> str:
        """The metric: "cosine" or "euclidean"."""
        return self._manifest.metric

    @property
    def width(self) -> int:
        """Number of features of the vectors."""
        return self._manifest.width

    @property
    def folder(self) -> Path:
        """Folder of the index."""
        return self._folder

    @property
    def origin(self) -> Mapping[str, Any]:
        """Facts about the model that made the vectors, as far as the data set has them.

        Such as model and weights_hash. A query must come from the same model.
        """
        return self._manifest.origin

    def __len__(self) -> int:
        """Return the number of vectors, with those that were added."""
        return self._state.rows

    def __repr__(self) -> str:
        """Return the size and the metric in one line."""
        size = f"{len(self)} x {self.width}"
        return f"{type(self).__name__}({size}, metric={self.metric!r})"

    def nearest(
        self,
        query: ArrayLike,
        k: int = 5,
        *,
        candidates: int | None = None,
        probes: int = PROBES,
        exact: bool = False,
    ) -> list[Any]:
        """Find the vectors nearest to a query, almost always.

        Args:
            query: One vector (features,), or several (queries, features); also the
                vector of a sentence, if the vectors are those of a CLAP.
            k: Number of vectors to find, at most the size of the index.
            candidates: Number of vectors to compare exactly; None for 100, or 4 times
                `k` if that is more.
            probes: Number of lists, of about the square root of the size, to look at.
                More `candidates` and `probes` find more of the nearest, more slowly.
            exact: Whether to read and compare all vectors instead: slow, but exact.

        Returns:
            `Neighbor` objects, nearest first; for several queries a list of such lists.
            Positions and ids follow the sorted names of the files, and their rows.

        Raises:
            ValueError: `k` is larger than the index, or the query has another width,
                NaN, or (with cosine) length 0; or a row that is read is damaged.
            OSError: The disk fails.
        """
        state = self._state
        rows, number, single = check_queries(
            query, k, state.rows, self.width, self.metric
        )
        if candidates is None:
            candidates = max(CANDIDATES, 4 * number)
        wanted = max(number, whole_number(candidates, "candidates"))
        lists = whole_number(probes, "probes")
        results = []
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            results += state.nearest(some, number, wanted, lists, exact)
        return results[0] if single else results

    def add(
        self,
        vectors: ArrayLike,
        *,
        paths: Sequence[str | PathLike[str]] | None = None,
        starts: Sequence[float] | None = None,
        ends: Sequence[float] | None = None,
    ) -> None:
        """Add vectors; searches that begin from now on find them.

        They are in memory, and compared exactly, until `save` writes them to the
        index; they do not become part of the data set.

        Args:
            vectors: Vectors of the same model, (rows, features).
            paths: File of each row; None if unknown.
            starts: Start of each row's sound in its file, in seconds; None if unknown.
            ends: End of each row's sound in its file, in seconds; None if unknown.

        Raises:
            ValueError: Vectors are unusable (another width, NaN, length 0 with cosine);
                paths or times have another number or type. Nothing is added then.
        """
        rows = check_vectors(vectors, self.metric, width=self.width)
        size = len(rows)
        files = [None] * size if paths is None else paths_of(paths, size)
        times = times_of(starts, size, "starts"), times_of(ends, size, "ends")
        with self._adding:
            longer = self._state.added.longer(rows, files, *times)
            self._state = self._state._replace(added=longer)

    def save(self) -> None:
        """Write the vectors that were added to the index, completely or not at all.

        All vectors that were ever added are one part on disk, which is written anew.
        Nothing is written if none were added.

        Raises:
            ValueError: Another process has saved to this index, or built it again,
                since it was opened.
            BusyError: Another process is doing so; it is an OSError.
            OSError: A file cannot be written; what was added is kept in memory.
        """
        with self._saving:
            state = self._state
            if not state.added.rows:
                return
            with workplace(self._folder.parent, only=self._folder.name) as place:
                if Manifest.read(self._folder) != self._manifest:
                    raise ValueError(
                        f"Another process has changed {str(self._folder)!r} since it "
                        "was opened. Open it again, and add what is missing."
                    )
                self._manifest, part = write_added(
                    state, self._manifest, self._folder, place.folder
                )
            with self._adding:
                left = self._state.added.without_first(state.added.rows)
                parts = (state.parts[0], part)
                self._state = State(self.metric, parts, left)

    def _check_codes(self) -> None:
        """Raise unless this version of faiss reads codes as the one that made them."""
        now, then = faiss_version(), self._manifest.faiss
        if now != then and not all(part.finds_itself() for part in self._state.parts):
            raise ValueError(
                f"The index in {str(self._folder)!r} was made with faiss {then}, whose "
                f"codes faiss {now} reads in another way. Build it again with "
                "overwrite=True."
            )
