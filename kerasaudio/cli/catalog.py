"""`kerasaudio list` and `download`: the published weights."""

import argparse
import shutil
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from kerasaudio.cli.common import complain, positive, positive_number
from kerasaudio.cli.info import facts_of_weights, readable
from kerasaudio.cli.parser import YesOrNo
from kerasaudio.cli.wording import MODEL_WORDS, Words
from kerasaudio.cli.writer import add_json_option, json_line
from kerasaudio.text import columns, fitted
from kerasaudio.weights.listing import list_weights
from kerasaudio.weights.manifest import TASKS, WeightsEntry, find, tags
from kerasaudio.weights.whereabouts import Whereabouts, whereabouts

_LIST_DESCRIPTION = """List the published weights.

Columns: the name for --model, the number of classes, the sample rate in kHz, the size
in MB, where the file is (in the package, in your folder KERASAUDIO_WEIGHTS, in a cache,
or still to be downloaded, at first use), and its license; a ! marks one that forbids
commercial use. As many columns are shown as fit into the terminal, or into 80
characters (COLUMNS says otherwise); --long shows all of them. Options leave out what
does not fit."""

_LIST_EXAMPLES = """examples:
  kerasaudio list YAMNet
  kerasaudio list --task music --bundled
  kerasaudio list --long
  kerasaudio list --data AudioSet --max-megabytes 10 --json"""

_FILTERS = ("task", "data", "license", "sample_rate", "max_parameters", "bundled")
_HEADING = (
    *("model/weights", "classes", "kHz", "MB", "where", "license", "task"),
    "published",
)
_PLACES = {
    "package": "package",
    "user folder": "your folder",
    "cache": "cache",
    "hub cache": "Hub cache",
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
        action=YesOrNo,
        help="only those in the package, or only the others",
    )
    shown = listing.add_mutually_exclusive_group()
    shown.add_argument("--long", action="store_true", help="all columns, however wide")
    add_json_option(shown)
    listing.set_defaults(run=_list, wording=_WORDS, with_backend=False)

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
        for found in zip(entries, places, strict=True):
            sys.stdout.write(json_line(facts_of_weights(*found)))
        return 0
    if not entries:
        complain("No published weights have all of these properties.")
        return 0
    rows = [_HEADING, *map(_row, entries, places)]
    width = shutil.get_terminal_size().columns
    print(columns(rows) if options.long else fitted(rows, width))
    if any(entry.is_non_commercial for entry in entries):
        complain("Licenses marked by ! forbid commercial use.")
    return 0


def _bytes(megabytes: float) -> int:
    return int(Decimal(megabytes) * 10**6)  # a float would overflow


def _row(entry: WeightsEntry, place: Whereabouts) -> tuple[str, ...]:
    size = entry.approximate_size
    return (
        entry.title,
        str(len(entry.labels) or "-"),
        f"{entry.sample_rate / 1000:g}" if entry.sample_rate else "?",
        "?" if size is None else f"{size / 1e6:.1f}",
        _PLACES[place.kind],
        entry.license + (" !" if entry.is_non_commercial else ""),
        entry.task,
        readable(dict(entry.metrics)),
    )


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
