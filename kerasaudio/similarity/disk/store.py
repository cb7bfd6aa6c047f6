"""Open the parts of an index on disk, and write what was added as its second part."""

import os
from dataclasses import replace
from pathlib import Path

from kerasaudio.files.digests import digest
from kerasaudio.similarity.disk.manifest import ADDED, Manifest, part_name
from kerasaudio.similarity.disk.part import SUFFIXES, Part, write_codes
from kerasaudio.similarity.disk.rows import PATHS, ROWS, RowFile, RowWriter
from kerasaudio.similarity.disk.state import State


def open_parts(folder: Path) -> tuple[Manifest, tuple[Part, ...]]:
    """Return the manifest of an index, and the parts that it names.

    Raises:
        FileNotFoundError: There is no index.
        ValueError: It is damaged.
        OSError: A file cannot be read.
    """
    while True:
        known = Manifest.read(folder)
        try:
            return known, tuple(
                Part(folder, name, known.metric, known.width, rows)
                for name, rows in known.parts.items()
            )
        except (ValueError, FileNotFoundError) as error:
            if Manifest.read(folder) != known:
                continue  # another process has just replaced it
            raise ValueError(
                f"The index in {str(folder)!r} is damaged: {error}. Build it again "
                "with similarity.DiskIndex.build(...)."
            ) from error


def write_added(
    state: State, manifest: Manifest, home: Path, temporary: Path
) -> tuple[Manifest, Part]:
    """Write the second part, then the manifest, which makes it valid.

    Args:
        state: Parts of the index, and what was added.
        manifest: The manifest of the index.
        home: Folder of the index.
        temporary: Folder on the same disk for files that are not complete.

    Returns:
        The new manifest, and the part.

    Raises:
        ValueError: A row of the part that is there is damaged.
        OSError: A file cannot be written.
    """
    width, added = manifest.width, state.added
    first, *later = state.parts
    with RowWriter(temporary, ADDED, width) as writer:
        for part in later:
            part.file.copy_to(writer)
        new = slice(added.rows)
        writer.write(
            added.vectors[new], added.paths[new], added.starts[new], added.ends[new]
        )
    file = RowFile(temporary, ADDED, width, writer.rows)
    write_codes(temporary, ADDED, first.codes.space, file)
    contents = [digest(temporary / f"{ADDED}{end}", "sha256") for end in (ROWS, PATHS)]
    name = part_name(ADDED, contents)
    for suffix in SUFFIXES:
        os.replace(temporary / f"{ADDED}{suffix}", home / f"{name}{suffix}")
    part = Part(home, name, manifest.metric, width, writer.rows)
    own = next(iter(manifest.parts))
    grown = replace(manifest, parts={own: first.rows, name: writer.rows})
    grown.write(home)
    for path in home.glob(f"{ADDED}*"):  # whoever has opened them can still read them
        if path.stem != name:
            path.unlink(missing_ok=True)
    return grown, part
