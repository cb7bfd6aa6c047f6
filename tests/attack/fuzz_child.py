"""Fuzzes one reader in this process; arguments: its name, then libFuzzer's."""

import os
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
with atheris.instrument_imports(include=["kerasaudio"], enable_loader_override=False):
    from . import fuzz, readers

from support.damage import memory_limited


def _memory() -> str | None:
    """Give a folder in memory, if there is one."""
    folder = "/dev/shm"
    return folder if os.access(folder, os.W_OK) else None


def main() -> None:
    """Fuzz until libFuzzer has enough."""
    name, *options = sys.argv[1:]
    (reader,) = (reader for reader in readers.READERS if reader.name == name)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        seeds, room = Path(folder) / "seeds", Path(folder) / "room"
        seeds.mkdir()
        room.mkdir()
        for number, content in enumerate(reader.corpus()):
            (seeds / str(number)).write_bytes(content)
        path = room / f"input{reader.suffix}"

        def read(content: bytes) -> None:
            path.write_bytes(content)
            problem = reader.problem(path)
            if problem is not None:
                print(f"PROBLEM: {problem}", file=sys.stderr, flush=True)
                raise RuntimeError(problem)

        if all(option.startswith("-") for option in options):  # else inputs are named
            options.append(str(seeds))
        atheris.Setup([sys.argv[0], *options], read)
        with (
            readers.without_checksums(),
            memory_limited(fuzz.UNIT_MEGABYTES * 2**20),
        ):
            atheris.Fuzz()


if __name__ == "__main__":
    main()
