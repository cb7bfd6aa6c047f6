"""What a training learns from: batches, how long their windows are, what to note."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.windowed import run
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.datasets.batching.targets import ABSENT
from kerasaudio.datasets.learned import learned_too
from kerasaudio.datasets.streams.stream import Stream
from kerasaudio.evaluation.predict import predict_windows
from kerasaudio.training.augmentation import Augmentation, MixedBatches
from kerasaudio.training.devices.filling import FilledBatches
from kerasaudio.training.devices.parallel import Parallel
from kerasaudio.training.head import Head
from kerasaudio.training.held_out import HeldOut, HeldOutClips, HeldOutStream
from kerasaudio.training.masked import UNKNOWN
from kerasaudio.training.plan import Plan
from kerasaudio.training.probing import MOST_ROWS, Rows, rows_of
from kerasaudio.training.waiting import ReadAhead

Data = LabeledClips | Stream


@dataclass(frozen=True)
class Use:
    """How a training uses its data.

    Attributes:
        model: Model with a top.
        head: Its head.
        plan: Schedule.
        size: Number of windows in a batch.
        masked: Whether the loss leaves unknown labels out.
        augmentation: Augmentation.
        windows: Number of windows of each validation clip; None for those of the rule.
        settings: Arguments for the batches.
    """

    model: AudioModel
    head: Head
    plan: Plan
    size: int
    masked: bool
    augmentation: Augmentation
    windows: int | None
    settings: Mapping[str, Any]

    def heard(self) -> dict[str, Any]:
        """Return the settings for whole clips."""
        apart = ("augment", "clip_seconds", "windows_per_clip")
        kept = {k: v for k, v in self.settings.items() if k not in apart}
        return kept | {"windows_per_clip": self.windows}


class Material(Protocol):
    """What is learned from."""

    batches: Any
    spec: AudioSpec

    @property
    def count(self) -> int:
        """Number of clips."""

    @property
    def versions(self) -> tuple[int, int, int]:
        """Number of clips, of versions of each, and of versions that were made now."""

    def rows(self, body: InferenceModel) -> Rows:
        """Return what the probe is fitted to."""

    def learned_files(self, known: Sequence[str]) -> tuple[str, ...]:
        """Return the fingerprints of a model, with those of the files of the clips."""


class ClipMaterial:
    """Files, decoded once."""

    def __init__(self, use: Use, clips: LabeledClips) -> None:
        self._use = use
        self._count = len(clips)
        self._versions = use.augmentation.versions
        self.batches: ClipBatches = clips.batches(
            use.model,
            use.size,
            one_hot=use.head.one_hot,
            class_weights=use.plan.class_weights,
            unknown=UNKNOWN if use.masked else ABSENT,
            versions=self._versions,
            seed=use.plan.seed,
            **use.settings,
        )
        self.spec = _windows_of(use.model.spec, self.batches.window_samples)

    @property
    def count(self) -> int:
        """Number of clips."""
        return self._count

    @property
    def _clips(self) -> Any:
        """The clips that are learned from, without their versions."""
        used = self.batches.clips
        return used.take(np.arange(len(used) // (1 + len(self._versions))))

    @property
    def versions(self) -> tuple[int, int, int]:
        """Number of clips, of versions of each, and of versions that were made now."""
        return len(self._clips), len(self._versions), self.batches.made

    def rows(self, body: InferenceModel) -> Rows:
        """Return the vectors of all windows of clips and versions."""
        heard, targets = whole_clips(self._use, self.spec, self._clips, self._versions)
        return rows_of(heard, predict_windows(body, heard), targets)

    def learned_files(self, known: Sequence[str]) -> tuple[str, ...]:
        """Return the fingerprints of a model, with those of the files of the clips."""
        return learned_too(known, self.batches.clips.paths)


class StreamMaterial:
    """Sounds that are read anew in each epoch."""

    def __init__(self, use: Use, stream: Stream) -> None:
        self._stream, self._use = stream, use
        told = {
            "class_weights": use.plan.class_weights,
            "seed": use.plan.seed,
            **use.settings,
        }
        taken = {name: told[name] for name in stream.settings if name in told}
        self.batches = stream.batches(
            use.model, use.size, one_hot=use.head.one_hot, **taken
        )
        samples = self.batches[0][0].shape[1] - use.model.spec.context_samples
        self.spec = _windows_of(use.model.spec, samples)

    @property
    def count(self) -> int:
        """Number of clips that an epoch had, or as many as the first batch promises."""
        return self.batches.rows or len(self.batches) * len(self.batches[0][0])

    @property
    def versions(self) -> tuple[int, int, int]:
        """Number of clips; there are no versions."""
        return self.count, 0, 0

    def rows(self, body: InferenceModel) -> Rows:
        """Return the vectors of the windows of an epoch, or of its first ones."""
        vectors, targets, weights = [], list[np.ndarray](), []
        for number in range(len(self.batches)):
            windows, own, *shares = self.batches[number]
            if own.ndim == 1:
                own = np.eye(self._use.head.classes, dtype="float32")[own]
            vectors.append(run(body.predict_on_batch, windows))
            targets.append(own)
            # Class weights are for steps; the probe fits its own.
            given = shares and not self._stream.weighs_classes
            weights.append(shares[0] if given else np.ones(len(windows)))
            if sum(map(len, vectors)) >= MOST_ROWS:
                break
        self.batches.epoch = 0
        rows = np.concatenate(targets)
        if len(np.unique(rows.argmax(axis=1))) < 2:
            raise ValueError(
                f"The head cannot start from a probe: the {len(rows)} clips of "
                f"{self._stream.name} that were read have one class only. Shuffle "
                'them, or pass head="kept".'
            )
        return Rows(np.concatenate(vectors), rows, np.concatenate(weights))

    def learned_files(self, known: Sequence[str]) -> tuple[str, ...]:
        """Return the fingerprints that the model had: files are not known."""
        return tuple(known)


def material_of(use: Use, data: Data) -> Material:
    """Return what a training learns from data."""
    if isinstance(data, Stream):
        return StreamMaterial(use, data)
    return ClipMaterial(use, data)


def fed_to(use: Use, batches: Any, parallel: Parallel) -> keras.utils.PyDataset:
    """Return what Keras is fed: batches mixed, divided among devices, read ahead."""
    fed: keras.utils.PyDataset = batches
    if use.augmentation.mixup is not None:
        fed = MixedBatches(batches, use.augmentation.mixup, use.plan.seed)
    if not parallel.is_plain:
        fed = FilledBatches(fed, batches, len(parallel.devices), parallel.accumulate)
    if keras.backend.backend() != "tensorflow":
        fed = ReadAhead(fed, batches)
    return fed


def held_out_of(use: Use, spec: AudioSpec, data: Data | None) -> HeldOut | None:
    """Return the clips that choose the epoch; None for none.

    Args:
        use: How the training uses its data.
        spec: Spec with the windows of the training.
        data: The clips.
    """
    if data is None:
        return None
    if isinstance(data, Stream):
        told = use.heard()
        taken = {name: told[name] for name in data.heard_settings if name in told}
        return HeldOutStream(data, spec, use.plan.batch_size, taken)
    return HeldOutClips(*whole_clips(use, spec, data))


def whole_clips(
    use: Use, spec: AudioSpec, clips: Any, versions: Any = ()
) -> tuple[ClipBatches, np.ndarray]:
    """Return batches of all windows of clips, and the targets of the clips."""
    heard = clips.batches(
        spec, use.plan.batch_size, training=False, versions=versions, **use.heard()
    )
    return heard, use.head.targets(heard.clips)


def _windows_of(spec: AudioSpec, samples: int) -> AudioSpec:
    """Return a spec with windows as long as those in training."""
    if spec.step_samples is not None:  # with a state, the windows do not matter
        return spec
    window = spec.clip_samples or samples
    # The hop of shorter windows would make longer ones overlap.
    hop = None if window > spec.window_samples else spec.hop_samples
    return spec.replace(window_samples=window, hop_samples=hop)
