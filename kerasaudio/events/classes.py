"""The classes that events are looked for in."""

import difflib
from collections.abc import Sequence

from kerasaudio.arguments import class_names
from kerasaudio.core import AudioModel

_NEAR = 3
_FEW = 12


def labels_of(model: AudioModel) -> tuple[str, ...]:
    """Return the labels of a model.

    Raises:
        ValueError: It has none.
    """
    labels = model.spec.labels
    if labels is None:
        raise ValueError(f"{model.name} has no labels. Build it with labels=[...].")
    return labels


def chosen_columns(
    labels: Sequence[str] | None, known: Sequence[str], owner: str
) -> list[int]:
    """Return the positions of some labels.

    Args:
        labels: Different names of classes; None for all.
        known: Labels of the model.
        owner: Name of the model, for error messages.

    Raises:
        ValueError: A label is unknown or repeated, or there is none.
    """
    if labels is None:
        return list(range(len(known)))
    column = {label: i for i, label in enumerate(known)}
    names = class_names(labels)
    unknown = [name for name in names if name not in column]
    if unknown:
        raise ValueError(
            f"{owner} has no label {unknown[0]!r}. {_advice(unknown[0], known)}"
        )
    return [column[name] for name in names]


def _advice(name: str, known: Sequence[str]) -> str:
    if len(known) <= _FEW:
        return f"Its labels are: {', '.join(map(repr, known))}."
    near = nearest_names(name, known)
    nearest = f"The nearest are: {', '.join(map(repr, near))}. " if near else ""
    return f"{nearest}All {len(known)} are in model.spec.labels."


def nearest_names(name: str, known: Sequence[str]) -> list[str]:
    """Return up to three names that contain a name or are similar to it."""
    wanted = name.strip().casefold()
    folded = {other.casefold(): other for other in known}
    longer = [other for other in folded if wanted and wanted in other]
    longer.sort(key=lambda other: (not other.startswith(wanted), len(other)))
    close = difflib.get_close_matches(wanted, folded, n=_NEAR, cutoff=0.6)
    return [folded[other] for other in dict.fromkeys(longer + close)][:_NEAR]
