"""``python -m benchmarks.gpu``: measure, print, and write a page if requested."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import report
from benchmarks.contest import BACKENDS
from benchmarks.gpu import table, worker
from benchmarks.gpu.rows import COMPARED, KEYS, TABLES, Row

DESCRIPTION = """\
Check on a GPU how exact results are, in full float32 and as the backend likes to
multiply, and time front-ends, networks, training steps and first calls. Each backend
has a process of its own; a row that takes too long is ended, and the table says so. It
needs no internet connection, and at most 8 minutes. Other libraries (torchaudio,
nnAudio, transformers) are timed if they are installed.
"""
EPILOG = """\
examples:
  python -m benchmarks.gpu --write docs/results/gpu.md
  python -m benchmarks.gpu --only log-mel mn04 --backends jax
  python -m benchmarks.gpu --quick            tiny sizes, on the CPU, too: it all runs

The exit status is 1 if a row failed with an error, 2 without a GPU; a missed target is
no failure.
"""
SECONDS = 460  # 8 minutes, less the time to start and to write


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; give the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    options = parser.parse_args(given)
    if options.write is not None and not worker.is_known(options.write):
        parser.error(
            f"--write takes a .md file in a folder that exists: {options.write}"
        )
    deadline = worker.Deadline(options.seconds)
    card = worker.card()
    chosen = {
        name: [row for row in rows if not options.only or row.key in options.only]
        for name, rows in TABLES.items()
    }
    found: dict[str, list[tuple[str, Row, worker.Result]]]
    found = {name: [] for name in TABLES}
    with ExitStack() as stack:
        has_device = options.quick or card != worker.NO_CARD
        if has_device and any(row in COMPARED for row in chosen["exact"]):
            trouble = stack.enter_context(worker.references(options.quick, deadline))
            if trouble:
                print(f"no references: {trouble}", file=sys.stderr)
        for backend in options.backends:
            rows = [
                row
                for name in TABLES
                for row in chosen[name]
                if backend in row.backends
            ]
            for row, result in worker.measure(backend, rows, deadline, options.quick):
                name = next(name for name in TABLES if row in chosen[name])
                found[name].append((backend, row, result))
                print(backend, row.title, result, file=sys.stderr, flush=True)
    for name, rows in chosen.items():
        found[name].sort(key=lambda one: rows.index(one[1]))
    command = shlex.join(["python", "-m", "benchmarks.gpu", *given])
    text = table.page(found, card, command, options.quick)
    print(text)
    if options.write is not None:
        report.write(text, options.write)
        print(f"written: {options.write}", file=sys.stderr)
    return _status([result for rows in found.values() for *_, result in rows])


def _status(results: Sequence[worker.Result]) -> int:
    troubles = [result["trouble"] for result in results if "trouble" in result]
    absent = [t for t in troubles if "sees no GPU" in t or "not installed" in t]
    if results and len(absent) == len(results):
        print("No backend sees a GPU; --quick runs on the CPU.", file=sys.stderr)
        return 2
    return int(any("Error" in t or "ended" in t for t in troubles))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.gpu",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="SUBJECT",
        choices=KEYS,
        help=f"measure only these: {', '.join(KEYS)}",
    )
    parser.add_argument(
        "--backends", nargs="+", default=worker.installed(), choices=BACKENDS
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"for all rows ({SECONDS})"
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes and single calls, also on CPUs"
    )
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="put the tables into a page"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
