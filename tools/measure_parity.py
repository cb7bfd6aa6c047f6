"""Compare networks with their originals, and write docs/results/parity.md.

    pip install -e ".[tensorflow,jax,torch,test,litert,onnx,openvino]"
    python tools/measure_parity.py ../shared

SHARED is a folder with `reference/`, the published files and what the originals gave,
and `data/`, the data sets. Each backend measures in a process of its own. Figures are
kept in KEEP, one file a section and backend, and are not measured again with the same
versions: an interrupted measurement goes on, and a new network is measured alone. The
page is written from all that is kept.
"""

import argparse
import importlib
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT / "tests")]

PAGE = CHECKOUT / "docs" / "results" / "parity.md"
KEEP = CHECKOUT / "tools" / "parity_tables" / "kept"
BACKENDS = ("tensorflow", "jax", "torch")
# The sections of the page, and the modules of `parity_tables` that measure them.
SECTIONS = {
    "windows": ("originals", "agreement"),
    "heads": ("heads",),
    "settings": ("settings",),
    "files": ("files",),
}
ONCE = {"files"}  # no backend has a part in it


def main(words: Sequence[str] | None = None) -> None:
    """Measure what is not kept yet, and write the page."""
    options = parse(words)
    options.keep.mkdir(parents=True, exist_ok=True)
    if options.here:
        measure(options)
        return
    for backend in options.backends:
        first = backend == options.backends[0]
        sections = [name for name in options.only if first or name not in ONCE]
        if sections:
            in_a_process(backend, sections, options)
    write(options)


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument(
        "--rows", nargs="+", metavar="NAME", help="rows whose names begin so; all"
    )
    parser.add_argument("--keep", type=Path, default=KEEP)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def in_a_process(
    backend: str, sections: Sequence[str], options: argparse.Namespace
) -> None:
    """Measure sections on a backend, in a process of its own."""
    words = [sys.executable, __file__, options.shared, "--here"]
    words += ["--backends", backend, "--only", *sections, "--keep", options.keep]
    words += ["--rows", *options.rows] if options.rows else []
    folders = (options.shared / "reference" / name for name in ("", "music_taggers"))
    environment = {
        "KERAS_BACKEND": backend,
        "KERASAUDIO_WEIGHTS": os.pathsep.join(map(str, folders)),
    }
    subprocess.run(list(map(str, words)), env=os.environ | environment, check=True)


def measure(options: argparse.Namespace) -> None:
    """Measure sections in this process, on the backend that it has."""
    from parity_tables.figures import Figures

    (backend,) = options.backends
    for section in options.only:
        figures = Figures(kept(options.keep, section, backend))
        for name in SECTIONS[section]:
            module = importlib.import_module(f"parity_tables.{name}")
            rows = module.measurements(options.shared)
            figures.fill(rows, versions(backend), options.rows)


def kept(folder: Path, section: str, backend: str) -> Path:
    """Name the file with a section's figures on a backend."""
    return folder / f"{section}-{backend}.json"


def versions(backend: str) -> dict[str, str]:
    """Give the versions at work."""
    packages = ("keras", backend, "numpy", "soundfile", "soxr")
    return {"Python": platform.python_version()} | {
        package: version(package) for package in packages
    }


def write(options: argparse.Namespace) -> None:
    """Write the page from all that is kept."""
    from parity_tables.figures import Figures
    from parity_tables.page import page

    found = {
        section: {
            backend: Figures(path)
            for backend in BACKENDS
            if (path := kept(options.keep, section, backend)).exists()
        }
        for section in SECTIONS
    }
    options.page.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
