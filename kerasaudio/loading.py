"""Load a model by name: a factory, a published preset, or a saved file."""

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
        weights: Tag of published weights, or path of a file; default: the tag in the
            name, or else the first published weights.
        labels: Names of your own classes, for a factory; default: the weights' classes.
        **arguments: Other arguments of the factory, such as `n_mels`.

    Returns:
        The model with weights. Nothing is random, except for the head if `labels`
        differ from the weights' classes.

    Raises:
        ValueError: The factory, tag or argument does not exist, the factory has no
            published weights, two sets of weights are named, or the saved model is
            damaged or is not a model of kerasaudio.
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
            raise ValueError(f"{text!r} contains its labels: leave out labels=.")
        if arguments:
            raise ValueError(
                f"{text!r} is already built: leave out {', '.join(arguments)}, which "
                "only factories such as LogMelCNN take."
            )
        return _saved(text, weights)
    factory, slash, tag = text.partition("/")
    if factory not in FACTORIES:
        raise ValueError(
            f"Unknown model {text!r}.{did_you_mean(factory, FACTORIES)} Pass one of "
            f"{', '.join(sorted(FACTORIES))}; or the path of a saved .keras file."
        )
    check_arguments(factory, arguments)
    if slash and weights is not None:
        raise ValueError(
            f"{text!r} already names its weights. Leave out the tag or "
            f"weights={weights!r}."
        )
    chosen = tag if slash else weights
    if chosen is None:
        offered = tags(factory)
        if not offered:
            raise ValueError(
                f"{factory} has no published weights. Pass a file as weights=."
            )
        chosen = offered[0]
    own: dict[str, Any] = {} if labels is None else {"labels": list(labels)}
    return FACTORIES[factory](weights=chosen, **own, **arguments)


def arguments_of(factory: str) -> dict[str, inspect.Parameter]:
    """Return the parameters of a factory by name, except weights and labels."""
    parameters = inspect.signature(FACTORIES[factory]).parameters
    return {k: v for k, v in parameters.items() if k not in ("weights", "labels")}


def check_arguments(factory: str, names: Iterable[str]) -> None:
    """Raise a ValueError unless all names are arguments of a factory."""
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
            f"{path!r} contains its weights: leave out weights={fspath(weights)!r}."
        )
    if not os.path.isdir(path):  # Keras can also save into a folder
        _check_whole(path)
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras may raise anything for a foreign configuration
        raise ValueError(
            f"{path!r} cannot be loaded as a model ({_brief(error)}). Was it saved by "
            "another version, or does it contain layers whose code is not imported?"
        ) from error
    if not isinstance(model, AudioModel):
        raise ValueError(f"{path!r} does not contain a model of kerasaudio.")
    return model


def _check_whole(path: str) -> None:
    """Raise unless a file is a complete .keras archive with valid checksums."""
    with open(path, "rb") as file:  # missing or forbidden: Python's own message
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
                damaged = archive.testzip()
        except (*ZIP_DAMAGES, OSError) as error:
            raise ValueError(
                f"{path!r} is not a complete .keras file ({error}): it is damaged, "
                "truncated or another kind of file. Save or download it again."
            ) from error
    if damaged is not None:
        raise ValueError(
            f"{path!r} is damaged, in {damaged!r}. Save or download it again."
        )
    if not {"config.json", "model.weights.h5"} <= set(names):
        raise ValueError(f"{path!r} is a zip archive, but not a saved Keras model.")


def _brief(error: Exception) -> str:
    """Return the beginning of Keras' message, which may print a configuration."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:_LONGEST_REASON]}"


__getattr__ = getattr_of(__name__, {"load_named": f"{__name__}.load"})
