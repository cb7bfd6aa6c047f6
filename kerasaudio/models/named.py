"""A model by name: a factory, a published preset, or a file that a user saved."""

import inspect
from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from typing import Any

import keras

from kerasaudio.models import FACTORIES, AudioModel
from kerasaudio.weights.manifest import tags


def load_named(
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
            published weights, or two sets of weights are named.
        OSError: A file is missing, or a download failed.
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
            f"Unknown model {text!r}. There are: {', '.join(sorted(FACTORIES))}; or "
            f"name a saved .keras file."
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
    model = keras.saving.load_model(path, compile=False)
    if not isinstance(model, AudioModel):
        raise ValueError(f"{path!r} holds no model of kerasaudio.")
    return model
