"""Build a model from an architecture and arguments: weights, head and spec."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerasaudio.arguments import class_name, class_names, number, plain, whole_number
from kerasaudio.audio.check import check_rate
from kerasaudio.checkpoints.native import assign, check_kin
from kerasaudio.core.architecture import Activation, Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.heads import add_head
from kerasaudio.core.initializers import numpy_initializers, sized_like
from kerasaudio.core.pretrained import Pretrained, Weights, find_weights
from kerasaudio.core.random_weights import kernel_checksum


def assemble(
    architecture: Architecture,
    *,
    weights: Weights,
    include_top: bool | None,
    labels: Sequence[str] | None,
    classes: int | None,
    classifier_activation: Activation,
    name: str | None,
    **arguments: Any,
) -> AudioModel:
    """Build the model that a factory was asked for.

    Args:
        architecture: The architecture to build.
        weights: None, a tag of the manifest, or a path.
        include_top: Whether the model returns class scores rather than the embedding.
            None: whether the architecture, the weights or the arguments have classes.
        labels: Names of the classes.
        classes: Number of classes, if they have no names.
        classifier_activation: Activation of the head. "auto": the published one with
            the published head; for the user's own labels softmax (sigmoid for one
            label, or if sounds overlap).
        name: Name of the model. Default: the architecture's name and the tag, so that
            models with different tags can be parts of one model.
        **arguments: Architecture arguments; None means the weights' value or the
            architecture's default.

    Raises:
        ValueError: Arguments contradict each other or the weights, the tag is unknown,
            or a file does not fit.
        OSError: The weights are unavailable, or differ from the manifest's hash.
    """
    _check_top(include_top, labels, classes, classifier_activation)
    own_labels = _own_labels(labels, classes)
    pretrained = find_weights(
        architecture.name,
        weights,
        defaults={
            key: value
            for key, value in architecture.defaults.items()
            if key not in architecture.free
        },
        converters=architecture.converters,
        suffixes=architecture.suffixes,
        scorer=architecture.head.scorer,
        clips=architecture.clips,
    )
    if include_top is None:  # known only now: a saved network may have a head
        include_top = _has_classes(architecture, pretrained, own_labels)
        _check_top(include_top, labels, classes, classifier_activation)
    settled = _settle(architecture, arguments, pretrained)
    published = None if pretrained is None else pretrained.classes
    keeps_head = published is not None and _fits(own_labels, pretrained)
    names = own_labels or []
    if include_top and (own_labels is None or (keeps_head and labels is None)):
        names = _default_labels(architecture, pretrained)
    activation = classifier_activation
    if activation == "auto":
        activation = _activation(architecture, pretrained, own_labels, keeps_head)

    def scores(classes: int) -> keras.KerasTensor:
        return add_head(
            architecture, body.penultimate, body.embedding, classes, activation
        )

    # Weights are assigned strictly to the whole published network, even if its head
    # is dropped afterwards.
    with sized_like(_numbers(pretrained)), numpy_initializers():
        body = architecture.body(**settled)
        output = body.embedding if published is None else scores(published)
    if include_top:
        _check_head(architecture, pretrained, body)
    if pretrained is not None and pretrained.state is not None:
        assign(keras.Model(body.waveform, output), pretrained.state, pretrained.title)
    if not include_top:
        output = body.embedding
    elif not keeps_head:
        output = scores(len(names))

    spec = body.spec.replace(architecture=architecture.name, arguments=settled)
    if pretrained is not None:
        spec = pretrained.describe(spec, keeps_head=include_top and keeps_head)
    if include_top and own_labels is not None and not keeps_head:
        spec = spec.of_own_head()
    model = AudioModel(
        body.waveform,
        output,
        name=name or model_name(architecture, spec.weights),
        spec=spec.replace(labels=tuple(names) if include_top else None),
    )
    if pretrained is None or pretrained.is_random:
        model.random_checksum = kernel_checksum(model)
    elif pretrained.keras_file is not None:
        _load_keras(model, pretrained)
    return model


def _numbers(pretrained: Pretrained | None) -> float:
    """Return how many numbers the weights have; infinity if it is unknown."""
    if pretrained is None or pretrained.state is None:
        return math.inf
    return sum(tensor.size for tensor in pretrained.state.values())


def _activation(
    architecture: Architecture,
    pretrained: Pretrained | None,
    own_labels: Sequence[str] | None,
    keeps_head: bool,
) -> Activation:
    """Return the default activation of a head."""
    if keeps_head and pretrained is not None and pretrained.activation is not None:
        return pretrained.activation
    if keeps_head or own_labels is None:
        return architecture.activation
    return architecture.own_activation(len(own_labels))


def _has_classes(
    architecture: Architecture,
    pretrained: Pretrained | None,
    own_labels: Sequence[str] | None,
) -> bool:
    return (
        architecture.classes is not None
        or own_labels is not None
        or (pretrained is not None and pretrained.classes is not None)
    )


def _check_head(
    architecture: Architecture, pretrained: Pretrained | None, body: Body
) -> None:
    """Check that the weights of a network with classes have a head."""
    if pretrained is None or pretrained.state is None:
        return
    if pretrained.classes is None and architecture.classes is not None:
        network = keras.Model(body.waveform, body.embedding)
        check_kin(network, pretrained.state, pretrained.title)
        raise ValueError(
            f"{pretrained.title!r} contains no weights for the layer "
            f"{architecture.head.scorer!r}. Pass the file of a whole network with its "
            "head, or include_top=False for a network without a head."
        )


def _settle(
    architecture: Architecture,
    arguments: Mapping[str, Any],
    pretrained: Pretrained | None,
) -> dict[str, Any]:
    trained_with = {} if pretrained is None else pretrained.arguments
    offered = {} if pretrained is None else pretrained.free
    unknown = (trained_with.keys() | offered.keys()) - architecture.defaults.keys()
    if pretrained is not None and unknown:
        raise ValueError(
            f"{pretrained.title!r} was written for a {architecture.name} with the "
            f"arguments {', '.join(sorted(unknown))}, which this version does not have."
        )
    given = {
        key: _checked(value, key, architecture.defaults[key])
        for key, value in arguments.items()
        if value is not None
    }
    for key in given.keys() & trained_with.keys():
        if given[key] != trained_with[key]:
            assert pretrained is not None
            raise ValueError(
                f"{architecture.name}: {key}={given[key]!r} contradicts the weights "
                f"{pretrained.title!r}, which have {key}={trained_with[key]!r}. "
                f"Leave {key} out, or use weights=None."
            )
    return {**architecture.defaults, **offered, **trained_with, **given}


def _checked(value: Any, key: str, default: Any) -> Any:
    """Return an argument as a Python object of its kind, for the configuration."""
    if key == "sample_rate":
        return check_rate(value)
    if isinstance(default, float):
        return number(value, key)
    counts = isinstance(default, int) and not isinstance(default, bool)
    if counts or key == "clip_samples":  # its default is None in many networks
        return whole_number(value, key)
    return plain(value)


def _check_top(
    include_top: bool | None,
    labels: Sequence[str] | None,
    classes: int | None,
    classifier_activation: Activation,
) -> None:
    """Check that nothing is asked of a head that the model will not have."""
    asked = {
        "labels": labels is not None,
        "classes": classes is not None,
        "classifier_activation": classifier_activation != "auto",
    }
    if include_top is not None and not include_top and any(asked.values()):
        raise ValueError(
            "include_top=False returns the embedding, which has no "
            f"{' or '.join(key for key, said in asked.items() if said)}. "
            "Leave out one or the other."
        )


def _own_labels(labels: Sequence[str] | None, classes: int | None) -> list[str] | None:
    """Return the user's own class names, if any."""
    if classes is not None:
        classes = whole_number(classes, "classes")
    if labels is None:
        return None if classes is None else _numbered(classes)
    names = class_names(labels)
    if classes is not None and classes != len(names):
        raise ValueError(
            f"classes={classes} contradicts the {len(names)} labels. Pass only one."
        )
    return names


def _fits(own_labels: Sequence[str] | None, pretrained: Pretrained | None) -> bool:
    """Return whether the weights contain the head that was asked for."""
    if own_labels is None or pretrained is None:
        return True
    if pretrained.labels is None or list(own_labels) == _numbered(len(own_labels)):
        return len(own_labels) == pretrained.classes
    return list(own_labels) == [class_name(name) for name in pretrained.labels]


def _default_labels(
    architecture: Architecture, pretrained: Pretrained | None
) -> list[str]:
    if pretrained is not None and pretrained.labels is not None:
        return list(pretrained.labels)
    known = None if pretrained is None else pretrained.classes
    classes = known or architecture.classes
    if classes is None:
        raise ValueError(
            f"{architecture.name} was published without classes. Pass labels=[...] or "
            "classes= for a head of your own, or include_top=False for the embedding."
        )
    return _numbered(classes)


def _numbered(classes: int) -> list[str]:
    return [f"class {index}" for index in range(classes)]


def _load_keras(model: AudioModel, pretrained: Pretrained) -> None:
    try:
        with warnings.catch_warnings():
            # For some missing weights, Keras only warns.
            warnings.simplefilter("error")
            model.load_weights(pretrained.keras_file)
    except (ValueError, KeyError, UserWarning) as error:
        raise ValueError(
            f"{pretrained.title!r} does not fit this {model.spec.architecture} with "
            f"{model.spec.arguments} and output {model.output_shape}. Build it with "
            f"the arguments, labels and top it was saved with. Error of Keras: {error}"
        ) from error


def model_name(architecture: Architecture, tag: str | None) -> str:
    """Return the default name of a model with a tag's weights, or without a tag."""
    name = architecture.model_name or _snake(architecture.name)
    return name if tag is None else f"{name}_{tag.replace('-', '_')}"


def _snake(name: str) -> str:
    words = [
        f"_{char}" if char.isupper() and before.islower() else char
        for before, char in zip(" " + name, name, strict=False)
    ]
    return "".join(words).lower()
