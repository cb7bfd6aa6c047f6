"""From an architecture and a wish to a model: arguments, weights, head, spec."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerasaudio.arguments import class_name, class_names, number, plain, whole_number
from kerasaudio.audio.check import check_rate
from kerasaudio.checkpoints.native import assign
from kerasaudio.core.architecture import Activation, Architecture
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.heads import add_head
from kerasaudio.core.initializers import numpy_initializers
from kerasaudio.core.pretrained import Pretrained, Weights, find_weights


def assemble(
    architecture: Architecture,
    *,
    weights: Weights,
    include_top: bool,
    labels: Sequence[str] | None,
    classes: int | None,
    classifier_activation: Activation,
    name: str | None,
    **arguments: Any,
) -> AudioModel:
    """Build the model that a factory was asked for.

    Args:
        architecture: What to build.
        weights: None, a tag of the manifest, or a path.
        include_top: Whether to end in class scores rather than in the embedding.
        labels: Names of the classes.
        classes: Number of classes, for those who have no names.
        classifier_activation: Of the head. "auto": the published one with the
            published head, softmax over the user's own labels (sigmoid for one, or
            where sounds overlap).
        name: Of the model; None for the architecture's, with the tag: models of two
            tags have different names, and can be parts of one.
        **arguments: Architecture arguments; None means the weights' or the default.

    Raises:
        ValueError: Arguments contradict each other or the weights; an unknown tag; a
            file that does not fit.
        OSError: Weights cannot be had, or are not what the manifest pins.
    """
    own_labels = _own_labels(include_top, labels, classes, classifier_activation)
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
    settled = _settle(architecture, arguments, pretrained)
    published = _published_classes(architecture, pretrained, include_top)
    keeps_head = published is not None and _fits(own_labels, pretrained)
    names = own_labels or []
    if include_top and (own_labels is None or (keeps_head and labels is None)):
        names = _default_labels(architecture, pretrained)
    activation = classifier_activation
    if activation == "auto":
        activation = _activation(architecture, pretrained, own_labels, keeps_head)

    with numpy_initializers():
        body = architecture.body(**settled)

    def scores(classes: int) -> keras.KerasTensor:
        return add_head(
            architecture, body.penultimate, body.embedding, classes, activation
        )

    # The whole published network is filled, strictly, before its head may be dropped.
    output = body.embedding if published is None else scores(published)
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
    if pretrained is not None and pretrained.keras_file is not None:
        _load_keras(model, pretrained)
    return model


def _activation(
    architecture: Architecture,
    pretrained: Pretrained | None,
    own_labels: Sequence[str] | None,
    keeps_head: bool,
) -> Activation:
    """Give the activation of a head where none was asked for."""
    if keeps_head and pretrained is not None and pretrained.activation is not None:
        return pretrained.activation
    if keeps_head or own_labels is None:
        return architecture.activation
    return architecture.own_activation(len(own_labels))


def _published_classes(
    architecture: Architecture, pretrained: Pretrained | None, include_top: bool
) -> int | None:
    if pretrained is None or pretrained.state is None:
        return None
    headless = pretrained.classes is None and architecture.classes is not None
    if headless and include_top:
        raise ValueError(
            f"{pretrained.title!r} holds no weights of the layer "
            f"{architecture.head.scorer!r}. Give the file of a whole network, head "
            "included; include_top=False takes one without, or drops it."
        )
    return pretrained.classes


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
    """Give an argument as the configuration holds it: Python's own, of its kind."""
    if key == "sample_rate":
        return check_rate(value)
    if isinstance(default, float):
        return number(value, key)
    counts = isinstance(default, int) and not isinstance(default, bool)
    if counts or key == "clip_samples":  # which is None in many networks
        return whole_number(value, key)
    return plain(value)


def _own_labels(
    include_top: bool,
    labels: Sequence[str] | None,
    classes: int | None,
    classifier_activation: Activation,
) -> list[str] | None:
    """Check what was said of the head; give the user's own class names, if any."""
    asked = {
        "labels": labels is not None,
        "classes": classes is not None,
        "classifier_activation": classifier_activation != "auto",
    }
    if not include_top and any(asked.values()):
        raise ValueError(
            "include_top=False ends in the embedding, which has no "
            f"{' or '.join(key for key, said in asked.items() if said)}. "
            "Leave out one or the other."
        )
    if classes is not None:
        classes = whole_number(classes, "classes")
    if labels is None:
        return None if classes is None else _numbered(classes)
    names = class_names(labels)
    if classes is not None and classes != len(names):
        raise ValueError(
            f"classes={classes} contradicts the {len(names)} labels. Give one of them."
        )
    return names


def _fits(own_labels: Sequence[str] | None, pretrained: Pretrained | None) -> bool:
    """Tell whether the head in the weights is the one that was asked for."""
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
            f"{architecture.name} was published without classes. Give labels=[...] or "
            "classes= for a head of your own, or include_top=False for the embedding."
        )
    return _numbered(classes)


def _numbered(classes: int) -> list[str]:
    return [f"class {index}" for index in range(classes)]


def _load_keras(model: AudioModel, pretrained: Pretrained) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras only warns of some missing weights
            model.load_weights(pretrained.keras_file)
    except (ValueError, KeyError, UserWarning) as error:
        raise ValueError(
            f"{pretrained.title!r} does not fit this {model.spec.architecture} with "
            f"{model.spec.arguments} and output {model.output_shape}. Build it with "
            f"the arguments, labels and top it was saved with. Keras says: {error}"
        ) from error


def model_name(architecture: Architecture, tag: str | None) -> str:
    """Give the name of models with a tag's weights, or with others."""
    name = architecture.model_name or _snake(architecture.name)
    return name if tag is None else f"{name}_{tag.replace('-', '_')}"


def _snake(name: str) -> str:
    words = [
        f"_{char}" if char.isupper() and before.islower() else char
        for before, char in zip(" " + name, name, strict=False)
    ]
    return "".join(words).lower()
