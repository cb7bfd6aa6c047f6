"""FeatureExtractor: the output of a model's layer as vectors of sounds."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio import version
from kerasaudio.arguments import whole_number
from kerasaudio.audio import find_audio
from kerasaudio.audio.errors import check_errors
from kerasaudio.core import AudioModel, in_half
from kerasaudio.core.audio_input import clips_given
from kerasaudio.core.audio_model import Audio
from kerasaudio.core.windowed import scored
from kerasaudio.features.fingerprint import fingerprint, weights_hash
from kerasaudio.features.pipeline import embed_files, usual_readers
from kerasaudio.features.pool import POOLS, Pool, Pooled
from kerasaudio.features.rows import Failed, Rows
from kerasaudio.features.run import Run, Written
from kerasaudio.features.store import Store
from kerasaudio.features.table import Features, check_out, write
from kerasaudio.files.cache import cache_folder
from kerasaudio.loading import load
from kerasaudio.models import FACTORIES

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]

# Beyond this many seconds of sound, larger batches only take more memory on CPUs.
_BATCH_SECONDS = 40
_LARGEST_BATCH = 32


class FeatureExtractor:
    """Turn sounds into vectors: any layer of a model, over time or averaged.

    Long audio is cut into windows as by `model.embed`, or `hop_seconds` apart. Vectors
    of files are kept on disk under a hash of the model, its weights and these settings.
    The same call reads them again; another model or version of kerasaudio does not, and
    a file that changed is computed again. A killed process loses nothing.

    Args:
        model: An `AudioModel`; a factory such as `kerasaudio.MusiCNN`, for its
            published weights; or a name such as "MusiCNN/mtat" or "mine.keras".
        layer: Name of a layer, or a list of names, whose vectors are concatenated.
            Outputs with time (and frequency) axes are averaged over these axes.
        window_seconds: Length of a window in seconds; None for the model's own. Only
            networks of any length (`spec.clip_samples` is None) accept other lengths.
            If given, shorter clips are padded to it; otherwise such networks process
            them at their own length, and jax compiles the network for each length.
        hop_seconds: Time from the start of a window to the next, in seconds; None for
            the model's own, or for windows side by side if `window_seconds` is given.
        pool: "mean" (weighted by the windows' weights, see `AudioSpec.rest`) or "max"
            over the windows of a clip; None for one row per window, a hop apart.
        batch_size: Number of windows in a batch; None for about 40 s of sound, at most
            32 windows.
        cache: Folder for computed vectors; None for `features` in the cache folder of
            kerasaudio (see KERASAUDIO_CACHE). You can delete it at any time.
        errors: As for `load_audio`. With "salvage", a truncated file gives the vectors
            of the part that can be decoded, with an `AudioWarning` when they are
            computed. They are kept apart from those of complete files.
        dtype: "bfloat16" or "float16" to compute the network in half precision; see
            `AudioModel.tag`. The vectors are float32, and are kept apart from others.

    Attributes:
        model: The `AudioModel`.
        network: The network from waveforms to the vectors of windows.
        spec: Spec of the model, with the windows of these settings.
        pool: As passed.
        batch_size: Number of windows in a batch.
        width: Number of features.
        origin: Facts that are written into tables: model, layer, pool, window_seconds,
            hop_seconds, rule (see `AudioSpec.rule`), sample_rate, weights_hash,
            kerasaudio (version), and dtype if it was passed.

    Raises:
        ValueError: A name, layer or pool is unknown, or the network does not accept the
            length.
        OSError: The weights are unavailable.

    Examples:
        >>> extractor = kerasaudio.FeatureExtractor("MusiCNN/mtat")
        >>> extractor("song.wav").shape
        (200,)
        >>> extractor.extract("sounds")
        Features(3 x 200, files=3, failed=0)
        >>> extractor.write("sounds", "sounds.npz").rows
        3
    """

    def __init__(
        self,
        model: AudioModel | Callable[..., AudioModel] | str | PathLike[str],
        layer: str | Sequence[str] = "embedding",
        *,
        window_seconds: float | None = None,
        hop_seconds: float | None = None,
        pool: Pool = "mean",
        batch_size: int | None = None,
        cache: str | PathLike[str] | None = None,
        errors: str = "raise",
        dtype: str | None = None,
    ) -> None:
        if pool not in POOLS:
            raise ValueError(f"pool must be one of {POOLS}. Received: {pool!r}.")
        if batch_size is not None:
            batch_size = whole_number(batch_size, "batch_size")
        self.model = as_model(model)
        self._layers = [layer] if isinstance(layer, str) else list(layer)
        self._dtype = dtype
        self.network = in_half(self.model, dtype, self._layers)
        self.spec = self.model.spec.with_windows(window_seconds, hop_seconds)
        if pool is None:
            self.spec = self.spec.over_time()
        self.pool: Pool = pool
        self.batch_size = batch_size or usual_batch_size(self.spec.window_seconds)
        self._errors = check_errors(errors)
        self._cache = None if cache is None else Path(cache)
        self.width = int(self.network.output_shape[-1])

    @property
    def origin(self) -> dict[str, Any]:
        """Facts that determine the vectors; the weights are hashed at each access."""
        spec = self.spec
        facts = {
            "layer": self._layers,
            "pool": self.pool,
            "window_seconds": spec.window_seconds,
            "hop_seconds": spec.hop_seconds,
            "rule": asdict(spec.rule),
            "sample_rate": spec.sample_rate,
            "weights_hash": weights_hash(self.model),
            "kerasaudio": version.__version__,
        }
        if self._dtype is not None:
            facts["dtype"] = self._dtype
        name = spec.preset or spec.architecture or self.model.name
        return {
            "model": name,
            **facts,
            "fingerprint": fingerprint(self.model, facts),
        }

    def __call__(
        self, audio: Audio | Iterable[Audio], sample_rate: int | None = None
    ) -> Any:
        """Turn one sound or a list of sounds into vectors; nothing is kept on disk.

        Args:
            audio: A path, or a mono waveform (samples,) of floats in [-1, 1]; or a list
                of either. For other forms see `AudioModel.tag`.
            sample_rate: Sample rate of waveforms in Hz; not needed for files.

        Returns:
            float32 (features,); for a list, (clips, features). With pool=None,
            (windows, features); for a list, a list of these.

        Raises:
            ValueError: The audio is unusable: sample rate missing or wrong, stereo,
                integers, NaN, empty, shorter than 50 ms.
            OSError: A file is missing or cannot be decoded.
        """
        several, clips = clips_given(audio, sample_rate)
        rows = [self.timeline(*clip).vectors for clip in clips]
        each: Any = rows if self.pool is None else np.concatenate(rows)
        return each if several else each[0]

    def timeline(self, audio: Audio, sample_rate: int | None = None) -> Rows:
        """Return the vectors of one sound with their times.

        Returns:
            `vectors`, float32 (rows, features), `starts` and `ends` in seconds; one row
            per window with pool=None, otherwise one row.

        Raises:
            ValueError, OSError: As when called.
        """
        pooled = Pooled(self.pool, self.spec.sample_rate)
        for batch, vectors in scored(
            self.network,
            self.spec,
            audio,
            sample_rate,
            self._errors,
            self.batch_size,
        ):
            for vector, window in zip(vectors, batch, strict=True):
                pooled.add(vector, window)
        return pooled.rows()

    def extract(self, paths: Paths, *, progress: bool | None = None) -> Features:
        """Turn files and folders into a table of vectors in memory.

        Threads decode while the network runs, and windows of many files share batches.
        If it was stopped (or killed), the next call resumes where it was.

        Args:
            paths: A file, a folder (searched recursively, see `find_audio`), or several
                of either.
            progress: Whether to show a progress bar; None for only on terminals
                and in notebooks.

        Returns:
            The vectors with paths and times, and the files that could not be used.

        Raises:
            ValueError: A folder has no audio, or there are no paths.
            OSError: A path is missing, or the cache cannot be written.
        """
        origin = self.origin
        with self._store(origin) as store:
            work = Run(store, find_audio(paths), self._compute)
            work.complete(progress)
            files, rows = [], []
            for path, found in work.pieces():
                files += [path] * len(found.vectors)
                rows.append(found)
        if not rows:
            nothing = np.zeros(0)
            empty = np.zeros((0, self.width), "float32")
            return Features(empty, (), nothing, nothing, work.failed, origin)
        return Features(
            np.concatenate([found.vectors for found in rows]),
            tuple(files),
            np.concatenate([found.starts for found in rows]),
            np.concatenate([found.ends for found in rows]),
            work.failed,
            origin,
        )

    def write(
        self,
        paths: Paths,
        out: str | PathLike[str],
        *,
        overwrite: bool = False,
        progress: bool | None = None,
    ) -> Written:
        """Turn files and folders into a table on disk, with bounded memory.

        The table appears only when it is complete. An existing table of the same model
        and settings is updated; any other file is kept unless `overwrite` is True.

        Args:
            paths: As for `extract`.
            out: Path of a .npz or .parquet file.
            overwrite: Whether to replace `out` if it holds something else.
            progress: As for `extract`.

        Returns:
            Path and size of the table, and the files that could not be used.

        Raises:
            ValueError: A folder has no audio, there are no paths, or the suffix is
                unknown.
            FileExistsError: `out` holds something else.
            OSError: A path is missing; `out` or the cache cannot be written.
            ImportError: Parquet needs pyarrow, which is not installed.
        """
        origin = self.origin
        table = check_out(out, origin, overwrite)
        with self._store(origin) as store:
            work = Run(store, find_audio(paths), self._compute)
            work.complete(progress)
            plan = work.plan(origin, self.width)
            write(table, plan, work.pieces())
        return Written(table, len(work.good), plan.rows, work.computed, work.failed)

    def _store(self, origin: dict[str, Any]) -> Store:
        base = self._cache or cache_folder() / "features"
        name = str(origin["fingerprint"])[:32]
        return Store(base / (name if self._errors == "raise" else f"{name}-salvaged"))

    def _compute(self, paths: Sequence[Path]) -> Iterator[tuple[Path, Rows | Failed]]:
        return embed_files(
            self.network,
            self.spec,
            paths,
            pool=self.pool,
            batch_size=self.batch_size,
            readers=usual_readers(),
            errors=self._errors,
        )


def as_model(
    model: AudioModel | Callable[..., AudioModel] | str | PathLike[str],
) -> AudioModel:
    """Return the model that is passed, made or named; see `FeatureExtractor`."""
    if isinstance(model, AudioModel):
        return model
    for name, factory in FACTORIES.items():
        if model is factory:
            return load(name)
    if isinstance(model, str | PathLike):
        return load(model)
    raise ValueError(
        "model must be a model of kerasaudio, one of its factories, or a name such as "
        f"'MusiCNN/mtat'. Received: {type(model).__name__}."
    )


def usual_batch_size(window_seconds: float) -> int:
    """Return the number of windows of about 40 s of sound, a power of two."""
    fitting = max(1, min(_LARGEST_BATCH, int(_BATCH_SECONDS / window_seconds)))
    return 1 << (fitting.bit_length() - 1)
