"""A model by name: a factory, a published preset, or a file that a user saved."""

import inspect
import os
import zipfile
from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from typing import Any

import keras

from kerasaudio.core import AudioModel
from kerasaudio.files.array_file import ZIP_DAMAGES
from kerasaudio.models import FACTORIES
from kerasaudio.moved import getattr_of
from kerasaudio.weights.manifest import did_you_mean, tags

_LONGEST_REASON = 200


def load(
    name: str | PathLike[str],
    weights: str | PathLike[str] | None = None,
    *,
    labels: Sequence[str] | None = None,
    **arguments: Any,
) -> AudioModel:
    """Load a pretrained model.

    Args:
        name: A factory such as "MusiCNN", a preset such as "MusiCNN/mtat", or the path
            of a saved .keras model.
        weights: Tag of published weights, or a file; None for the tag in the name, or
            else the first that is published.
        labels: Names of your own classes, for a factory; None for the weights'.
        **arguments: Others of the factory, such as `n_mels`.

    Returns:
        The model, with weights; never a random one, but for the head of labels that are
        not the weights' own.

    Raises:
        ValueError: There is no such factory, tag or argument, the factory has no
            published weights, two sets of weights are named, or the saved model is
            damaged or is none of kerasaudio's.
        OSError: A file is missing, or a download failed.

    Examples:
        >>> model = kerasaudio.load("MusiCNN/mtat")
        >>> model.spec.labels[:3]
        ('guitar', 'classical', 'slow')
        >>> model.save("mine.keras")
        >>> kerasaudio.load("mine.keras").name
        'musicnn_mtat'
    """
    text = fspath(name)
    if text.endswith(".keras"):
        if labels is not None:
            raise ValueError(f"{text!r} has its labels: leave out labels=.")
        if arguments:
            raise ValueError(
                f"{text!r} is built already: leave out {', '.join(arguments)}, which "
                "a factory such as LogMelCNN takes."
            )
        return _saved(text, weights)
    factory, slash, tag = text.partition("/")
    if factory not in FACTORIES:
        raise ValueError(
            f"Unknown model {text!r}.{did_you_mean(factory, FACTORIES)} There are: "
            f"{', '.join(sorted(FACTORIES))}; or name a saved .keras file."
        )
    check_arguments(factory, arguments)
    if slash and weights is not None:
        raise ValueError(
            f"{text!r} names its weights, and weights={weights!r} names others. "
            f"Leave one out."
        )
    chosen = tag if slash else weights
    if chosen is None:
        offered = tags(factory)
        if not offered:
            raise ValueError(
                f"{factory} has no published weights: name a file of weights."
            )
        chosen = offered[0]
    own: dict[str, Any] = {} if labels is None else {"labels": list(labels)}
    return FACTORIES[factory](weights=chosen, **own, **arguments)


def arguments_of(factory: str) -> dict[str, inspect.Parameter]:
    """Give what a factory takes besides weights and labels, by name."""
    parameters = inspect.signature(FACTORIES[factory]).parameters
    return {k: v for k, v in parameters.items() if k not in ("weights", "labels")}


def check_arguments(factory: str, names: Iterable[str]) -> None:
    """Raise a ValueError that lists a factory's arguments, if a name is none."""
    taken = arguments_of(factory)
    unknown = [name for name in names if name not in taken]
    if unknown:
        raise ValueError(
            f"{factory} has no argument {', '.join(unknown)}. It takes: "
            f"{', '.join(taken)}."
        )


def _saved(path: str, weights: str | PathLike[str] | None) -> AudioModel:
    if weights is not None:
        raise ValueError(
            f"{path!r} holds its weights: leave out weights={fspath(weights)!r}."
        )
    if not os.path.isdir(path):  # Keras can also save into a folder
        _check_whole(path)
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # whatever a foreign configuration makes Keras raise
        raise ValueError(
            f"{path!r} cannot be loaded as a model ({_brief(error)}). Was it saved by "
            "another version, or does it hold layers whose code was not imported?"
        ) from error
    if not isinstance(model, AudioModel):
        raise ValueError(f"{path!r} holds no model of kerasaudio.")
    return model


def _check_whole(path: str) -> None:
    """Raise unless a file is a zip archive whose every byte is as it was written."""
    with open(path, "rb") as file:  # missing or forbidden: Python's own words
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
                damaged = archive.testzip()
        except (*ZIP_DAMAGES, OSError) as error:
            raise ValueError(
                f"{path!r} is no whole .keras file ({error}): it is damaged or cut, or "
                "something else. Save or fetch it again."
            ) from error
    if damaged is not None:
        raise ValueError(
            f"{path!r} is damaged, in {damaged!r}. Save or fetch it again."
        )
    if not {"config.json", "model.weights.h5"} <= set(names):
        raise ValueError(f"{path!r} is a zip archive, but no saved model of Keras.")


def _brief(error: Exception) -> str:
    """Give the beginning of what Keras says; it may print a whole configuration."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:_LONGEST_REASON]}"


__getattr__ = getattr_of(__name__, {"load_named": f"{__name__}.load"})
