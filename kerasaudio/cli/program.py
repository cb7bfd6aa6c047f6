"""The program behind the command line: it reads the words and runs the command.

Exit status: 0 for success, 1 if something could not be done (everything else was), 2
for a wrong command or without a backend of Keras, 130 if interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from kerasaudio import version
from kerasaudio.cli import (
    cache,
    catalog,
    completion,
    detect,
    embed,
    evaluate,
    export,
    info,
    listen,
    look,
    nearest,
    push,
    see,
    tag,
    train,
)
from kerasaudio.cli.backend import start_backend
from kerasaudio.cli.common import (
    complain,
    reason_of,
    similar_file,
    warnings_as_lines,
)
from kerasaudio.cli.parser import SuggestingParser
from kerasaudio.start import BackendError

_EXAMPLES = """examples:
  kerasaudio tag street.wav                  five of 521 kinds of sounds, offline
  kerasaudio tag song.mp3 --model MusiCNN    tags of music
  kerasaudio tag sounds/ --top 3 --csv       a folder and its subfolders, as a table
  kerasaudio tag talk.wav --timeline         also the tags of each window
  kerasaudio detect street.wav --labels Dog  when a sound is heard
  kerasaudio listen                          tag the sound of the microphone, live
  kerasaudio see                             the same, as a page with pictures
  kerasaudio embed sounds/ --out sounds.npz  one vector per file
  kerasaudio nearest bark.wav sounds/        find the most similar sounds
  kerasaudio look bark.wav --out look.html   a page: where and when it listens
  kerasaudio train sounds/ --out mine.keras  learn your own classes, one folder each
  kerasaudio export mine.keras mine.tflite   write a file that runs without Keras
  kerasaudio download EfficientAT audioset   fetch weights before going offline
  kerasaudio tag yard.wav --model EfficientAT --weights audioset

KERAS_BACKEND chooses tensorflow, jax or torch, if several are installed;
KERASAUDIO_WEIGHTS names a folder with weights that you already have; KERASAUDIO_CACHE
names the folder for downloads (see `kerasaudio cache`)."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Words after the name of the program; None for those of the process.

    Returns:
        The exit status.
    """
    parser, commands = build_parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown:  # with the usage of the command, not that of the program
        commands.choices[options.command].refuse(unknown)
    for stream in (sys.stdout, sys.stderr):  # a file's name need not be printable
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        if options.with_backend:
            start_backend()
        with warnings_as_lines(options.wording):
            status = options.run(options)
        sys.stdout.flush()
        return int(status)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BackendError as error:
        complain(reason_of(error))
        return 2
    except (ValueError, OSError, ImportError) as error:
        complain(reason_of(error) + _similar(error), options.wording)
        return 1


def _similar(error: Exception) -> str:
    """Return a question about a file that is missing, if a similar one is there."""
    if not isinstance(error, FileNotFoundError) or error.filename is None:
        return ""
    question = similar_file(os.fsdecode(error.filename))
    return f".{question}" if question else ""


def build_parser() -> tuple[SuggestingParser, Any]:
    """Return the parser of the program, and the commands, as `add_subparsers` does."""
    parser = SuggestingParser(
        prog="kerasaudio",
        description="Recognize the sounds in files; turn sounds into vectors.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=version.__version__)
    parser.set_defaults(with_backend=True)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (
        tag,
        detect,
        listen,
        see,
        embed,
        nearest,
        look,
        train,
        evaluate,
        export,
        push,
        catalog,
        info,
        completion,
        cache,
    ):
        command.add(commands)
    return parser, commands
