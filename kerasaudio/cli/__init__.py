"""The command line: one file per command, each with `add`, which registers it.

`main` runs a command; results go to stdout, everything else to stderr.
"""

from kerasaudio.cli.entry import main

__all__ = ["main"]
