"""`kerasaudio see`: a page that hears the microphone and shows what is heard."""

import argparse
from typing import Any

from kerasaudio.cli.common import (
    add_model_options,
    load_model,
    positive,
    positive_seconds,
)
from kerasaudio.cli.wording import MODEL_WORDS, Words

_DESCRIPTION = """Hear and see: open a page that names the sounds of the microphone.

The page shows tags, a spectrogram with what the network listens to, and a picture of
what is heard, live; children see the animal that they imitate. It takes a file as well.
Sound is not kept. Stop with Ctrl-C.

Only this machine is answered. For others, --host is the address to listen at and
--allow a name by which they reach it; browsers lend the microphone only to https, so
that a proxy with a certificate belongs before it."""

_EXAMPLES = """examples:
  kerasaudio see
  kerasaudio see --model EfficientAT --window 2
  kerasaudio see --model mine.keras --pictures frames/ --port 9000
  kerasaudio see --host 0.0.0.0 --allow sound.example.org --no-browser

frames/ has one folder a label, such as frames/Dog/frame-000.png, frame-001.png, ..."""

DEFAULT_PORT = 8_000  # as in kerasaudio.app, which needs a backend to be imported
DEFAULT_VISITORS = 20
_WORDS: Words = {
    **MODEL_WORDS,
    "hop_seconds": "--hop",
    "window_seconds": "--window",
    "visitors": "--visitors",
    "hosts": "--allow",
    "port": "--port",
    "pictures": "--pictures",
}


def add(commands: Any) -> None:
    """Register the command."""
    see = commands.add_parser(
        "see",
        help="open a page that hears the microphone and shows what is heard",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_options(see)
    see.add_argument(
        "--window",
        type=positive_seconds,
        metavar="SECONDS",
        help="length of a window, for networks that take any",
    )
    see.add_argument(
        "--hop",
        type=positive_seconds,
        metavar="SECONDS",
        help="time from one window to the next (default: 0.2; or a step, for networks "
        "with a state)",
    )
    see.add_argument(
        "--pictures",
        metavar="FOLDER",
        help="a folder of frames for each label (default: drawings)",
    )
    server = see.add_argument_group("server")
    server.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen at (default: 127.0.0.1, this machine)",
    )
    server.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help=f"port to listen at, 0 for a free one (default: {DEFAULT_PORT})",
    )
    server.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name of this server; can be repeated",
    )
    server.add_argument(
        "--visitors",
        type=positive,
        default=DEFAULT_VISITORS,
        metavar="N",
        help=f"number of visitors at a time (default: {DEFAULT_VISITORS})",
    )
    server.add_argument(
        "--no-browser", action="store_true", help="only print the address"
    )
    see.set_defaults(run=_see, wording=_WORDS)


def _see(options: argparse.Namespace) -> int:
    from kerasaudio.app import see

    see(
        load_model(options),
        options.pictures,
        hop_seconds=options.hop,
        window_seconds=options.window,
        visitors=options.visitors,
        hosts=options.allow,
        host=options.host,
        port=options.port,
        open_browser=not options.no_browser,
    )
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 65535")
    return int(text)
