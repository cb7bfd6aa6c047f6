"""Processes that work beside a target, and what they leave there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kerasaudio.files import workplace as room

FOLDER = Path(room.__file__).parent  # without the package, which takes seconds


needs_kill = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def start(code, *arguments):
    """Start a process that prints a line when it is as far as wanted."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(FOLDER)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline().strip() == b"ready"
    return process


def end(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()
