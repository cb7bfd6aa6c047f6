"""The command line: one file a command, each with `add`, which registers it.

`main` runs it; results go to stdout, everything else to stderr.
"""

from kerasaudio.cli.main import main

__all__ = ["main"]
