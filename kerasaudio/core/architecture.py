"""What a paper family is: its graph, its head, its arguments, its upstream formats."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras

from kerasaudio.core.patchwise import ClipScores
from kerasaudio.core.pretrained import Converter
from kerasaudio.core.spec import AudioSpec

Activation = str | Callable[..., Any] | None
HeadBuilder = Callable[
    [keras.KerasTensor, keras.KerasTensor, int, Activation], keras.KerasTensor
]


class Body(NamedTuple):
    """A network up to its head.

    Attributes:
        waveform: Input, (batch, samples).
        embedding: Output of the layer named `embedding`, (batch, features).
        penultimate: What the head sees: (batch, features), or (batch, patches,
            features) where it scores every patch and the scores are averaged.
        spec: Rate, lengths and front-end; labels and origin are filled in later.
    """

    waveform: keras.KerasTensor
    embedding: keras.KerasTensor
    penultimate: keras.KerasTensor
    spec: AudioSpec


@dataclass(frozen=True)
class Head:
    """How a network ends: from what it heard to scores of classes.

    Attributes:
        build: From the penultimate output, the embedding, the number of classes and
            their activation to scores (batch, classes), the output of a layer named
            `predictions`. Any number of layers; those besides `predictions` and the
            scorer have names that begin with ``head_``.
        scorer: Name of the layer that has a unit for each class.
    """

    build: HeadBuilder
    scorer: str = "predictions"


def _score(name: str, classes: int, activation: Activation) -> keras.layers.Layer:
    # Probabilities stay in float32 under a mixed-precision policy.
    return keras.layers.Dense(
        classes, activation=activation, name=name, dtype="float32"
    )


def _dense(
    seen: keras.KerasTensor,
    embedding: keras.KerasTensor,
    classes: int,
    activation: Activation,
) -> keras.KerasTensor:
    return _score("predictions", classes, activation)(seen)


DENSE = Head(_dense)


def score_pieces(
    scorer: str = "patch_scores", pooling: type[ClipScores] = ClipScores
) -> Head:
    """Give the head that scores every patch or frame, and makes of those a clip's.

    Args:
        scorer: Name of the layer of scores (batch, pieces, classes).
        pooling: Layer that makes scores (batch, classes) of them.
    """

    def build(
        seen: keras.KerasTensor,
        embedding: keras.KerasTensor,
        classes: int,
        activation: Activation,
    ) -> keras.KerasTensor:
        scores = _score(scorer, classes, activation)(seen)
        return pooling(name="predictions")([scores, embedding])

    return Head(build, scorer)


@dataclass(frozen=True)
class Architecture:
    """A paper family: its name, graph, arguments and upstream formats.

    Attributes:
        name: Of the factory.
        body: Builds the graph from the architecture arguments.
        defaults: Architecture arguments and their defaults.
        free: Those that weights do not depend on, such as the length of the input.
        converters: Upstream format -> reader of such a file.
        suffixes: File suffix -> upstream format, for `weights=path`.
        clips: Upstream format -> fields of the spec that say how the original hears
            whole clips, where that is not how the architecture does.
        classes: Number of classes where neither weights nor the user say one; None if
            the network was published without a head.
        activation: Of the published head.
        overlapping: Whether classes do not exclude each other, the user's own neither:
            their head, too, gives independent probabilities.
        head: How it ends, with published classes or the user's own.
        model_name: Of its models, before the tag; None for the factory's in snake case.
        example: Arguments of the example in its docstring: classes of the sort that it
            is for, and a size that is built in no time.
        bundled: A tag of weights that come with the package, for that example.
    """

    name: str
    body: Callable[..., Body]
    defaults: Mapping[str, Any]
    free: Collection[str] = ()
    converters: Mapping[str, Converter] = field(default_factory=dict)
    suffixes: Mapping[str, str] = field(default_factory=dict)
    clips: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    classes: int | None = 50
    activation: str = "sigmoid"
    overlapping: bool = False
    head: Head = DENSE
    model_name: str | None = None
    example: Mapping[str, Any] = field(default_factory=dict)
    bundled: str | None = None

    def __post_init__(self) -> None:
        """Let models that were saved find it by the name in their spec."""
        ARCHITECTURES[self.name] = self

    def own_activation(self, classes: int) -> str:
        """Give the activation of a head of the user's own classes."""
        return own_activation(classes, self.overlapping)


ARCHITECTURES: dict[str, Architecture] = {}


def own_activation(classes: int, overlapping: bool = False) -> str:
    """Give "softmax" for several classes that exclude each other, else "sigmoid"."""
    return "sigmoid" if overlapping or classes == 1 else "softmax"
