"""Processes that work beside a target, and what they leave there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kerasaudio.files import workplace as room

ROOM = Path(room.__file__).parent
PACKAGE = ROOM.parent
# The package without what it imports, which takes seconds.
FOLDERS = {"kerasaudio": str(PACKAGE), "kerasaudio.files": str(ROOM)}
BARE = f"""
import sys, types
for name, folder in {FOLDERS}.items():
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
"""


needs_kill = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def start(code, *arguments):
    """Start a process that prints a line when it is as far as wanted."""
    process = subprocess.Popen(
        [sys.executable, "-c", BARE + code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline().strip() == b"ready"
    return process


def end(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()
