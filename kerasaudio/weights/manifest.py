"""Read `weights_manifest.json`, the list of published weights, as immutable records."""

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from kerasaudio.moved import old_attribute, renamed
from kerasaudio.text import did_you_mean
from kerasaudio.weights.label_lists import label_list

MANIFEST_VARIABLE = "KERASAUDIO_MANIFEST"
TASKS = ("tagging", "music", "speech", "speaker", "events", "embedding")
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    """A place where a file is available, and the hash of the file.

    Attributes:
        kind: "bundled" (in the package), "hub" (Hugging Face Hub) or "https".
        format: Name of the converter; "native" needs none.
        path: Path of the file below `weights/bundled`, or in the Hub repository.
        url: Address of the file, for "https".
        repo: Hub repository, `owner/name`.
        revision: Commit of the Hub repository, 40 hex digits.
        sha256: Hash of the file, unless `git_blob` is set. A source without a hash is
            not used.
        git_blob: Object id of the file in git.
        size: Size in bytes; None if unknown.
        companions: Further files that the converter needs, if the original consists of
            several.

    Examples:
        >>> source = kerasaudio.weights.find("MusiCNN", "mtat").sources[0]
        >>> source.kind, source.file_name
        ('bundled', 'musicnn_mtat.safetensors')
    """

    kind: Literal["bundled", "hub", "https"]
    format: str
    path: str | None = None
    url: str | None = None
    repo: str | None = None
    revision: str | None = None
    sha256: str | None = None
    git_blob: str | None = None
    size: int | None = None
    companions: tuple["Source", ...] = ()

    @property
    def pin(self) -> str | None:
        """The hash with its kind: ``sha256:...`` or ``git_blob:...``."""
        if self.sha256 is not None:
            return f"sha256:{self.sha256}"
        return None if self.git_blob is None else f"git_blob:{self.git_blob}"

    @property
    def file_name(self) -> str:
        """The file's own name, such as ``model.safetensors``."""
        path = self.path or unquote(urlsplit(self.url or "").path)
        # Addresses of Zenodo's interface end so, after the name.
        return path.removesuffix("/content").rpartition("/")[2]

    @property
    def address(self) -> str:
        """Description of the place, for messages."""
        if self.kind == "bundled":
            return f"the package's own {self.path}"
        if self.kind == "hub":
            return (
                f"Hugging Face Hub {self.repo}@{(self.revision or '')[:8]}/{self.path}"
            )
        return str(self.url)


@renamed(licence="license")
@dataclass(frozen=True)
class WeightsEntry:
    """Published weights of a factory.

    Attributes:
        factory: Name of the factory, such as "SampleCNN".
        tag: Name of the weights for `weights=`, such as "mtat".
        arguments: Architecture arguments that these weights require.
        labels: Names of the outputs, in order; empty if the network has no classes.
        parameters: Number of trainable parameters; None if unknown.
        license: SPDX identifier of the weights' license.
        citation: Papers to cite.
        homepage: Address where the weights come from.
        metrics: "dataset" and the published results on it; empty if there are none.
        sources: Places of the file, in the order to try.
        training: "data", "script" and "seed" of weights trained by this project;
            otherwise empty.
        task: What the network is for, one of `TASKS`; see `list_weights`.
        data: Names of the data sets that the weights were trained on.
        sample_rate: Sample rate of the network's input in Hz; None if not stated.

    Examples:
        >>> entry = kerasaudio.weights.find("MusiCNN", "mtat")
        >>> entry.title, entry.license, entry.is_bundled, entry.labels[:2]
        ('MusiCNN/mtat', 'ISC', True, ('guitar', 'classical'))
    """

    factory: str
    tag: str
    arguments: Mapping[str, Any] = field(hash=False)
    labels: tuple[str, ...] = field(repr=False)
    parameters: int | None
    license: str
    citation: str = field(repr=False)
    homepage: str
    metrics: Mapping[str, Any] = field(hash=False)
    sources: tuple[Source, ...]
    training: Mapping[str, Any] = field(default_factory=dict, hash=False)
    task: str = "tagging"
    data: tuple[str, ...] = ()
    sample_rate: int | None = None

    licence = old_attribute("licence", "license")

    @property
    def title(self) -> str:
        """Factory and tag, such as ``MusiCNN/mtat``."""
        return f"{self.factory}/{self.tag}"

    @property
    def pinned_sources(self) -> tuple[Source, ...]:
        """The sources whose hash is known; the others are not used."""
        return tuple(source for source in self.sources if source.pin)

    @property
    def is_bundled(self) -> bool:
        """Whether the file comes with the package, so that no network is needed."""
        return any(source.kind == "bundled" for source in self.pinned_sources)

    @property
    def is_non_commercial(self) -> bool:
        """Whether the license forbids commercial use, such as ``CC-BY-NC-4.0``."""
        return "NC" in self.license.upper().split("-")

    @property
    def approximate_size(self) -> int | None:
        """Size in bytes, estimated from the parameters if no source states it."""
        for source in self.pinned_sources:
            if source.size is not None:
                others = sum(other.size or 0 for other in source.companions)
                return source.size + others
        return None if self.parameters is None else 4 * self.parameters


def tags(factory: str) -> list[str]:
    """Return the tags of a factory that `weights=` accepts.

    Examples:
        >>> kerasaudio.weights.tags("MusicVGG")
        ['mtat', 'msd']
        >>> kerasaudio.weights.tags("MelResNet50")
        []
    """
    return [
        entry.tag
        for entry in load_manifest()
        if entry.factory == factory and entry.pinned_sources
    ]


def find(factory: str, tag: str) -> WeightsEntry:
    """Return the entry of a factory and a tag.

    Raises:
        ValueError: There is no such entry (the message lists those available), or the
            hash of its file is unknown.

    Examples:
        >>> kerasaudio.weights.find("YAMNet", "audioset").metrics["dataset"]
        'AudioSet'
    """
    for entry in load_manifest():
        if (entry.factory, entry.tag) == (factory, tag):
            if entry.pinned_sources:
                return entry
            raise ValueError(
                f"{entry.title} is listed, but the hash of its file is not known yet, "
                f"so it cannot be verified and is unavailable. {_offer(factory)}"
            )
    raise ValueError(
        f"Unknown weights={tag!r} for {factory}.{did_you_mean(tag, tags(factory))} "
        f"{_offer(factory)}{_elsewhere(tag)} weights= also takes None or the path of a "
        "file."
    )


def _offer(factory: str) -> str:
    offered = ", ".join(repr(tag) for tag in tags(factory))
    return f"{factory} has {offered or 'no published weights'}."


def _elsewhere(tag: str) -> str:
    """Say which factories have weights of this tag, or nothing."""
    entries = [entry for entry in load_manifest() if entry.pinned_sources]
    having = ", ".join(entry.factory for entry in entries if entry.tag == tag)
    return f" {tag!r} are weights of: {having}." if having else ""


def manifest_path() -> Path:
    """Return the path of the manifest in use.

    The environment variable KERASAUDIO_MANIFEST names another file, for mirrors and
    your own weights. Its labels are read from the folder `labels` next to it, then from
    the package.
    """
    if chosen := os.environ.get(MANIFEST_VARIABLE):
        return Path(chosen)
    installed = _installed()
    return installed if installed.is_file() else _HERE.parents[1] / installed.name


def _installed() -> Path:
    """Return the path of the manifest of an installed package; not of a checkout."""
    return _HERE / "weights_manifest.json"


def load_manifest() -> tuple[WeightsEntry, ...]:
    """Read and check the manifest; the result is cached until the file changes.

    Entries with unknown hashes are included; `list_weights` leaves them out. An entry
    that states no task is for "tagging", or for "embedding" if it has no labels; one
    that states no data was trained on the data set of its metrics.

    Raises:
        ValueError: The file is invalid.
        OSError: The file cannot be read.
    """
    path = manifest_path()
    status = path.stat()
    return _load(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=8)
def _load(path: Path, mtime_ns: int, size: int) -> tuple[WeightsEntry, ...]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    # Ours is checked by a test. To import jsonschema can take seconds, so that it is
    # only asked what is wrong with ours if this shows.
    if os.environ.get(MANIFEST_VARIABLE):
        _validate(content, path)
    try:
        entries = tuple(_entry(raw, path) for raw in content["weights"])
    except (KeyError, TypeError, AttributeError):
        _validate(content, path)
        raise
    titles = [entry.title for entry in entries]
    if repeated := sorted({title for title in titles if titles.count(title) > 1}):
        raise ValueError(f"{path} lists {', '.join(repeated)} more than once.")
    return entries


def _validate(content: object, path: Path) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = json.loads((_HERE / "manifest.schema.json").read_text(encoding="utf-8"))
    error = best_match(Draft202012Validator(schema).iter_errors(content))
    if error is not None:
        raise ValueError(f"{path} is not valid at {error.json_path}: {error.message}")


def _entry(raw: dict[str, Any], path: Path) -> WeightsEntry:
    title = f"{raw['factory']}/{raw['tag']}"
    metrics = raw["metrics"] or {}
    return WeightsEntry(
        **{"task": "embedding" if raw["labels"] is None else "tagging"}
        | raw
        | {
            "labels": _labels(raw["labels"], title, path),
            "metrics": metrics,
            "data": tuple(raw.get("data", [metrics["dataset"]] if metrics else [])),
            "sources": tuple(_source(source) for source in raw["sources"]),
        }
    )


def _source(raw: dict[str, Any]) -> Source:
    companions = tuple(_source(other) for other in raw.get("companions", ()))
    return Source(**raw | {"companions": companions})


def _labels(name: str | None, title: str, path: Path) -> tuple[str, ...]:
    if name is None:
        return ()
    try:
        return label_list(name, path.parent / "labels")
    except FileNotFoundError as error:
        raise ValueError(f"{path}: {title} needs {error}.") from error
