"""The description of an architecture: graph, head, arguments, upstream formats."""

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
        penultimate: Input of the head: (batch, features), or (batch, patches,
            features) if the head scores every patch and averages the scores.
        spec: Rate, lengths and front-end; labels and origin are added later.
    """

    waveform: keras.KerasTensor
    embedding: keras.KerasTensor
    penultimate: keras.KerasTensor
    spec: AudioSpec


@dataclass(frozen=True)
class Head:
    """The last layers of a network, which compute the scores of the classes.

    Attributes:
        build: Function of the penultimate output, the embedding, the number of classes
            and their activation that returns scores (batch, classes), the output of a
            layer named `predictions`. It may add further layers; except for
            `predictions` and the scorer, their names begin with ``head_``.
        scorer: Name of the layer that has one unit per class.
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
    """Return a head that scores every patch or frame and pools the scores per clip.

    Args:
        scorer: Name of the layer that returns scores (batch, pieces, classes).
        pooling: Layer that pools them to scores (batch, classes).
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
    """An architecture: its name, graph, arguments and upstream formats.

    Attributes:
        name: Name of the factory.
        body: Function that builds the graph from the architecture arguments.
        defaults: Architecture arguments and their defaults.
        free: Arguments that the weights do not depend on, such as the input length.
        converters: Upstream format -> reader of such a file.
        suffixes: File suffix -> upstream format, for `weights=path`.
        clips: Upstream format -> fields of the spec that describe how the original
            processes whole clips, if it differs from the architecture's default.
        classes: Default number of classes; None if the network was published without a
            head.
        activation: Activation of the published head.
        overlapping: Whether several classes can occur at once. Then a head for the
            user's own classes also returns independent probabilities.
        head: The last layers, for published classes and the user's own.
        model_name: Name of its models, before the tag; None for the factory's name in
            snake case.
        example: Arguments of the example in the factory's docstring: typical classes,
            and a size that is built quickly.
        bundled: Tag of weights that come with the package, for that example.
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
        """Register the architecture, so that saved models find it by its name."""
        ARCHITECTURES[self.name] = self

    def own_activation(self, classes: int) -> str:
        """Return the activation of a head for the user's own classes."""
        return own_activation(classes, self.overlapping)


ARCHITECTURES: dict[str, Architecture] = {}


def own_activation(classes: int, overlapping: bool = False) -> str:
    """Return "softmax" for several classes that exclude each other, else "sigmoid"."""
    return "sigmoid" if overlapping or classes == 1 else "softmax"
