"""`kerasaudio cache`: where the cache is, what it holds, and how to empty it."""

import argparse
import sys
from dataclasses import asdict
from typing import Any

from kerasaudio.cli.common import complain
from kerasaudio.cli.wording import Words
from kerasaudio.cli.writer import add_json_option, json_line
from kerasaudio.files.cache import CACHE_VARIABLE, cache_folder
from kerasaudio.files.cached import KINDS, Held, clear, held, links
from kerasaudio.text import columns, counted, megabytes, printable

_DESCRIPTION = f"""Show where the cache is and what it holds, or empty it.

{CACHE_VARIABLE} names another folder. Everything in the cache is downloaded or computed
again when it is needed. --clear removes only files that kerasaudio has written. It
follows no links, and leaves what another process is downloading.

kinds:
{columns([(f"  {name}", kind.title) for name, kind in KINDS.items()])}"""

_EXAMPLES = """examples:
  kerasaudio cache
  kerasaudio cache --clear decoded features
  kerasaudio cache --clear --yes              all kinds, without a question"""

_WORDS: Words = {"kinds must be of": "--clear takes"}


def add(commands: Any) -> None:
    """Register the command."""
    cache = commands.add_parser(
        "cache",
        help="show what the cache holds, or empty it",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cache.add_argument(
        "--clear",
        nargs="*",
        choices=tuple(KINDS),
        metavar="KIND",
        help="remove these kinds, or all",
    )
    cache.add_argument("--yes", action="store_true", help="do not ask")
    add_json_option(cache)
    cache.set_defaults(run=_cache, wording=_WORDS, with_backend=False)


def _cache(options: argparse.Namespace) -> int:
    for link in links():
        complain(f"{printable(link)} is a link, and is left alone.")
    if options.clear is None:
        if options.yes:
            raise ValueError("--yes is for --clear.")
        return _show(options.json)
    return _clear(options)


def _show(as_json: bool) -> int:
    folder, found = cache_folder(), held()
    if as_json:
        kinds = {name: asdict(amount) for name, amount in found.items()}
        sys.stdout.write(json_line({"folder": str(folder), "kinds": kinds}))
        return 0
    total = _sum(found.values())
    rows = [_row(name, found[name], kind.title) for name, kind in KINDS.items()]
    print(printable(folder))
    print(columns([*rows, _row("total", total, "")]))
    return 0


def _clear(options: argparse.Namespace) -> int:
    kinds = options.clear or tuple(KINDS)
    before = _sum(amount for name, amount in held().items() if name in kinds)
    if before.files and not options.yes and not _agreed(before):
        complain("Nothing was removed.")
        return 1
    done = clear(kinds)
    kept = {str(path): reason for path, reason in (done.kept or {}).items()}
    for path, reason in kept.items():
        complain(f"{printable(path)} stays: {reason}.")
    facts = {"files": done.files, "bytes": done.bytes, "kept": kept}
    words = f"Removed {counted(done.files, 'file')}, {megabytes(done.bytes)}.\n"
    sys.stdout.write(json_line(facts) if options.json else words)
    return int(bool(kept))


def _agreed(amount: Held) -> bool:
    """Ask on the terminal.

    Raises:
        ValueError: There is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise ValueError(
            "--clear asks before it removes files. Without a terminal, pass --yes."
        )
    what = f"{counted(amount.files, 'file')}, {megabytes(amount.bytes)},"
    sys.stderr.write(f"Remove {what} from {printable(cache_folder())}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _row(name: str, amount: Held, title: str) -> tuple[str, ...]:
    files = counted(amount.files, "file")
    return f"  {name}", f"{files:>12}", f"{megabytes(amount.bytes):>11}", title


def _sum(amounts: Any) -> Held:
    total = Held()
    for amount in amounts:
        total.files += amount.files
        total.bytes += amount.bytes
    return total
