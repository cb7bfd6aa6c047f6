"""`kerasaudio list`, `info` and `download`: the networks and their weights."""

import argparse
import inspect
import json
from collections.abc import Iterable
from typing import Any

from kerasaudio.cli.common import complain
from kerasaudio.cli.wording import MODEL_WORDS, Words
from kerasaudio.text import columns, megabytes
from kerasaudio.weights.manifest import (
    WeightsEntry,
    did_you_mean,
    find,
    list_weights,
    tags,
)

_WORDS: Words = {
    **MODEL_WORDS,
    "weights": "tag",
    " weights= also takes None or the path of a file.": "",
}


def add(commands: Any) -> None:
    """Register the commands."""
    listing = commands.add_parser("list", help="list the published weights")
    listing.add_argument("model", nargs="?", metavar="MODEL")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list, wording=_WORDS)

    info = commands.add_parser("info", help="describe a model and its weights")
    info.add_argument("words", nargs="+", metavar="MODEL [TAG]")
    info.add_argument("--json", action="store_true")
    info.set_defaults(run=_info, wording=_WORDS)

    download = commands.add_parser("download", help="download weights ahead of time")
    download.add_argument("words", nargs="+", metavar="MODEL TAG | MODEL/TAG")
    download.set_defaults(run=_download, wording=_WORDS)


def _list(options: argparse.Namespace) -> int:
    entries = list_weights(options.model)
    if options.json:
        print(json.dumps([_facts(entry) for entry in entries], indent=2))
        return 0
    heading = ("model", "weights", "size", "license", "where", "published")
    rows: list[tuple[str, ...]] = [heading]
    for entry in entries:
        where = "in the package" if entry.is_bundled else "download"
        size = megabytes(entry.approximate_size)
        scores = _readable(dict(entry.metrics))
        rows.append((entry.factory, entry.tag, size, entry.license, where, scores))
    print(columns(rows))
    return 0


def _info(options: argparse.Namespace) -> int:
    from kerasaudio.models import FACTORIES

    factory, _, tag = "/".join(options.words).partition("/")
    if factory not in FACTORIES:
        raise ValueError(
            f"Unknown model {factory!r}.{did_you_mean(factory, FACTORIES)} The "
            f"models are: {', '.join(sorted(FACTORIES))}."
        )
    # The docstring describes input and output; building the network takes seconds.
    described = (inspect.getdoc(FACTORIES[factory]) or "").partition("\nArgs:")[0]
    if tag:
        entry = find(factory, tag)
        facts = _facts(entry) | {"labels": list(entry.labels)}
    else:
        facts = {"model": factory, "weights": tags(factory)}
    if options.json:
        print(json.dumps(facts | {"description": described.strip()}, indent=2))
        return 0
    rows: list[tuple[str, ...]] = [
        (key, _readable(value)) for key, value in facts.items() if value
    ]
    print(f"{described.strip()}\n\n{columns(rows)}")
    return 0


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        named = {"" if key == "dataset" else key: said for key, said in value.items()}
        return ", ".join(
            f"{key.replace('_', ' ')} {said}".strip() for key, said in named.items()
        )
    if not isinstance(value, list):
        return str(value)
    # "Bird vocalization, bird call, bird song" is one label.
    return ("; " if any("," in item for item in value) else ", ").join(value)


def _facts(entry: WeightsEntry) -> dict[str, Any]:
    return {
        "model": entry.factory,
        "weights": entry.tag,
        "bundled": entry.is_bundled,
        "bytes": entry.approximate_size,
        "parameters": entry.parameters,
        "license": entry.license,
        "metrics": dict(entry.metrics),
        "homepage": entry.homepage,
        "citation": entry.citation,
        "training": dict(entry.training),
        "sources": [
            file.address
            for source in entry.pinned_sources
            for file in (source, *source.companions)
        ],
    }


def _download(options: argparse.Namespace) -> int:
    from kerasaudio.weights import fetch

    failed = 0
    for entry in _entries(options.words):
        try:
            print(fetch(entry).path)
        except OSError as error:
            failed += 1
            complain(str(error), _WORDS)
    return int(failed > 0)


def _entries(words: Iterable[str]) -> list[WeightsEntry]:
    """Read `MODEL TAG TAG MODEL/TAG ...`; a tag that is unique needs no model."""
    everything = list_weights()
    factories = {entry.factory for entry in everything}
    entries: dict[str, WeightsEntry] = {}
    factory, used = "", True
    for word in words:
        if word in factories:
            _check_used(factory, used)
            factory, used = word, False
            continue
        named, slash, tag = word.rpartition("/")
        if not slash and not factory:
            having = [entry.factory for entry in everything if entry.tag == word]
            if len(having) != 1:
                titles = ", ".join(f"{name}/{word}" for name in having)
                raise ValueError(
                    f"Several models have weights {word!r}. Name one of them: {titles}."
                    if having
                    else f"There are no weights {word!r}; see: kerasaudio list"
                )
            named = having[0]
        entry = find(named or factory, tag)
        entries[entry.title] = entry
        used = True
    _check_used(factory, used)
    return list(entries.values())


def _check_used(factory: str, used: bool) -> None:
    if not used:
        raise ValueError(f"Name the weights of {factory}: {', '.join(tags(factory))}.")
