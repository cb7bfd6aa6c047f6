"""What is computed of each clip: vectors, tags or events, as rows of a table."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kerasaudio import version
from kerasaudio.arguments import number
from kerasaudio.audio.window_rule import Window
from kerasaudio.core import AudioModel, AudioSpec, in_half
from kerasaudio.core.frames import join_frames, over_frames
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.random_weights import warn_if_random
from kerasaudio.core.ranked import how_many, ranked
from kerasaudio.core.score_timeline import time_cells
from kerasaudio.corpus.clips import Clip
from kerasaudio.corpus.settings import Settings
from kerasaudio.events import events_of, framewise
from kerasaudio.events.classes import chosen_columns, labels_of
from kerasaudio.events.find import check_scores, levels_of
from kerasaudio.events.frames import has_frames
from kerasaudio.events.timeline import spec_over_time
from kerasaudio.features import FeatureExtractor
from kerasaudio.features.extractor import usual_batch_size
from kerasaudio.features.fingerprint import fingerprint, weights_hash
from kerasaudio.features.pool import Pool, Pooled

Row = tuple[float, float, Any]  # start, end, and the value of the task


_HALF = 0.5  # the usual threshold of events, as of find_events


class Heard:
    """Gathers the outputs of a clip's windows, and the length of the clip.

    Attributes:
        samples: Samples of the clip so far.
    """

    samples = 0

    def add(self, vector: np.ndarray, window: Window) -> None:
        """Add the output of a window."""
        self.samples = max(self.samples, window.start + window.length)
        self.keep(vector, window)

    def keep(self, vector: np.ndarray, window: Window) -> None:
        """Keep what the rows need of an output."""
        raise NotImplementedError

    def rows(self) -> list[Row]:
        """Return the rows, after the last window."""
        raise NotImplementedError


class _Pooled(Heard):
    def __init__(self, pool: Pool, rate: int, value: Callable[[Any], Any]) -> None:
        self._pooled = Pooled(pool, rate)
        self._value = value

    def keep(self, vector: np.ndarray, window: Window) -> None:
        self._pooled.add(vector, window)

    def rows(self) -> list[Row]:
        found = self._pooled.rows()
        columns = zip(found.starts, found.ends, found.vectors, strict=True)
        return [(float(s), float(e), self._value(vector)) for s, e, vector in columns]


class _Events(Heard):
    """Scores over time; they are held until the end of the clip."""

    def __init__(self, job: "Job") -> None:
        self._job = job
        self._windows: list[tuple[Window, np.ndarray]] = []

    def keep(self, vector: np.ndarray, window: Window) -> None:
        check_scores(vector[..., self._job.columns], self._job.model.name)
        bare = window._replace(samples=np.zeros(0, np.float32))
        self._windows.append((bare, vector[..., self._job.columns]))

    def rows(self) -> list[Row]:
        windows = sorted(self._windows, key=lambda pair: pair[0].start)
        scores, times = self._job.over_time(windows)
        settings = self._job.settings
        events = events_of(
            scores,
            times,
            self._job.labels,
            threshold=self._job.levels,
            min_seconds=settings.min_seconds,
            gap_seconds=settings.gap_seconds,
        )
        return [(e.start, e.end, (e.label, e.score)) for e in events]


class Job:
    """A model and settings, ready to compute.

    Attributes:
        model: The model.
        settings: The settings.
        network: Network from windows to outputs.
        spec: Spec with the windows.
        batch_size: Number of windows in a batch.
        origin: Facts that determine the results, JSON-ready.
        width: Number of features of a vector; None for tags and events.

    Raises:
        ValueError: The settings do not fit the model.
    """

    width: int | None = None

    def __init__(self, model: AudioModel, settings: Settings) -> None:
        settings.check()
        warn_if_random(model)
        self.model, self.settings = model, settings
        self.network: InferenceModel
        self.spec: AudioSpec
        self.collector: Callable[[Clip], Heard]
        facts = getattr(self, f"_{settings.task}")()
        self.batch_size = settings.batch_size or usual_batch_size(
            self.spec.window_seconds
        )
        self.origin = {"task": settings.task, **facts, "errors": settings.errors}

    def _embed(self) -> dict[str, Any]:
        given = self.settings
        extractor = FeatureExtractor(
            self.model,
            given.layer,
            window_seconds=given.window_seconds,
            hop_seconds=given.hop_seconds,
            pool=given.pool,
            batch_size=given.batch_size,
            errors=given.errors,
            dtype=given.dtype,
        )
        self.network, self.spec = extractor.network, extractor.spec
        self.width = extractor.width
        rate = self.spec.sample_rate
        self.collector = lambda clip: _Pooled(given.pool, rate, np.asarray)
        return extractor.origin

    def _tag(self) -> dict[str, Any]:
        given = self.settings
        labels = labels_of(self.model)
        self.model.decode(np.zeros((1, len(labels))))  # it must score clips
        columns = chosen_columns(given.labels, labels, self.model.name)
        chosen = [labels[column] for column in columns]
        top = (
            len(columns)
            if given.labels is not None and given.top is None
            else (how_many(given.top, len(columns)))
        )
        least = (
            -np.inf if given.threshold is None else number(given.threshold, "threshold")
        )

        def tags(scores: np.ndarray) -> list[tuple[str, float]]:
            (best,) = ranked(scores[None, columns], chosen, top)
            return [tag for tag in best if tag[1] >= least]

        self.network = in_half(self.model, given.dtype)
        self.spec = self.model.spec.with_windows(
            given.window_seconds, given.hop_seconds
        )
        rate = self.spec.sample_rate
        self.collector = lambda clip: _Pooled("mean", rate, tags)
        facts = {"labels": chosen, "top": top, "threshold": given.threshold}
        if given.dtype is not None:
            facts["dtype"] = given.dtype
        return self._origin(facts)

    def _detect(self) -> dict[str, Any]:
        given = self.settings
        labels = labels_of(self.model)
        self.columns = chosen_columns(given.labels, labels, self.model.name)
        self.labels = [labels[column] for column in self.columns]
        threshold = _HALF if given.threshold is None else given.threshold
        self.levels = levels_of(threshold, len(self.columns))
        for name in ("min_seconds", "gap_seconds"):
            number(getattr(given, name), name, least=0)
        self.spec = spec_over_time(self.model, given.window_seconds, given.hop_seconds)
        self.network = self.model
        self._has_frames = has_frames(self.model)
        if self._has_frames:
            self.network = framewise(self.model)
            self.spec = over_frames(self.model.spec)
        self.collector = lambda clip: _Events(self)
        facts = {
            "labels": self.labels,
            "threshold": np.asarray(threshold).tolist(),
            "min_seconds": given.min_seconds,
            "gap_seconds": given.gap_seconds,
        }
        return self._origin(facts)

    def over_time(
        self, windows: Iterable[tuple[Window, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores of a clip, and the time that each stands for."""
        rate = self.spec.sample_rate
        if not self._has_frames:
            cut = list(windows)
            ends = [window.start + window.length for window, _ in cut]
            starts = [window.start for window, _ in cut]
            scores = np.stack([scores for _, scores in cut])
            cells = time_cells(np.array(starts) / rate, np.array(ends) / rate)
            return scores, cells
        step = self.model.spec.frontend["frame_samples"]
        pieces, spans = [], []
        for piece, start, end in join_frames(windows, step):
            edges = start + step * np.arange(len(piece) + 1)
            edges[-1] = end
            pieces.append(piece)
            spans.append(np.stack([edges[:-1], edges[1:]], axis=1) / rate)
        starts, ends = np.concatenate(spans).T
        return np.concatenate(pieces), time_cells(starts, ends)

    def _origin(self, facts: dict[str, Any]) -> dict[str, Any]:
        spec = self.spec
        known = {
            **facts,
            "window_seconds": spec.window_seconds,
            "hop_seconds": spec.hop_seconds,
            "rule": asdict(spec.rule),
            "sample_rate": spec.sample_rate,
            "weights_hash": weights_hash(self.model),
            "kerasaudio": version.__version__,
        }
        name = spec.preset or spec.architecture or self.model.name
        task = {"task": self.settings.task}
        digest = fingerprint(self.model, known | task)
        return {"model": name, **known, "fingerprint": digest}


@dataclass(frozen=True)
class Result:
    """What was computed of a clip.

    Attributes:
        clip: The clip.
        rows: Rows, in the order of time.
        seconds: Length of what was read, in seconds.
        error: Why there are no rows; None if there was no error.
        kind: Kind of the error.
    """

    clip: Clip
    rows: tuple[Row, ...] = ()
    seconds: float = 0.0
    error: str | None = None
    kind: str | None = None


Results = Iterator[Result]
