"""Make the pictures of docs/gallery.md without building the site.

    python tools/make_gallery.py build/gallery

The site makes these pictures with the same code when it is built.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from doc_site import gallery


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pictures into the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    page = gallery.CHECKOUT / "docs" / gallery.PAGE
    for path in gallery.make(gallery.code(page.read_text(encoding="utf-8")), folder):
        print(path)


if __name__ == "__main__":
    main()
