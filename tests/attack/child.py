"""Processes of their own for what is measured or limited."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

_ROOM = Path(__file__).parent


def environment(**more: str) -> dict[str, str]:
    """Give the environment in which a module of this folder can be run anywhere."""
    paths = [str(_ROOM.parents[1]), str(_ROOM.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **more}


def run_child(module: str, *arguments: str, **more: str) -> tuple[str, str | None]:
    """Run a module of this folder in an empty folder, with a cache of its own.

    Args:
        module: Its name.
        *arguments: Of its command line.
        **more: Of the environment.

    Returns:
        What it printed, and how it failed or None.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", f"tests.attack.{module}", *arguments],
            cwd=folder,
            env=environment(KERASAUDIO_CACHE=folder, **more),
            capture_output=True,
            text=True,
            check=False,
        )
    failed = f"it ended with {done.returncode}: {done.stderr[-500:]}"
    return done.stdout, failed if done.returncode else None
