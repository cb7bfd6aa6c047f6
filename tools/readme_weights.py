"""Write the tables of weights in README.md and docs/networks.md.

    python tools/readme_weights.py
    python tools/readme_weights.py --check

The tables are between marks such as `<!-- weights: begin -->`. They are made from
weights_manifest.json, the networks and the figures in docs/results. `--check` writes
nothing; the exit status is 1 if a page differs.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from doc_site import weights_tables

CHECKOUT = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the pages; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    stale = 0
    for page, text in written().items():
        if page.read_text(encoding="utf-8") == text:
            continue
        if options.check:
            stale += 1
            print(
                f"{page.relative_to(CHECKOUT)} is not in step: run "
                "python tools/readme_weights.py",
                file=sys.stderr,
            )
        else:
            page.write_text(text, encoding="utf-8")
    return int(stale > 0)


def written() -> dict[Path, str]:
    """Give the pages as they should be."""
    presets = weights_tables.presets()
    tables = {
        CHECKOUT / "README.md": {"weights": weights_tables.readme_table(presets)},
        CHECKOUT / "docs" / "networks.md": {
            "weights": weights_tables.networks_table(presets),
            "speed": weights_tables.speed_table(),
        },
    }
    return {
        page: fill(page.read_text(encoding="utf-8"), named)
        for page, named in tables.items()
    }


def fill(text: str, tables: Mapping[str, str]) -> str:
    """Put tables between their marks.

    Args:
        text: Of a page.
        tables: By the name in their marks.

    Raises:
        ValueError: A mark is missing, or there twice.
    """
    for name, table in tables.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"The page must have {begin} and {end}, once each.")
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    sys.exit(main())
