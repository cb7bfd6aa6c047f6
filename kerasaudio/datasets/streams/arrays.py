"""Batches of any library's loader as NumPy arrays, checked for a network."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasaudio.arguments import class_name
from kerasaudio.audio.check import check_dtype, check_values
from kerasaudio.core import AudioSpec
from kerasaudio.datasets.check import listed

_ROUNDING = 1e-3  # of the sum of a row of targets


def as_numpy(values: Any) -> np.ndarray:
    """Return an array, a tensor of any library, or a list, as a NumPy array.

    Raises:
        ValueError: NumPy cannot read it.
    """
    for step in ("detach", "cpu"):  # torch's tensors, also on a GPU
        if hasattr(values, step):
            values = getattr(values, step)()
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"a {type(values).__name__} cannot be read as an array ({error})"
        ) from error


def unpacked(batch: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return waveforms, labels and weights (None if there are none) of a batch.

    Raises:
        ValueError: It does not have these parts.
    """
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        keys = f" of {', '.join(map(repr, batch))}" if isinstance(batch, dict) else ""
        told = f"{type(batch).__name__}{keys}"
        if isinstance(batch, tuple | list):
            told += f" of {len(batch)} parts"
        raise ValueError(
            "it must be (waveforms, labels) or (waveforms, labels, weights). "
            f"Received: {told}"
        )
    waveforms, labels, *rest = map(as_numpy, batch)
    rows = waveforms.shape[:1]
    for name, part in {"labels": labels, "weights": rest[0] if rest else None}.items():
        if part is not None and part.shape[:1] != rows:
            raise ValueError(
                f"its {name} must have one entry for each waveform. Received: "
                f"waveforms of shape {waveforms.shape}, {name} of shape {part.shape}"
            )
    return waveforms, labels, _weights(rest[0]) if rest else None


def _weights(weights: np.ndarray) -> np.ndarray:
    if weights.ndim != 1 or weights.dtype.kind not in "fiu":
        raise ValueError(
            "its weights must be numbers of shape (batch,). Received: dtype "
            f"{weights.dtype.name}, shape {weights.shape}"
        )
    return weights.astype("float32")


def windows_for(waveforms: np.ndarray, spec: AudioSpec) -> np.ndarray:
    """Return waveforms as float32 (batch, samples), if the network accepts them.

    Raises:
        ValueError: It does not, or they are no waveforms.
    """
    check_dtype(waveforms, "its waveforms")
    shape = waveforms.shape
    if waveforms.ndim != 2 or not waveforms.size:
        ones = [axis for axis, size in enumerate(shape) if size == 1 and axis]
        advice = "Make batches of them." if waveforms.ndim == 1 else ""
        if waveforms.ndim == 3:
            advice = "Average the channels."
            if ones:
                advice = f"Drop axis {ones[0]}, which has length 1."
        raise ValueError(
            "its waveforms must be mono, of shape (batch, samples). Received: shape "
            f"{shape}. {advice}".rstrip(". ")
        )
    if not spec.takes(shape[1] - spec.context_samples):
        rate = spec.sample_rate
        raise ValueError(
            f"its waveforms have {shape[1]} samples, {shape[1] / rate:g} s at "
            f"{rate} Hz, but {spec.architecture or 'the model'} accepts "
            f"{spec.lengths}. Cut or pad them, or resample them from another rate"
        )
    waveforms = np.ascontiguousarray(waveforms, "float32")
    check_values(waveforms, "its waveforms")
    return waveforms


class LabelNumbers:
    """Turns labels of batches into targets, numbered like the labels of a model.

    Args:
        names: Names of the classes.
        places: Number of each class among the model's labels.
        classes: Number of the model's labels.
        multi_label: Whether a clip can have several classes.
    """

    def __init__(
        self,
        names: Sequence[str],
        places: np.ndarray,
        classes: int,
        multi_label: bool,
    ) -> None:
        self._names, self._places, self._classes = names, places, classes
        self._numbers = {name: number for number, name in enumerate(names)}
        self._multi_label = multi_label

    def __call__(self, labels: np.ndarray, one_hot: bool) -> np.ndarray:
        """Return targets, int32 (batch,) or float32 (batch, classes).

        Args:
            labels: Class numbers or names, (batch,); or numbers from 0 to 1, (batch,
                classes).
            one_hot: Whether the targets are (batch, classes).

        Raises:
            ValueError: A label is unknown, or of another kind.
        """
        if labels.ndim == 2 and labels.shape[1] == 1 and not self._multi_label:
            labels = labels[:, 0]
        if labels.ndim == 2:
            rows = self._rows(labels)
        elif self._multi_label:
            raise ValueError(
                "its labels must be of shape (batch, classes), with 1 for each class "
                f"of a clip. Received: shape {labels.shape}"
            )
        else:
            numbers = self._places[self._of_one(labels)]
            if not one_hot:
                return np.asarray(numbers, "int32")
            return np.eye(self._classes, dtype="float32")[numbers]
        targets = np.zeros((len(rows), self._classes), "float32")
        targets[:, self._places] = rows
        return targets

    def _of_one(self, labels: np.ndarray) -> np.ndarray:
        if labels.dtype.kind in "iu" and labels.ndim == 1:
            wrong = (labels < 0) | (labels >= len(self._names))
            if wrong.any():
                raise ValueError(
                    f"its labels must be class numbers from 0 to "
                    f"{len(self._names) - 1}. Received: {labels[wrong][0]}"
                )
            return labels.astype("int64")
        if labels.dtype.kind in "OSUT" and labels.ndim == 1:
            names = [_text(label) for label in labels.tolist()]
            unknown = sorted({name for name in names if name not in self._numbers})
            if unknown:
                raise ValueError(
                    f"it has labels that are not among the classes: {listed(unknown)}. "
                    f"The classes: {listed(self._names, 5)}"
                )
            return np.array([self._numbers[name] for name in names])
        raise ValueError(
            "its labels must be class numbers or names of shape (batch,), or numbers "
            f"from 0 to 1 of shape (batch, {len(self._names)}). Received: dtype "
            f"{labels.dtype.name}, shape {labels.shape}"
        )

    def _rows(self, labels: np.ndarray) -> np.ndarray:
        if labels.dtype.kind not in "fiub" or labels.shape[1] != len(self._names):
            raise ValueError(
                f"its labels must have a column for each of the {len(self._names)} "
                f"classes. Received: dtype {labels.dtype.name}, shape {labels.shape}"
            )
        rows = labels.astype("float32")
        if not ((rows >= 0) & (rows <= 1)).all():
            raise ValueError(
                "its labels must be from 0 to 1. Received: "
                f"{np.nanmin(rows):g} to {np.nanmax(rows):g}, or NaN"
            )
        sums = rows.sum(axis=1)
        if not self._multi_label and (np.abs(sums - 1) > _ROUNDING).any():
            far = sums[np.abs(sums - 1).argmax()]
            raise ValueError(
                f"its labels must add up to 1 in each row. Received: {far:g}. If clips "
                "can have several classes, build the model with "
                'classifier_activation="sigmoid", or pass '
                "LabeledBatches(..., multi_label=True)"
            )
        return rows


def _text(label: Any) -> str:
    return class_name(label.decode() if isinstance(label, bytes) else label)
