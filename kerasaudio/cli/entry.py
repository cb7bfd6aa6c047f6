"""Where the command line starts: it imports little, so that Ctrl-C finds it ready."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Words after the name of the program; None for those of the process.

    Returns:
        The exit status; 130 if interrupted.
    """
    try:
        from kerasaudio.cli.program import run

        return run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("kerasaudio: Interrupted.\n")
        return 130
