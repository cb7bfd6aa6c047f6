"""``python -m benchmarks``: measure, print, and write RESULTS.md if requested."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    contest,
    frontend,
    long_file,
    networks,
    report,
    seeded,
    startup,
    training,
)
from benchmarks.contest import BACKENDS, Contest
from benchmarks.worker import ONE_CORE

DESCRIPTION = """\
Measure kerasaudio beside its peers.

Every entry runs in a process of its own, on its own backend, and all take turns
(A B C, A B C, ...), so that what slows the machine down slows all of them. A table
gives the best and the median time, and how many times as fast as the fastest peer ours
is: the median of the ratios of the rounds. Entries that are not installed are named and
left out.
"""
SUBJECTS = (
    "log-mel",
    "musicnn",
    "musicvgg",
    "efficientat",
    "samplecnn",
    "samplecnn-train",
    "efficientat-train",
    "ast-train",
    "cnn14",
    "ced-tiny",
    "beats-base",
    "decision-level",
    "startup",
)
EPILOG = """\
examples:
  pip install ".[tensorflow,jax,benchmark]"      what most of it needs
  python -m benchmarks --only log-mel            one subject
  python -m benchmarks --backends tensorflow     one backend of ours
  python -m benchmarks --only decision-level --minutes 5
                                                 a shorter file than one of an hour
  pip download --no-deps musicnn==0.1.0          the original graphs of musicnn, then
  python -m benchmarks --musicnn-wheel musicnn-0.1.0-py3-none-any.whl --write

Only ratios within one run mean anything, and only on a machine that has nothing else to
do. The exit status is 1 if an entry failed; a missed target is no failure.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; give the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    options = parser.parse_args(given)
    if options.write and options.only:
        parser.error("--write replaces all tables: leave out --only")
    rounds, seconds = (1, 0.0) if options.quick else (options.rounds, options.seconds)
    if options.one_core:
        if not hasattr(os, "sched_setaffinity"):
            parser.error("--one-core needs Linux")
        os.environ[ONE_CORE] = "1"
    tables, failed = [], False
    for item in _chosen(options):
        print(f"measuring: {item.title}", file=sys.stderr, flush=True)
        if item.key == "startup":
            results = startup.run(item, rounds=rounds)
        elif item.key == "decision-level":
            results = long_file.run(item, rounds=rounds)
        else:
            results = contest.run(item, rounds=rounds, seconds=seconds)
        failed |= any(result.failed for result in results)
        tables.append(report.table(item, results))
        print(tables[-1], flush=True)
    command = shlex.join(["python", "-m", "benchmarks", *given])
    if options.write:
        report.write("\n".join([report.conditions(command), *tables]))
        print(f"written: {report.RESULTS}", file=sys.stderr)
    return int(failed)


def all_contests(
    musicnn_wheel: Path | None, weights: Path | None, minutes: int = long_file.MINUTES
) -> list[Contest]:
    """Give everything there is to measure; see the options of the same names."""
    return [
        *frontend.contests(),
        *networks.contests(musicnn_wheel),
        *training.contests(),
        *seeded.contests(),
        *long_file.contests(minutes),
        *startup.contests(weights),
    ]


def _chosen(options: argparse.Namespace) -> list[Contest]:
    minutes = 1 if options.quick else options.minutes
    contests = [
        item.on(options.backends)
        for item in all_contests(options.musicnn_wheel, options.weights, minutes)
        if not options.only or item.key in options.only
    ]
    return [item for item in contests if any(entry.ours for entry in item.entries)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="SUBJECT",
        choices=SUBJECTS,
        help=f"measure only these: {', '.join(SUBJECTS)}",
    )
    parser.add_argument(
        "--backends",
        nargs="+",
        default=BACKENDS,
        choices=BACKENDS,
        help="measure ours only on these (default: all that are installed)",
    )
    parser.add_argument(
        "--rounds", type=_positive, default=7, help="turns of every entry (default: 7)"
    )
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="length of a turn (default: 1)"
    )
    parser.add_argument(
        "--minutes",
        type=_positive,
        default=long_file.MINUTES,
        help="length of the file of decision-level "
        f"(default: {long_file.MINUTES}, with --quick: 1)",
    )
    parser.add_argument(
        "--one-core",
        action="store_true",
        help="give every entry one core and count the time of the processor: for a "
        "machine that has other things to do (Linux)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one call of everything: shows that all runs, measures nothing",
    )
    parser.add_argument(
        "--musicnn-wheel",
        type=_existing,
        metavar="FILE",
        help="wheel of musicnn 0.1.0; without it its original graphs are left out",
    )
    parser.add_argument(
        "--weights",
        type=_existing,
        metavar="FOLDER",
        help="folder with mn04_as_mAP_432.pt; without it loading it is left out",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="put the tables into benchmarks/RESULTS.md, between its marks",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1. Received: {text}")
    return number


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no {text!r}")
    return path.resolve()


if __name__ == "__main__":
    sys.exit(main())
