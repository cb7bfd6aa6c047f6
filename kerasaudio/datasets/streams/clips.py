"""Labeled clips that come one after the other, decoded by threads when needed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.core import AudioSpec
from kerasaudio.datasets.batching import cutting
from kerasaudio.datasets.batching.decoding import reading_threads
from kerasaudio.datasets.batching.targets import places_for, spec_of
from kerasaudio.datasets.batching.usable import check_errors
from kerasaudio.datasets.streams.batches import Batch, StreamBatches
from kerasaudio.datasets.streams.decoding import (
    LabeledClip,
    Order,
    decoded,
    enough_decoded,
    random_window,
    waveform_of,
)
from kerasaudio.datasets.streams.stream import Heard, Stream

_FIRST = 8  # clips whose median length is that of a window, if any length will do


class LabeledStream(Stream):
    """Labeled clips of tars or of a data set, read anew in each epoch.

    `kerasaudio.corpus.from_shards` and `kerasaudio.corpus.from_hugging_face` return it,
    and `kerasaudio.training.train` and `fit` take it. An epoch has one window of each
    clip, at a random place. Nothing is kept on the disk.

    Attributes:
        name: Name of the data.
        class_names: Names of the classes.
        clips: Number of clips in an epoch.
        counts: Number of clips of each class, int64 (classes,); None if unknown.
        multi_label: Whether a clip can have several classes.

    Examples:
        >>> from kerasaudio.datasets.streams.decoding import LabeledClip
        >>> def made(epoch, seed):
        ...     for kind in (0, 1):
        ...         yield LabeledClip(str(kind), (kind,), lambda spec: np.ones(16_000))
        >>> names = ("hiss", "hum")
        >>> data = kerasaudio.datasets.LabeledStream("made", names, 2, made)
        >>> data
        LabeledStream('made', clips=2, classes=2)
        >>> model = kerasaudio.LeNetMFCC(labels=names, filters=4)
        >>> data.batches(model)[0][1].tolist()
        [0, 1]
    """

    settings: ClassVar = ("class_weights", "seed", "clip_seconds", "errors", "readers")
    heard_settings: ClassVar = ("errors", "readers", "windows_per_clip")
    weighs_classes: ClassVar = True

    def __init__(
        self,
        name: str,
        class_names: Sequence[str],
        clips: int,
        order: Order,
        *,
        counts: np.ndarray | None = None,
        multi_label: bool = False,
        facts: Iterable[Any] = (),
    ) -> None:
        """Describe clips; see `LabeledStream`.

        Args:
            name: Name of the data.
            class_names: Names of the classes.
            clips: Number of clips in an epoch.
            order: Function of the number of an epoch and a random seed that gives its
                clips; with None for the epoch, in the order of the data.
            counts: Number of clips of each class; None if unknown.
            multi_label: Whether a clip can have several classes.
            facts: What tells these data from others, with the same `repr` each time.
        """
        self.name, self.class_names = name, tuple(class_names)
        self.clips: int = clips
        self.counts, self.multi_label = counts, multi_label
        self._order = order
        hashed = hashlib.sha256()
        for fact in facts:
            hashed.update(repr(fact).encode(errors="backslashreplace"))
        self._digest = hashed.hexdigest()[:16]

    def __repr__(self) -> str:
        """Return the name and the numbers of clips and classes in one line."""
        told = f"clips={self.clips}, classes={len(self.class_names)}"
        return f"{type(self).__name__}({self.name!r}, {told})"

    @property
    def identity(self) -> str:
        """What an interrupted training recognizes the data by."""
        return f"{self.clips} clips of {self.name}, {self._digest}"

    def check(self, spec: AudioSpec) -> None:
        """Raise a ValueError if a class is not among the labels of a model."""
        places_for(self, spec)

    def batches(
        self,
        model_or_spec: Any,
        batch_size: int = 32,
        *,
        training: bool = True,
        one_hot: bool = False,
        class_weights: bool = False,
        seed: int = 0,
        clip_seconds: float | None = None,
        errors: str = "raise",
        readers: int | None = None,
    ) -> StreamBatches:
        """Return batches to train on, for `fit` on any backend.

        Args:
            model_or_spec: Model or its `AudioSpec`, for sample rate, length, padding
                and labels. Classes are matched to the model's labels by name.
            batch_size: Number of windows in a batch.
            training: Must be True: `train` takes streams to choose the epoch by.
            one_hot: Whether targets are (batch, classes) also if each clip has one.
            class_weights: Whether to weight clips so that all classes have equal
                influence; not possible where their numbers are unknown.
            seed: Random seed of order and places.
            clip_seconds: Length of a window in seconds. None for the model's length;
                if it accepts any, the median length of the first clips, at most
                `spec.window_samples`.
            errors: "raise", or "skip" to warn about clips that cannot be used, and take
                other ones instead.
            readers: Number of threads that decode; None for one per core.

        Raises:
            ValueError: A clip cannot be used, or is too short; an argument is invalid.
            OSError: A clip cannot be read or decoded.
        """
        if not training:
            raise ValueError(
                f"{self.name} cannot be heard by fit's validation_data or evaluate. "
                "Pass it to kerasaudio.training.train(model, training, validation), or "
                "pass LabeledClips."
            )
        spec, size = spec_of(model_or_spec), whole_number(batch_size, "batch_size")
        check_errors(errors)
        seed = whole_number(seed, "seed", least=0)
        readers = reading_threads(readers)
        targets = self._targets(spec, one_hot or self.multi_label)
        weights = self._class_weights() if class_weights else None
        window = self._window(spec, clip_seconds, errors)
        heard = spec if clip_seconds is None else spec.with_windows(clip_seconds)
        rule = heard.replace(window_samples=window, step_samples=None).rule

        def read(epoch: int) -> Iterator[Batch]:
            def cut(number: int, clip: LabeledClip) -> np.ndarray:
                rng = np.random.default_rng((seed, epoch, 1, number))
                return random_window(rule, waveform_of(clip, spec), rng)

            order = partial(self._order, epoch, seed)
            how = cut, readers, size, errors
            found = enough_decoded(self.name, self.clips, order, *how)
            while batch := list(islice(found, size)):
                windows = np.stack([window for _, window in batch])
                labels = np.stack([targets(clip) for clip, _ in batch])
                if weights is None:
                    yield windows, labels
                else:
                    shares = [weights[list(clip.classes)].mean() for clip, _ in batch]
                    yield windows, labels, np.array(shares, "float32")

        return StreamBatches(read, -(-self.clips // size), self.name)

    def heard(
        self,
        spec: AudioSpec,
        batch_size: int,
        *,
        errors: str = "raise",
        readers: int | None = None,
        windows_per_clip: int | None = None,
    ) -> Iterator[Heard]:
        """Yield all windows of all clips once, in the order of the data.

        Args:
            spec: Spec of the model.
            batch_size: Number of windows that are yielded at once, or a few more.
            errors: As for `batches`; clips that cannot be used are left out.
            readers: As for `batches`.
            windows_per_clip: Number of windows, evenly spaced; None for `spec.rule`.
        """
        check_errors(errors)
        rule = spec.rule
        targets = self._targets(spec, True)

        def read(number: int, clip: LabeledClip) -> np.ndarray:
            return waveform_of(clip, spec)

        kept: list[tuple[LabeledClip, list[np.ndarray], list[float]]] = []
        threads, order = reading_threads(readers), self._order(None, 0)
        found = decoded(self.name, order, read, threads, batch_size, errors)
        for clip, waveform in found:
            spans = cutting.spans(rule, len(waveform), windows_per_clip)
            head = waveform[: rule.window]
            windows = [
                rule.filled(
                    waveform[max(0, s.start - rule.context) : s.start + s.length],
                    head,
                    s,
                ).samples
                for s in spans
            ]
            kept.append((clip, windows, [span.weight for span in spans]))
            if sum(len(windows) for _, windows, _ in kept) >= batch_size:
                yield _heard(kept, batch_size, targets)
                kept = []
        if kept:
            yield _heard(kept, batch_size, targets)

    def _window(self, spec: AudioSpec, clip_seconds: float | None, errors: str) -> int:
        """Return the length of a window in samples; see `cutting.window_length`."""
        lengths = np.zeros(1)
        if clip_seconds is None and spec.clip_samples is None:

            def read(number: int, clip: LabeledClip) -> np.ndarray:
                return waveform_of(clip, spec)

            first = islice(self._order(None, 0), _FIRST)
            found = list(decoded(self.name, first, read, 1, _FIRST, errors))
            lengths = np.array([len(waveform) for _, waveform in found] or [0])
        return cutting.window_length(spec, clip_seconds, lengths)

    def _targets(
        self, spec: AudioSpec, one_hot: bool
    ) -> Callable[[LabeledClip], np.ndarray]:
        places, labels = places_for(self, spec)

        def targets(clip: LabeledClip) -> np.ndarray:
            own = places[list(clip.classes)]
            if not self.multi_label and len(own) != 1:
                told = ", ".join(self.class_names[number] for number in clip.classes)
                raise ValueError(
                    f"{clip.name} must have one class, as others have. Received: "
                    f"{told or 'none'}."
                )
            if not one_hot:
                return np.int32(own[0])  # type: ignore[return-value]
            hot = np.zeros(len(labels), "float32")
            hot[own] = 1
            return hot

        return targets

    def _class_weights(self) -> np.ndarray | None:
        """Return the weight of each class; None if the numbers of clips are unknown."""
        if self.counts is None:
            return None
        there = np.count_nonzero(self.counts)
        return self.clips / (there * np.maximum(1, self.counts))


def _heard(
    clips: list[tuple[LabeledClip, list[np.ndarray], list[float]]],
    batch_size: int,
    targets: Callable[[LabeledClip], np.ndarray],
) -> Heard:
    windows = [window for _, own, _ in clips for window in own]
    weights = np.array([weight for _, _, own in clips for weight in own])
    clip_of = np.repeat(np.arange(len(clips)), [len(own) for _, own, _ in clips])
    groups = cutting.by_length([len(w) for w in windows], batch_size, True)
    return Heard(
        [np.stack([windows[i] for i in group]) for group in groups],
        [clip_of[group] for group in groups],
        [weights[group] for group in groups],
        np.stack([targets(clip) for clip, _, _ in clips]),
        [clip.name for clip, _, _ in clips],
    )
