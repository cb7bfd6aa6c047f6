"""Draw the pictures of `kerasaudio see`: SVG files, two poses of each.

python tools/draw_pictures.py
"""

import argparse
from pathlib import Path

from drawing import DRAWINGS
from drawing.shapes import document

from kerasaudio.app.subjects import POSES, QUIET, SUBJECTS

FOLDER = Path(__file__).parents[1] / "kerasaudio" / "app" / "drawings"


def drawn() -> dict[str, str]:
    """Return the content of each file by its name."""
    return {
        f"{subject.name}-{pose}.svg": document(
            [shape for shape in DRAWINGS[subject.name](pose == POSES - 1) if shape],
            subject.title,
        )
        for subject in (*SUBJECTS, QUIET)
        for pose in range(POSES)
    }


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    files = drawn()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    size = sum(len(content) for content in files.values())
    print(f"{folder}: {len(files)} drawings, {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
