"""The gallery's pictures, made by running the code of its page."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PAGE = "gallery.md"
SUFFIXES = (".png", ".html")
_BLOCK = re.compile(r"```python\n(.*?)```\n", re.DOTALL)
_WRITTEN = re.compile(r'"([\w-]+\.(?:png|html))"')


def code(markdown: str) -> str:
    """Give the Python code of a page; its blocks are one program."""
    return "\n".join(_BLOCK.findall(markdown))


def with_pictures(markdown: str) -> str:
    """Show below each block what it writes."""

    def shown(block: re.Match[str]) -> str:
        pictures = map(_shown, dict.fromkeys(_WRITTEN.findall(block[1])))
        return "\n".join([block[0], *pictures])

    return _BLOCK.sub(shown, markdown)


def pictures() -> list[Path]:
    """Make the pictures, once for each state of the page, and give their files."""
    markdown = (CHECKOUT / "docs" / PAGE).read_text(encoding="utf-8")
    return _made(code(markdown))


def make(program: str, folder: Path) -> list[Path]:
    """Run a program in a process of its own; keep the pictures that it writes.

    Args:
        program: Python code; it finds `examples/` where it runs.
        folder: Where the pictures are kept; it is made where it is missing.

    Raises:
        RuntimeError: The program failed, or wrote no picture.
    """
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(CHECKOUT / "examples", Path(place, "examples"))
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=place,
            env={**_environment(), "KERASAUDIO_CACHE": str(Path(place, "cache"))},
            stderr=subprocess.PIPE,
            text=True,
        )
        written = [
            path for path in sorted(Path(place).iterdir()) if path.suffix in SUFFIXES
        ]
        if done.returncode or not written:
            raise RuntimeError(
                f"The code of docs/{PAGE} wrote {len(written)} pictures and ended with "
                f"status {done.returncode}:\n{done.stderr}"
            )
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copy(path, folder)) for path in written]


@cache
def _made(program: str) -> list[Path]:
    folder = tempfile.mkdtemp(prefix="gallery-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make(program, Path(folder))


def _shown(name: str) -> str:
    if name.endswith(".html"):
        return f"[Open {name}](gallery/{name})\n"
    return f"![{name}](gallery/{name})\n"


def _environment() -> dict[str, str]:
    """Let Keras run on a backend that is installed, unless the user names one."""
    installed = [name for name in ("jax", "tensorflow", "torch") if find_spec(name)]
    chosen = {"KERAS_BACKEND": installed[0]} if installed else {}
    paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    return {
        **chosen,
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
