"""Find and read what `weights=` names: a tag of the manifest or a file."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple

from kerasaudio.checkpoints.native import State
from kerasaudio.core.provenance import read_from
from kerasaudio.core.saved import FILE, is_saved, read_saved
from kerasaudio.core.spec import AudioSpec
from kerasaudio.weights.load import load_state
from kerasaudio.weights.manifest import find, tags

Weights = str | PathLike[str] | None

TORCH_FILE = "pytorch_model.bin"  # in a folder of the Hub, instead of FILE


class Converted(NamedTuple):
    """The content of an upstream file, with our names.

    Attributes:
        state: Tensors by `layer/variable`.
        arguments: Architecture arguments that follow from the shapes in the file.
        labels: Names of the classes; None if they are unknown.
    """

    state: State
    arguments: Mapping[str, Any] = {}
    labels: tuple[str, ...] | None = None


# Of the file; if the original consists of several, of all, the main one first.
Converter = Callable[..., Converted]

# Fields of a spec that describe the origin of the weights.
ORIGIN = (
    *("weights", "weights_hash", "trained_on", "learned_files", "provenance"),
    *("license", "citation", "homepage", "metrics"),
)


@dataclass(frozen=True)
class Pretrained:
    """Weights that were read.

    Attributes:
        title: `factory/tag`, or the path.
        state: Tensors by `layer/variable`; None for a Keras file, which can only be
            read into the finished model.
        scorer: Name of the layer that scores the classes.
        arguments: Architecture arguments that the weights require.
        free: Other arguments of the saved model, used as defaults.
        labels: Labels of the published head.
        activation: Activation of the published head; None for the architecture's.
        origin: Fields for the model's spec.
        spec: Spec of the model that the file was written from.
        keras_file: Path of a `.weights.h5` file.
        is_random: Whether the file says that its weights are random.
    """

    title: str
    state: State | None
    scorer: str = "predictions"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    free: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    activation: str | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    spec: AudioSpec | None = None
    keras_file: Path | None = None
    is_random: bool = False

    @property
    def classes(self) -> int | None:
        """Number of classes of the published head; None if there is none."""
        bias = (self.state or {}).get(f"{self.scorer}/bias")
        if bias is None:
            return None
        return len(bias) if bias.ndim else 1  # `assign` reports a single number

    def describe(self, spec: AudioSpec, *, keeps_head: bool) -> AudioSpec:
        """Return the spec of an architecture with the origin of the weights.

        Args:
            spec: Spec of the model that is built, with its architecture arguments.
            keeps_head: Whether the model has the published head, to which `metrics`
                belong.
        """
        if self.spec is not None and self.spec.arguments == spec.arguments:
            spec = self.spec  # includes its windows, which may have been changed
        spec = spec.replace(**self.origin)
        return spec if keeps_head else spec.replace(metrics={})


def find_weights(
    factory: str,
    weights: Weights,
    *,
    defaults: Mapping[str, Any],
    converters: Mapping[str, Converter],
    suffixes: Mapping[str, str],
    scorer: str,
    clips: Mapping[str, Mapping[str, Any]],
) -> Pretrained | None:
    """Read the weights that `weights=` names.

    Args:
        factory: Name of the factory.
        weights: None, a tag of the manifest, or a path.
        defaults: Architecture arguments that a tag implies unless it sets them.
        converters: Upstream format -> reader of such a file.
        suffixes: File suffix -> upstream format.
        scorer: Name of the layer that scores the classes.
        clips: Upstream format -> fields of the spec that describe how the original
            processes whole clips.

    Raises:
        ValueError: The tag or the format of the file is unknown, or the file belongs
            to another factory.
        OSError: The weights are unavailable, or differ from the manifest's hash.
    """
    if weights is None:
        return None
    path = Path(weights)
    named = isinstance(weights, str) and not path.suffix and path.name == weights
    if not named or (weights not in tags(factory) and _holds(path, suffixes)):
        return _from_file(factory, path, defaults, converters, suffixes, scorer, clips)
    assert isinstance(weights, str)
    entry = find(factory, weights)
    state, source = load_state(
        entry, {name: _state_only(convert) for name, convert in converters.items()}
    )
    return Pretrained(
        title=f"{factory}/{weights}",
        state=state,
        scorer=scorer,
        arguments={**defaults, **entry.arguments},
        labels=entry.labels or None,
        origin={
            **clips.get(source.format, {}),
            "weights": entry.tag,
            "weights_hash": source.pin,
            "license": entry.license,
            "citation": entry.citation,
            "homepage": entry.homepage,
            "metrics": entry.metrics,
        },
    )


def _state_only(convert: Converter) -> Callable[..., State]:
    return lambda *paths: convert(*paths).state


def _from_file(
    factory: str,
    path: Path,
    defaults: Mapping[str, Any],
    converters: Mapping[str, Converter],
    suffixes: Mapping[str, str],
    scorer: str,
    clips: Mapping[str, Mapping[str, Any]],
) -> Pretrained:
    try:
        path = weights_file(path, suffixes)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{factory}: there is no weights file {fspath(path)!r}. For published "
            f"weights pass a tag; see kerasaudio.list_weights()."
        ) from error
    title = fspath(path)
    if path.name.endswith(".weights.h5"):
        return Pretrained(title, None, scorer, origin=_of_file(path), keras_file=path)
    native = path.suffix == ".safetensors"
    if native and (path.suffix not in suffixes or is_saved(path)):
        return _from_native(factory, path, defaults, scorer)
    if path.suffix in suffixes:
        form = suffixes[path.suffix]
        converted = converters[form](path)
        return Pretrained(
            title,
            converted.state,
            scorer,
            converted.arguments,
            labels=converted.labels,
            origin={**clips.get(form, {}), **_of_file(path)},
        )
    known = dict.fromkeys([".weights.h5", ".safetensors", *suffixes])
    raise ValueError(
        f"{factory} reads weights from {', '.join(known)} files. Received: {title!r}."
    )


def _of_file(path: Path) -> dict[str, Any]:
    """Return the fields by which the weights of a file differ from random ones."""
    step = read_from(path)
    return {"weights_hash": step["hash"], "provenance": (step,)}


def weights_file(path: Path, suffixes: Collection[str]) -> Path:
    """Return the weights file that a path names: itself, or the one in a folder.

    Args:
        path: Path of a file, or of a folder as on the Hugging Face Hub.
        suffixes: Suffixes of the files that can be read, besides our own.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The folder has only weights in several files.
    """
    if path.is_file():
        return path
    for name in _names(suffixes):
        if (path / name).is_file():
            return path / name
    if parts := _parts(path):
        raise ValueError(
            f"{fspath(path)!r} has its weights in several files, {parts[0].name} and "
            "others, which cannot be read. Save them as one: in transformers, "
            'model.save_pretrained(folder, max_shard_size="100GB").'
        )
    raise FileNotFoundError(
        f"There is no weights file {fspath(path)!r}, nor a folder with one of "
        f"{', '.join(_names(suffixes))}."
    )


def _names(suffixes: Collection[str]) -> list[str]:
    """Return the names of weights files in folders."""
    return [FILE, *([TORCH_FILE] if Path(TORCH_FILE).suffix in suffixes else [])]


def _parts(folder: Path) -> list[Path]:
    """Return the files of weights that the Hub has in several, in order."""
    return sorted(folder.glob("*-00001-of-*.*")) if folder.is_dir() else []


def _holds(folder: Path, suffixes: Collection[str]) -> bool:
    """Return whether a folder has weights, in one file or in several."""
    whole = any((folder / name).is_file() for name in _names(suffixes))
    return whole or bool(_parts(folder))


def _from_native(
    factory: str, path: Path, defaults: Mapping[str, Any], scorer: str
) -> Pretrained:
    saved, title = read_saved(path), fspath(path)
    spec = saved.spec
    if spec is None:
        return Pretrained(title, saved.state, scorer)
    if spec.architecture != factory:
        raise ValueError(
            f"{title!r} contains the weights of a {spec.architecture}, not of a "
            f"{factory}. Give it as weights= of a {spec.architecture}."
        )
    bias = saved.state.get(f"{scorer}/bias")
    if len(spec.labels or ()) != (0 if bias is None else len(bias)):
        raise ValueError(
            f"{title!r} is damaged: it has {len(spec.labels or ())} labels, but "
            f"weights for {0 if bias is None else len(bias)}."
        )
    needed = {key: spec.arguments[key] for key in spec.arguments if key in defaults}
    return Pretrained(
        title,
        saved.state,
        scorer,
        needed,
        free={k: v for k, v in spec.arguments.items() if k not in needed},
        labels=spec.labels,
        activation=saved.activation,
        origin={key: getattr(spec, key) for key in ORIGIN},
        spec=spec,
        is_random=saved.is_random,
    )
