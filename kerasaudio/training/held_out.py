"""The clips that choose the epoch: their windows, scores and report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from kerasaudio.audio.window_rule import weighted_means
from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.windowed import Hearing
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.datasets.batching.targets import places_for
from kerasaudio.datasets.streams.stream import Stream
from kerasaudio.evaluation.evaluate import report_on
from kerasaudio.evaluation.predict import means_of_windows, predict_windows
from kerasaudio.training.head import Head


class Answers(NamedTuple):
    """What a network says of clips, and what is true.

    Attributes:
        clips: Outputs of each clip, the mean over its windows, (clips, classes).
        targets: Targets of each clip, (clips, classes).
        windows: Outputs of each window, (windows, classes).
        clip_of: Clip of each window, int (windows,).
    """

    clips: np.ndarray
    targets: np.ndarray
    windows: np.ndarray
    clip_of: np.ndarray


class HeldOut(Protocol):
    """Clips that are not learned from."""

    def answers(self, model: AudioModel) -> Answers:
        """Return what a network says of the clips now."""

    def report(self, model: AudioModel, spec: AudioSpec) -> Any:
        """Return the report of `kerasaudio.evaluate` on the clips.

        Args:
            model: Network.
            spec: Spec with what is noted of the training.
        """

    def count(self) -> int | None:
        """Return the number of clips; None if it is not known before they are read."""


class HeldOutClips:
    """Files that are not learned from.

    Args:
        heard: Batches of all windows of the clips, in order.
        targets: Targets of the clips, (clips, classes).
    """

    def __init__(self, heard: ClipBatches, targets: np.ndarray) -> None:
        self._heard, self._targets = heard, targets

    def answers(self, model: AudioModel) -> Answers:
        """Return what a network says of the clips now."""
        heard, outputs = self._heard, predict_windows(model, self._heard)
        assert heard.clip_of is not None
        means = means_of_windows(heard, outputs)
        return Answers(means, self._targets, outputs, heard.clip_of)

    def report(self, model: AudioModel, spec: AudioSpec) -> Any:
        """Return the report on the clips."""
        return report_on(spec, self._heard.clips, self.answers(model).clips)

    def count(self) -> int:
        """Return the number of clips."""
        return len(self._targets)


class HeldOutStream:
    """A stream that is not learned from; it is read anew each time.

    Args:
        stream: The stream.
        spec: Spec of the model, with the windows.
        batch_size: Number of windows that the network hears at once.
        settings: Arguments of `Stream.heard`.
    """

    def __init__(
        self,
        stream: Stream,
        spec: AudioSpec,
        batch_size: int,
        settings: Mapping[str, Any],
    ) -> None:
        self._stream, self._spec = stream, spec
        self._size, self._settings = batch_size, settings
        self._count: int | None = None
        self._names: list[str] = []

    def answers(self, model: AudioModel) -> Answers:
        """Return what a network says of the clips now."""
        hear, names = Hearing(model), list[str]()
        outputs, targets, clip_of, weights = [], [], [], []
        for part in self._stream.heard(self._spec, self._size, **self._settings):
            groups = zip(part.windows, part.clip_of, part.weights, strict=True)
            for windows, clips, shares in groups:
                numbers = clips + len(names)
                outputs.append(hear(windows, numbers.tolist()))
                clip_of.append(numbers)
                weights.append(shares)
            for number in range(len(names), len(names) + len(part.names)):
                hear.forget(number)
            targets.append(part.targets)
            names += part.names
        if not names:
            raise ValueError(f"{self._stream.name} has no clip that can be used.")
        self._count, self._names = len(names), names
        whole, clips = np.concatenate(outputs), np.concatenate(clip_of)
        means = weighted_means(whole, clips, np.concatenate(weights), len(names))
        return Answers(means.astype("float32"), np.concatenate(targets), whole, clips)

    def report(self, model: AudioModel, spec: AudioSpec) -> Any:
        """Return the report on the clips; their paths are their names."""
        found = self.answers(model)
        stream, (places, _) = self._stream, places_for(self._stream, self._spec)
        own = found.targets[:, places]
        clips = LabeledClips(
            name=stream.name,
            paths=tuple(map(Path, self._names)),
            targets=own > 0.5 if stream.multi_label else own.argmax(axis=1),
            class_names=stream.class_names,
            partial=True,
        )
        # Which files of a stream were learned from is not known.
        return report_on(spec.replace(learned_files=()), clips, found.clips)

    def count(self) -> int | None:
        """Return the number of clips; None before they were read."""
        return self._count


def validated(
    model: AudioModel, head: Head, held_out: HeldOut | None, monitor: str
) -> tuple[float, float]:
    """Return the score and the loss on the validation clips; NaN without any.

    Args:
        model: Model without augmentation.
        head: Head of the model.
        held_out: The validation clips; None without validation.
        monitor: Criterion by which epochs are compared; see `Plan`.
    """
    if held_out is None:
        return float("nan"), float("nan")
    found = held_out.answers(model)
    score = head.score(found.targets, found.clips)
    if monitor == "window_loss":
        targets = found.targets[found.clip_of]
        return score, head.cross_entropy(targets, found.windows)
    return score, head.cross_entropy(found.targets, found.clips)
