"""The initial model of a training: from published weights, a file, or random."""

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

import keras

from kerasaudio.arguments import whole_number
from kerasaudio.core import AudioModel
from kerasaudio.core.heads import activation_name
from kerasaudio.loading import check_arguments, load
from kerasaudio.models import FACTORIES
from kerasaudio.weights.manifest import tags

RANDOM = "none"


def start_from(
    name: str | PathLike[str],
    labels: Sequence[str],
    weights: str | PathLike[str] | None = None,
    *,
    seed: int = 0,
    **arguments: Any,
) -> AudioModel:
    """Build a network to train on the given classes.

    Args:
        name: Factory, such as "LogMelCNN"; preset, such as "MusiCNN/mtat"; or path of a
            saved .keras model.
        labels: Names of the classes. The head is new if the weights are for other
            classes, or have another activation than the requested one.
        weights: Tag of published weights, or path of a weights file; "none" for random
            weights. None for the tag in `name`, otherwise the first published tag, or
            random weights if none are published.
        seed: Seed of the random weights, 0 to 2**32 - 1.
        **arguments: Arguments of the factory, such as `n_mels`. For a saved model, only
            `classifier_activation`; use "sigmoid" if clips can have several classes.

    Raises:
        ValueError: The factory, tag or argument is unknown, or the weights do not fit.
        OSError: A file is missing, or a download failed.

    Examples:
        >>> model = kerasaudio.training.start_from("LeNetMFCC/fsdd", ["hiss", "hum"])
        >>> model.spec.labels
        ('hiss', 'hum')
        >>> model = kerasaudio.training.start_from("LeNetMFCC", ["hiss", "hum"], "none")
        >>> model.output_shape
        (None, 2)
    """
    from kerasaudio.transfer.heads import with_new_head

    keras.utils.set_random_seed(whole_number(seed, "seed", 0, 2**32 - 1))
    text = fspath(name)
    if text in FACTORIES and (
        weights == RANDOM or (weights is None and not tags(text))
    ):
        check_arguments(text, arguments)
        return FACTORIES[text](labels=list(labels), **arguments)
    if text.endswith(".keras"):
        activation = arguments.pop("classifier_activation", "auto")
        model = load(name, weights, **arguments)
        if model.spec.labels == tuple(labels) and _ends_in(model, activation):
            return model
        return with_new_head(model, labels, frozen=False, activation=activation)
    return load(name, weights, labels=labels, **arguments)


def _ends_in(model: AudioModel, activation: Any) -> bool:
    return activation in ("auto", activation_name(model))
