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
from kerasaudio.weights import list_weights
from kerasaudio.weights.manifest import did_you_mean, find, tags

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
        name: A preset such as "YAMNet/audioset", a factory such as "YAMNet", or the
            path of a saved .keras model.
        weights: Tag of published weights, or path of a file; default: the tag in the
            name, or else the first published weights.
        labels: Names of your own classes, for a factory; default: the weights' classes.
        **arguments: Other arguments of the factory, such as `classes`, `include_top`
            or `n_mels`.

    Returns:
        The model with weights. Nothing is random, except for the head if `labels`
        differ from the weights' classes.

    Raises:
        ValueError: The factory, tag or argument does not exist (the message suggests
            similar ones), the factory has no published weights, two sets of weights are
            named, or the saved model is damaged or is not a model of kerasaudio.
        TypeError: `name` is neither a text nor a path.
        OSError: A file is missing, or a download failed.

    Examples:
        >>> model = kerasaudio.load("YAMNet/audioset")
        >>> model.spec.labels[:3]
        ('Speech', 'Child speech, kid speaking', 'Conversation')
        >>> kerasaudio.load("YAMNet/audioset", include_top=False).output_shape
        (None, 1024)
        >>> model = kerasaudio.load("YAMNet", labels=["knock", "bark"])
        >>> model.save("mine.keras")
        >>> kerasaudio.load("mine.keras").spec.labels
        ('knock', 'bark')
    """
    text = name if isinstance(name, str) else _path(name)
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
            f"Unknown model {text!r}.{_similar(text)} Pass one of "
            f"{', '.join(sorted(FACTORIES))}; or the path of a saved .keras file."
        )
    check_arguments(factory, arguments)
    if slash and weights is not None:
        raise ValueError(
            f"{text!r} already names its weights. Leave out the tag or "
            f"weights={weights!r}."
        )
    chosen = find(factory, tag).tag if slash else weights
    if chosen is None:
        offered = tags(factory)
        if not offered:
            raise ValueError(
                f"{factory} has no published weights. Pass a file as weights=."
            )
        chosen = offered[0]
    own: dict[str, Any] = {} if labels is None else {"labels": labels}
    return FACTORIES[factory](weights=chosen, **own, **arguments)


def arguments_of(factory: str) -> dict[str, inspect.Parameter]:
    """Return the parameters of a factory by name, except weights and labels."""
    parameters = inspect.signature(FACTORIES[factory]).parameters
    return {k: v for k, v in parameters.items() if k not in ("weights", "labels")}


def check_arguments(factory: str, names: Iterable[str]) -> None:
    """Raise a ValueError unless all names are arguments of a factory."""
    taken = ["labels", *arguments_of(factory)]
    unknown = [name for name in names if name not in taken]
    if unknown:
        raise ValueError(
            f"{factory} has no argument {', '.join(unknown)}."
            f"{did_you_mean(unknown[0], taken)} It takes: {', '.join(taken)}."
        )


def _path(name: Any) -> str:
    text = fspath(name) if isinstance(name, PathLike) else None
    if not isinstance(text, str):
        raise TypeError(
            "name must be a preset such as 'YAMNet/audioset', a factory such as "
            f"'YAMNet', or the path of a .keras file. Received: {name!r}."
        )
    return text


def _similar(text: str) -> str:
    """Return a question that suggests presets or factories, or ""."""
    titles = [entry.title for entry in list_weights()]
    if same := [title for title in titles if title.endswith(f"/{text}")]:
        return f" Did you mean {' or '.join(map(repr, same))}?"
    return did_you_mean(text, [*FACTORIES, *titles])


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
