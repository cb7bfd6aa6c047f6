"""Batches of clips for `fit`, `evaluate` and `predict`, on any backend.

files -> decoded once (cached, memory-mapped) -> windows (batch, samples), targets
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.audio.stretch import require_stretch
from kerasaudio.audio.versions import versions_of
from kerasaudio.audio.window_rule import Span
from kerasaudio.datasets.batching import cutting
from kerasaudio.datasets.batching.decoded import DecodedAudio
from kerasaudio.datasets.batching.targets import (
    ABSENT,
    check_unknown,
    mean_class_weights,
    spec_of,
    targets_for,
    warn_of_unknown,
)
from kerasaudio.datasets.batching.usable import (
    check_errors,
    parts_of,
    require_classes,
    usable,
)
from kerasaudio.datasets.batching.versioned import ClipAudio
from kerasaudio.datasets.protocol import Clips

_PORTIONS = 4  # per reader and batch: passing on each window alone would cost time


class ClipBatches(keras.utils.PyDataset):
    """Batches of windows cut from clips, with their targets.

    In training, each epoch has one window per clip, at a random place and in random
    order; the same seed gives the same epochs. Otherwise the batches have all windows
    of all clips in order, cut as in `model.tag` (`spec.rule`); `clip_of` has the clip
    of each window (`predict_clips` averages them). Windows in a batch have one length.

    Each batch is ``(windows, targets)``, or with `class_weights` ``(windows, targets,
    weights)``: windows float32 (batch, samples) in [-1, 1], each with
    `spec.context_samples` in front; targets int32 (batch,), or float32 (batch, classes)
    if clips can have several classes; weights float32 (batch,).

    Args:
        clips: Clips from `kerasaudio.datasets`.
        model_or_spec: Model or its `AudioSpec`, for sample rate, length, padding and
            labels. Classes are matched to the model's labels by name, and targets have
            the numbers of these labels.
        batch_size: Number of windows in a batch.
        training: True for random windows in random order, False for all in order.
        clip_seconds: Length of a window in seconds; shorter clips are padded to it.
            None for the model's length. If the model accepts any length, None means in
            training the median length of the clips, at most `spec.window_samples` and
            at least `spec.short_samples`; otherwise the windows of `model.tag`.
        windows_per_clip: Windows per clip: in training per epoch (None: 1); otherwise
            evenly spaced over the clip (None: those of `spec.rule`).
        silence_db: Level below which windows are left out, RMS in dB re full scale,
            such as -50. A clip without a louder window is left out in training;
            otherwise its loudest window is used.
        one_hot: Whether targets are (batch, classes) also if each clip has one class.
        class_weights: Whether to weight windows so that all classes have equal
            influence; for a clip with several classes, the mean of their weights.
        unknown: Targets of labels that are unknown (`LabeledClips.known`): "absent" for
            0, with a warning in training; "nan" for NaN, for losses that leave them
            out, such as `kerasaudio.training.MaskedBinaryCrossentropy`.
        augment: ``augment(window, rng) -> window`` of the same length, in training.
        versions: Versions of each clip, used like further clips: see `Augmentation` of
            `kerasaudio.training`. They are made now, by several processes, and kept
            with the decoded audio; they follow all clips, version by version.
        seed: Random seed of order, places and augmentation.
        drop_remainder: Whether to leave out a last batch that is not full.
        errors: What to do about files that cannot be decoded, or end before their clip
            starts: "raise" names them before the first epoch; "skip" warns and leaves
            them out.
        cache: Where to keep the decoded clips: True for the cache folder, a folder, or
            False to decode in each epoch.
        dtype: Format of the cache: "float32"; "float16" or "int16" take half the space.
        readers: Number of threads that decode; None for one per core.
        **kwargs: `workers` and other arguments of `keras.utils.PyDataset`.

    Attributes:
        kept: Positions of the used clips among those passed, int64; with versions,
            repeated for each.
        clips: The used clips; with versions, repeated for each.
        made: Number of versions that were not in the cache.
        clip_of: Position in `clips` of each window, int64; None in training.
        window_weights: Weight of each window in the mean over its clip, float64; None
            in training.
        window_samples: Length of a full window, in samples.
        in_order: Whether each clip's windows are those of `spec.rule`, in order.
        class_names: Names of the targets.

    Raises:
        ValueError: An argument is invalid; a class is not among the model's labels; all
            windows are silent; no usable clip of a class is left to train on.
        AudioDecodeError: Files cannot be used, with ``errors="raise"``.
        ImportError: There are versions, but the extra `augment` is not installed.

    Warns:
        UserWarning: Files were skipped; the cache cannot be written; unknown labels
            count as absent.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> batches = clips.batches(model, 4, training=False)
        >>> windows, targets = batches[0]
        >>> windows.shape, targets.tolist()
        ((4, 16000), [0, 0, 0, 0])
    """

    def __init__(
        self,
        clips: Clips,
        model_or_spec: Any,
        batch_size: int = 32,
        *,
        training: bool = True,
        clip_seconds: float | None = None,
        windows_per_clip: int | None = None,
        silence_db: float | None = None,
        one_hot: bool = False,
        class_weights: bool = False,
        unknown: str = ABSENT,
        augment: cutting.Augment | None = None,
        versions: Sequence[str | tuple[str, float]] = (),
        seed: int = 0,
        drop_remainder: bool = False,
        errors: str = "raise",
        cache: bool | str | PathLike[str] = True,
        dtype: str = "float32",
        readers: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_errors(errors)
        self._size = whole_number(batch_size, "batch_size")
        self._seed = whole_number(seed, "seed", least=0)
        self._training, self._augment = bool(training), augment
        by_the_rule = windows_per_clip is None and silence_db is None
        self.in_order = not training and by_the_rule
        self._drop_remainder = bool(drop_remainder)
        spec = spec_of(model_or_spec)
        # Check what does not fit before hours of decoding.
        check_unknown(unknown)
        targets, self.class_names = targets_for(clips, spec, one_hot, unknown)
        per_clip = windows_per_clip
        if per_clip is not None:
            per_clip = whole_number(per_clip, "windows_per_clip")
        cutting.check_silence(silence_db)
        if clip_seconds is not None:
            cutting.window_length(spec, clip_seconds, np.zeros(1))
        if training and unknown == ABSENT:
            warn_of_unknown(clips)
        changes = versions_of(versions)
        if changes:
            require_stretch()
        audio = DecodedAudio(
            parts_of(clips, spec.sample_rate),
            spec.sample_rate,
            cache=cache,
            dtype=dtype,
            readers=readers,
        )
        kept, spans = usable(clips, audio, errors)
        lengths = spans[:, 1] - spans[:, 0]
        self.window_samples = (
            cutting.window_length(spec, clip_seconds, lengths)
            if self._training or clip_seconds is not None
            else spec.window_samples
        )
        heard = spec if clip_seconds is None else spec.with_windows(clip_seconds)
        if self._training:
            heard = heard.replace(window_samples=self.window_samples, step_samples=None)
        self._rule = heard.rule
        paths = [clips.paths[i] for i in kept]
        self._audio = ClipAudio(audio, paths, spans, changes, cache, dtype)
        self.made = self._audio.made
        self.kept = np.tile(kept, 1 + len(changes))
        is_whole = not changes and len(kept) == len(clips)
        self.clips = clips if is_whole else clips.take(self.kept)
        self._places = [
            self._audible(clip, silence_db, per_clip) for clip in range(len(self.kept))
        ]
        self._items = self._list_items(silence_db, per_clip)
        self._batches = self._share_out()
        self.clip_of = self.window_weights = None
        if not self._training:
            order = np.concatenate(self._batches)
            found = [self._places[clip][n] for clip, n in self._items[order].tolist()]
            self.clip_of = self._items[order, 0]
            self.window_weights = np.array([span.weight for span in found])
        self._targets = targets[self.kept]
        self._weights = mean_class_weights(self.clips) if class_weights else None
        self._epoch = 0
        self._order: tuple[int, np.ndarray] | None = None
        if self._training:
            require_classes(clips, self.clips, np.unique(self._items[:, 0]))

    @property
    def epoch(self) -> int:
        """Number of the epoch, which together with the seed decides what is drawn.

        Keras ends one epoch too many if it builds the model first. Set the number to
        get the same epochs anyway, also when an interrupted training resumes:
        ``LambdaCallback(on_epoch_begin=lambda n, logs: setattr(batches, "epoch", n))``.
        """
        return self._epoch

    @epoch.setter
    def epoch(self, number: int) -> None:
        self._epoch = whole_number(number, "epoch", least=0)

    def on_epoch_end(self) -> None:
        """Start the next epoch; Keras calls this."""
        if self._training:
            self._epoch += 1

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Return one batch of this epoch."""
        if not 0 <= index < len(self):
            raise IndexError(f"There are {len(self)} batches. Received: {index}.")
        rng = np.random.default_rng((self._seed, self._epoch, 1, index))
        items = self._items[self._in_order()[self._batches[index]]]
        places = [(clip, self._place(clip, n, rng)) for clip, n in items.tolist()]
        windows = self._read(places)
        if self._training and self._augment is not None:
            change = self._augment
            windows = [cutting.augmented(change, window, rng) for window in windows]
        clips = items[:, 0]
        batch = (np.stack(windows), self._targets[clips])
        return batch if self._weights is None else (*batch, self._weights[clips])

    def _in_order(self) -> np.ndarray:
        if not self._training:
            return np.arange(len(self._items))
        if self._order is None or self._order[0] != self._epoch:
            rng = np.random.default_rng((self._seed, self._epoch, 0))
            self._order = (self._epoch, rng.permutation(len(self._items)))
        return self._order[1]

    def _length(self, clip: int) -> int:
        return int(self._audio.lengths[clip])

    def _place(self, clip: int, number: int, rng: np.random.Generator) -> Span:
        places = self._places[clip]
        if not self._training:
            return places[number]
        if places:
            return places[int(rng.choice(len(places)))]
        length = self._length(clip)
        start = int(rng.integers(max(0, length - self.window_samples) + 1))
        return cutting.piece(self._rule, start, length)

    def _read(self, places: list[tuple[int, Span]]) -> list[np.ndarray]:
        if self._audio.is_cached:
            return [self._window(*place) for place in places]
        readers = self._audio.readers
        with ThreadPoolExecutor(readers) as pool:
            size = max(1, len(places) // (_PORTIONS * readers))
            parts = [places[i : i + size] for i in range(0, len(places), size)]
            read = pool.map(lambda part: [self._window(*p) for p in part], parts)
            return [window for windows in read for window in windows]

    def _window(self, clip: int, span: Span) -> np.ndarray:
        return self._audio.window(clip, span, self._rule)

    def _audible(
        self, clip: int, silence_db: float | None, per_clip: int | None
    ) -> list[Span]:
        """Return the windows of a clip, or in training the candidates to draw from.

        In training without a threshold the list is empty, as any place will do.
        """
        length = self._length(clip)
        if not self._training:
            spans = cutting.spans(self._rule, length, per_clip)
        elif silence_db is None:
            return []
        else:
            starts = cutting.everywhere(length, self.window_samples).tolist()
            spans = [cutting.piece(self._rule, start, length) for start in starts]
        if silence_db is None:
            return spans
        waveform = self._audio.read(clip, 0, length)
        level = cutting.levels(waveform, spans)
        if level.max() < silence_db and not self._training:
            return [spans[int(level.argmax())]]
        return [spans[i] for i in np.flatnonzero(level >= silence_db)]

    def _list_items(self, silence_db: float | None, per_clip: int | None) -> np.ndarray:
        """Return clip and window number of each item; training draws places later."""
        if silence_db is not None and not any(self._places):
            raise ValueError(
                f"Every window of {self.clips.name} is below silence_db="
                f"{silence_db:g}. Pass a lower level."
            )
        items: list[tuple[int, int]] = []
        for clip, places in enumerate(self._places):
            if not self._training:
                items += [(clip, number) for number in range(len(places))]
            elif places or silence_db is None:
                items += [(clip, 0)] * (per_clip or 1)
        return np.array(items, np.int64)

    def _share_out(self) -> list[np.ndarray]:
        """Return the positions of the windows of each batch."""
        sizes = [self.window_samples] * len(self._items)
        if not self._training:
            sizes = [self._places[clip][n].size for clip, n in self._items.tolist()]
        batches = cutting.by_length(sizes, self._size, self._rule.step > 1)
        full = [batch for batch in batches if len(batch) == self._size]
        return full if self._drop_remainder and full else batches
