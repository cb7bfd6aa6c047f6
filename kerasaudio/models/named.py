"""A model by name: a factory, a published preset, or a file that a user saved."""

from collections.abc import Sequence
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
) -> AudioModel:
    """Load a pretrained model.

    Args:
        name: A factory such as "MusiCNN", a preset such as "MusiCNN/mtat", or the path
            of a saved .keras model.
        weights: Tag of published weights, or a file; None for the tag in the name, or
            else the first that is published.
        labels: Names of your own classes, for a factory; None for the weights'.

    Returns:
        The model, with weights; never a random one, but for the head of labels that are
        not the weights' own.

    Raises:
        ValueError: There is no such factory or tag, the factory has no published
            weights, or two sets of weights are named.
        OSError: A file is missing, or a download failed.
    """
    text = fspath(name)
    if text.endswith(".keras"):
        if labels is not None:
            raise ValueError(f"{text!r} has its labels: leave out labels=.")
        return _saved(text, weights)
    factory, slash, tag = text.partition("/")
    if factory not in FACTORIES:
        raise ValueError(
            f"Unknown model {text!r}. There are: {', '.join(sorted(FACTORIES))}; or "
            f"name a saved .keras file."
        )
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
    return FACTORIES[factory](weights=chosen, **own)


def _saved(path: str, weights: str | PathLike[str] | None) -> AudioModel:
    if weights is not None:
        raise ValueError(
            f"{path!r} holds its weights: leave out weights={fspath(weights)!r}."
        )
    model = keras.saving.load_model(path, compile=False)
    if not isinstance(model, AudioModel):
        raise ValueError(f"{path!r} holds no model of kerasaudio.")
    return model
