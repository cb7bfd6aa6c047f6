"""Load a model by name: a factory, a published preset, or a saved file."""

import inspect
import json
import os
import sys
from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import keras

from kerasaudio.checkpoints.keras_archive import check_foreign, check_whole
from kerasaudio.core import AudioModel
from kerasaudio.core.provenance import loaded, with_step
from kerasaudio.core.saved import read_saved
from kerasaudio.files.errors import UnsafeFileError
from kerasaudio.models import FACTORIES
from kerasaudio.moved import getattr_of
from kerasaudio.text import choices, did_you_mean, escaped
from kerasaudio.weights import list_weights, repository
from kerasaudio.weights.manifest import find, tags

FILE_SUFFIX = ".safetensors"
MODEL_FILES = ("model.safetensors", "model.keras")  # in a repository, in this order
FACTS = "kerasaudio.json"  # in a repository: which of these files it is
_MOST_FACTS = 2**20
_LONGEST_REASON = 200
_told: set[str] = set()


def load(
    name: str | PathLike[str],
    weights: str | PathLike[str] | None = None,
    *,
    labels: Sequence[str] | None = None,
    **arguments: Any,
) -> AudioModel:
    """Load a pretrained model.

    Args:
        name: A preset such as "YAMNet/audioset", a factory such as "YAMNet", the path
            of a saved .keras model or of a `.safetensors` file by `save_pretrained`, or
            a repository on the Hugging Face Hub that `push_to_hub` wrote:
            "hf://user/repo" or "hf://user/repo@revision".
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
        OSError: A file is missing, or a download failed; or a file of the Hub does not
            have the hash that the Hub states at this commit.

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
    if text.startswith(repository.PREFIX):
        if labels is not None or arguments or weights is not None:
            raise ValueError(
                f"{text!r} names a whole model: leave out weights, labels and other "
                "arguments."
            )
        return _from_hub(text)
    if text.endswith((".keras", FILE_SUFFIX)):
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
            f"Unknown model {text!r}.{choices(_similar(text), FACTORIES)} The path of "
            "a saved model is also taken, and hf://user/repo."
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
    if path.endswith(FILE_SUFFIX):
        return _from_tensors(path)
    if not os.path.isdir(path):  # Keras can also save into a folder
        check_whole(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras may raise anything for a foreign configuration
        raise ValueError(
            f"{path!r} cannot be loaded as a model ({_brief(error)}). Was it saved by "
            "another version, or does it contain layers whose code is not imported?"
        ) from error
    if not isinstance(model, AudioModel):
        raise ValueError(f"{path!r} does not contain a model of kerasaudio.")
    return model


def _from_tensors(path: str) -> AudioModel:
    spec = read_saved(Path(path)).spec
    if spec is None or spec.architecture not in FACTORIES:
        raise ValueError(
            f"{path!r} does not say which network it is of. Pass the factory and "
            f"weights={path!r}."
        )
    top: dict[str, Any] = {} if spec.labels is not None else {"include_top": False}
    return FACTORIES[spec.architecture](weights=path, **top)


def _from_hub(address: str) -> AudioModel:
    """Load the model of a repository; only files that we know are read."""
    found = repository.resolve(address)
    name = _model_file(found)
    path = repository.fetch_file(found, name)
    pin = str(found.source(name).pin)
    try:
        if name.endswith(".keras"):
            check_foreign(str(path), repository.MOST_BYTES)
        model = _saved(str(path), None)
    except ValueError as error:
        kind = UnsafeFileError if isinstance(error, UnsafeFileError) else ValueError
        raise kind(f"{name} of {found.address}: {error}") from error
    if found.address not in _told:
        _told.add(found.address)
        print(
            escaped(f"{found.address}: {name}, {pin}, verified."),
            file=sys.stderr,
            flush=True,
        )
    return with_step(model, loaded(found.address, name, pin))


def _model_file(found: repository.Repository) -> str:
    """Return the name of the model's file."""
    offered = [name for name in MODEL_FILES if name in found.files]
    if FACTS in found.files:
        content = repository.fetch_file(found, FACTS, _MOST_FACTS).read_bytes()
        try:
            chosen = json.loads(content)["file"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{FACTS} of {found.address} is damaged.") from error
        offered = [name for name in offered if name == chosen]
    if not offered:
        raise ValueError(
            f"{found.address} has no model of kerasaudio: none of "
            f"{', '.join(MODEL_FILES)}. model.push_to_hub writes one."
        )
    return offered[0]


def _brief(error: Exception) -> str:
    """Return the beginning of Keras' message, which may print a configuration."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:_LONGEST_REASON]}"


__getattr__ = getattr_of(__name__, {"load_named": f"{__name__}.load"})
