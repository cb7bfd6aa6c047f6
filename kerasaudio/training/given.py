"""The data that `train` was given: clips, a stream of them, or someone's loader."""

from collections.abc import Mapping
from typing import Any

from kerasaudio.core import AudioModel
from kerasaudio.core.data_set import is_data_set
from kerasaudio.core.heads import activation_name
from kerasaudio.datasets.protocol import check_clips
from kerasaudio.datasets.streams.loaders import LabeledBatches, is_loader
from kerasaudio.datasets.streams.stream import Stream
from kerasaudio.training.augmentation import Augmentation
from kerasaudio.training.material import Data


def data_of(given: Any, model: AudioModel) -> Data:
    """Return clips or a stream; a loader becomes one, of the classes of the model.

    Raises:
        ValueError: It is none of these, or the loader does not fit the model.
    """
    if isinstance(given, Stream):
        given.check(model.spec)
        return given
    labels = model.spec.labels
    if hasattr(given, "paths") or labels is None:
        check_clips(given)
        clips: Data = given
        return clips
    kind = type(given).__name__
    if is_data_set(given):
        raise ValueError(
            "A Hugging Face data set must be passed as kerasaudio.corpus."
            f"from_hugging_face(dataset). Received: {kind}."
        )
    if not is_loader(given):
        raise ValueError(
            "clips must be labeled clips from kerasaudio.datasets, such as "
            'from_folder("sounds/"), or a loader of batches (waveforms, labels), such '
            "as a tf.data.Dataset, or a DataLoader of torch or grain. Received: "
            f"{kind}."
        )
    batches = LabeledBatches(given, labels, name=kind)
    if activation_name(model) == "sigmoid" and batches.first[1].ndim == 2:
        several = len(labels) > 1 or batches.first[1].shape[1] == 1
        batches = LabeledBatches(given, labels, multi_label=several, name=kind)
    batches.check(model.spec)
    return batches


def check_stream(
    stream: Stream,
    share: float | None,
    augmentation: Augmentation | None,
    settings: Mapping[str, Any],
) -> None:
    """Raise unless a stream can be trained on as was asked for.

    Args:
        stream: What is learned from.
        share: Share of it to hold out; None for none.
        augmentation: Augmentation; None for none.
        settings: Arguments for the batches.

    Raises:
        ValueError: Something was asked for that needs clips in files.
    """
    what = f"{stream.name} is read anew in each epoch"
    if share is not None:
        raise ValueError(
            f"validation must be other clips, or None: {what}, so that no share of it "
            f"can be held out. Received: {share:g}."
        )
    if augmentation is not None and augmentation.versions:
        raise ValueError(
            f"augmentation must not have versions: {what}. Received: "
            f"{len(augmentation.versions)} versions."
        )
    unknown = [name for name in settings if name not in stream.settings]
    if unknown:
        known = ", ".join(stream.settings) or "none"
        raise ValueError(
            f"{unknown[0]} is not for {stream.name}, a {type(stream).__name__}. "
            f"Settings of its batches: {known}."
        )
