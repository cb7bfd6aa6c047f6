"""What `weights=` means: a tag of the manifest or a file, read and converted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple

from kerasaudio.weights.convert.native import State, read_native
from kerasaudio.weights.load import load_state
from kerasaudio.weights.manifest import find

Weights = str | PathLike[str] | None

# A network that hears patches or frames scores each of them.
_HEADS = ("predictions/bias", "patch_scores/bias", "frame_scores/bias")


class Converted(NamedTuple):
    """An upstream file in our terms.

    Attributes:
        state: Tensors by `layer/variable`.
        arguments: Architecture arguments that the shapes in the file tell.
        spec: Fields of the spec that the original has so: its windows of a clip.
    """

    state: State
    arguments: Mapping[str, Any] = {}
    spec: Mapping[str, Any] = {}


Converter = Callable[[Path], Converted]


@dataclass(frozen=True)
class Pretrained:
    """Weights at hand.

    Attributes:
        title: `factory/tag`, or the path.
        state: Tensors by `layer/variable`; None for a Keras file, which can only be
            read into the finished model.
        arguments: Architecture arguments that the weights need; others are free.
        labels: Of the published head.
        origin: Fields for the model's spec.
        keras_file: A `.weights.h5`.
    """

    title: str
    state: State | None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    keras_file: Path | None = None

    @property
    def classes(self) -> int | None:
        """Number of classes of the published head; None if there is none."""
        state = self.state or {}
        return next((len(state[bias]) for bias in _HEADS if bias in state), None)


def find_weights(
    factory: str,
    weights: Weights,
    *,
    defaults: Mapping[str, Any],
    converters: Mapping[str, Converter],
    suffixes: Mapping[str, str],
) -> Pretrained | None:
    """Read what `weights=` names.

    Args:
        factory: Name of the factory.
        weights: None, a tag of the manifest, or a path.
        defaults: Architecture arguments that a tag implies where it names none.
        converters: Upstream format -> reader of such a file.
        suffixes: File suffix -> upstream format.

    Raises:
        ValueError: An unknown tag, or a file of an unknown format.
        OSError: Weights cannot be had, or are not what the manifest pins.
    """
    if weights is None:
        return None
    path = Path(weights)
    if not isinstance(weights, str) or path.suffix or path.name != weights:
        return _from_file(factory, path, converters, suffixes)
    entry = find(factory, weights)
    spec: dict[str, Any] = {}
    state, source = load_state(
        entry,
        {name: _state_only(convert, spec) for name, convert in converters.items()},
    )
    return Pretrained(
        title=f"{factory}/{weights}",
        state=state,
        arguments={**defaults, **entry.arguments},
        labels=entry.labels or None,
        origin={
            **spec,
            "weights": entry.tag,
            "weights_hash": source.pin,
            "licence": entry.licence,
            "citation": entry.citation,
            "homepage": entry.homepage,
            "metrics": entry.metrics,
        },
    )


def _state_only(convert: Converter, spec: dict[str, Any]) -> Callable[[Path], State]:
    def read(path: Path) -> State:
        converted = convert(path)
        spec.update(converted.spec)
        return converted.state

    return read


def _from_file(
    factory: str,
    path: Path,
    converters: Mapping[str, Converter],
    suffixes: Mapping[str, str],
) -> Pretrained:
    if not path.is_file():
        raise FileNotFoundError(
            f"{factory}: there is no weights file {fspath(path)!r}. Published weights "
            f"have a tag instead; see kerasaudio.list_weights()."
        )
    title = fspath(path)
    if path.name.endswith(".weights.h5"):
        return Pretrained(title, None, keras_file=path)
    if path.suffix in suffixes:
        converted = converters[suffixes[path.suffix]](path)
        return Pretrained(
            title, converted.state, converted.arguments, origin=converted.spec
        )
    if path.suffix == ".safetensors":
        return Pretrained(title, read_native(path))
    known = [".weights.h5", ".safetensors", *suffixes]
    raise ValueError(
        f"{factory} reads weights from {', '.join(known)} files. Received: {title!r}."
    )
