"""python -m tests.attack [AREA...] [--quick] [--fuzz [READER...] [--seconds N]]."""

import argparse
import sys
import time
from collections.abc import Sequence

from . import MODULES, Area, areas

_SHOWN = 10  # failures of an area that are printed one by one


def main(arguments: Sequence[str] | None = None) -> int:
    """Attack; give 1 where something did not hold."""
    parser = argparse.ArgumentParser("python -m tests.attack", description=__doc__)
    parser.add_argument(
        "areas",
        nargs="*",
        metavar="AREA",
        help=f"modules ({', '.join(MODULES)}) or beginnings of areas' names; all "
        "without. With --fuzz: readers",
    )
    parser.add_argument("--quick", action="store_true", help="a sample of the cases")
    parser.add_argument("--fuzz", action="store_true", help="fuzz the readers instead")
    parser.add_argument(
        "--seconds", type=int, default=600, help="with --fuzz: of each reader"
    )
    options = parser.parse_args(arguments)
    if options.fuzz:
        from . import fuzz

        return fuzz.main(options.areas, options.seconds)
    chosen = _chosen(options.areas)
    if not chosen:
        parser.error(f"no such area: {', '.join(options.areas)}")
    rows = [_attack(area, options.quick) for area in chosen]
    _print_table(rows)
    return int(any(failed for _, _, failed, _ in rows))


def _chosen(names: Sequence[str]) -> list[Area]:
    wanted = [name for name in MODULES if not names or name in names]
    others = [name for name in names if name not in MODULES]
    found = [area for module in wanted for area in areas(module)]
    if others:
        found += [
            area
            for module in MODULES
            if module not in wanted
            for area in areas(module)
            if area.NAME.startswith(tuple(others))
        ]
    return found


def _attack(area: Area, quick: bool) -> tuple[str, int, int, float]:
    """Run an area: name, cases, failures, seconds."""
    begin = time.monotonic()
    cases = failed = 0
    try:
        for case, wrong in area.run(quick):
            cases += 1
            if wrong is None:
                continue
            failed += 1
            if failed <= _SHOWN:
                print(f"{area.NAME}: {case}: {wrong}", file=sys.stderr, flush=True)
    except Exception as error:  # an attack that breaks has not shown anything
        failed += 1
        print(f"{area.NAME}: {error!r}", file=sys.stderr, flush=True)
    seconds = time.monotonic() - begin
    print(f"{area.NAME}: {cases:,} cases, {seconds:.0f} s", file=sys.stderr, flush=True)
    return area.NAME, cases, failed, seconds


def _print_table(rows: Sequence[tuple[str, int, int, float]]) -> None:
    width = max(4, *(len(name) for name, *_ in rows))
    print(f"| {'area':{width}} | {'cases':>8} | {'failures':>8} | {'seconds':>8} |")
    print(f"|{'-' * (width + 2)}|{'-' * 9}:|{'-' * 9}:|{'-' * 9}:|")
    for name, cases, failed, seconds in rows:
        print(f"| {name:{width}} | {cases:8,} | {failed:8,} | {seconds:8,.0f} |")


if __name__ == "__main__":
    sys.exit(main())
