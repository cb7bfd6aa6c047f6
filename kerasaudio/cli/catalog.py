"""`kerasaudio list`, `info` and `download`: the networks and their weights."""

import argparse
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from kerasaudio.cli.common import complain, positive, positive_number
from kerasaudio.cli.factories import description, factory_files
from kerasaudio.cli.wording import MODEL_WORDS, Words
from kerasaudio.text import columns, megabytes
from kerasaudio.weights.listing import list_weights
from kerasaudio.weights.manifest import (
    TASKS,
    WeightsEntry,
    choices,
    did_you_mean,
    find,
    tags,
)
from kerasaudio.weights.whereabouts import Whereabouts, whereabouts

_LIST_DESCRIPTION = """List the published weights: size, sample rate, license, results.

It also says where the file is: in the package, in your folders (KERASAUDIO_WEIGHTS), in
the cache, or still to be downloaded, at first use. Options leave out what does not
fit."""

_LIST_EXAMPLES = """examples:
  kerasaudio list YAMNet
  kerasaudio list --task music --bundled
  kerasaudio list --data AudioSet --max-megabytes 10 --json"""

_FILTERS = ("task", "data", "license", "sample_rate", "max_parameters", "bundled")
_HEADING = (
    *("model", "weights", "task", "size", "rate", "license", "where"),
    "published",
)
_PLACES = {
    "package": "in the package",
    "user folder": "in KERASAUDIO_WEIGHTS",
    "cache": "in the cache",
    "hub cache": "in the Hub's cache",
    "download": "download",
}
_WORDS: Words = {
    **MODEL_WORDS,
    **{name: f"--{name}" for name in ("task", "data", "license")},
    "weights": "tag",
    " weights= also takes None or the path of a file.": "",
}


def add(commands: Any) -> None:
    """Register the commands."""
    listing = commands.add_parser(
        "list",
        help="list the published weights",
        description=_LIST_DESCRIPTION,
        epilog=_LIST_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listing.add_argument("model", nargs="?", metavar="MODEL")
    listing.add_argument("--task", choices=TASKS, help=f"one of {', '.join(TASKS)}")
    listing.add_argument("--data", help="trained on this data set, such as AudioSet")
    listing.add_argument("--license", help="SPDX identifier, such as MIT")
    listing.add_argument(
        "--sample-rate", type=positive, metavar="HZ", help="of the network's input"
    )
    listing.add_argument(
        "--max-parameters", type=positive, metavar="N", help="largest network"
    )
    listing.add_argument(
        "--max-megabytes", type=positive_number, metavar="MB", help="largest file"
    )
    listing.add_argument(
        "--bundled",
        action=argparse.BooleanOptionalAction,
        help="only those in the package, or only the others",
    )
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list, wording=_WORDS, with_backend=False)

    info = commands.add_parser("info", help="describe a model and its weights")
    info.add_argument("words", nargs="+", metavar="MODEL [TAG]")
    info.add_argument("--json", action="store_true")
    info.set_defaults(run=_info, wording=_WORDS, with_backend=False)

    download = commands.add_parser("download", help="download weights ahead of time")
    download.add_argument("words", nargs="+", metavar="MODEL TAG | MODEL/TAG")
    download.add_argument(
        "--accept-license",
        action="store_true",
        help="accept licenses that forbid commercial use; `kerasaudio list` marks them",
    )
    download.set_defaults(run=_download, wording=_WORDS, with_backend=False)


def _list(options: argparse.Namespace) -> int:
    megabytes_given = options.max_megabytes
    entries = list_weights(
        options.model,
        **{name: getattr(options, name) for name in _FILTERS},
        max_bytes=None if megabytes_given is None else _bytes(megabytes_given),
    )
    places = whereabouts(entries)
    if options.json:
        facts = [_facts(*found) for found in zip(entries, places, strict=True)]
        print(json.dumps(facts, indent=2))
        return 0
    if not entries:
        complain("No published weights have all of these properties.")
        return 0
    print(columns([_HEADING, *map(_row, entries, places)]))
    return 0


def _bytes(megabytes: float) -> int:
    return int(Decimal(megabytes) * 10**6)  # a float would overflow


def _row(entry: WeightsEntry, place: Whereabouts) -> tuple[str, ...]:
    rate = f"{entry.sample_rate / 1000:g} kHz" if entry.sample_rate else "?"
    restricted = " (non-commercial)" if entry.is_non_commercial else ""
    return (
        *(entry.factory, entry.tag, entry.task),
        *(megabytes(entry.approximate_size), rate),
        *(entry.license + restricted, _PLACES[place.kind]),
        _readable(dict(entry.metrics)),
    )


def _info(options: argparse.Namespace) -> int:
    known = factory_files()
    factory, _, tag = "/".join(options.words).partition("/")
    if factory not in known:
        raise ValueError(
            f"Unknown model {factory!r}." + choices(did_you_mean(factory, known), known)
        )
    described = description(factory)
    if tag:
        entry = find(factory, tag)
        facts = _facts(entry, *whereabouts([entry])) | {"labels": list(entry.labels)}
    else:
        facts = {"model": factory, "weights": tags(factory)}
    if options.json:
        print(json.dumps(facts | {"description": described}, indent=2))
        return 0
    rows: list[tuple[str, ...]] = [
        (key, _readable(value)) for key, value in facts.items() if value
    ]
    print(f"{described}\n\n{columns(rows)}")
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


def _facts(entry: WeightsEntry, place: Whereabouts) -> dict[str, Any]:
    return {
        "model": entry.factory,
        "weights": entry.tag,
        "task": entry.task,
        "data": list(entry.data),
        "sample_rate": entry.sample_rate,
        "bundled": entry.is_bundled,
        "where": place.kind,
        "path": None if place.path is None else str(place.path),
        "bytes": entry.approximate_size,
        "parameters": entry.parameters,
        "license": entry.license,
        "non_commercial": entry.is_non_commercial,
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
            print(fetch(entry, accept_license=options.accept_license).path)
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
        named, _, tag = word.rpartition("/")
        if not named and not factory:
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
