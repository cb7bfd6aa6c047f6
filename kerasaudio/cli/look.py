"""`kerasaudio look`: a page with what a network listens to in a sound."""

import argparse
import os
from pathlib import Path
from typing import Any

from kerasaudio.cli.common import (
    add_model_options,
    complain,
    load_model,
    positive_seconds,
    seconds,
)
from kerasaudio.cli.wording import MODEL_WORDS, NO_SALVAGE_WORDS, Words
from kerasaudio.text import printable

_DESCRIPTION = """Show where and when a network listens in a sound.

Writes one self-contained page: waveform, spectrogram with what speaks for the label,
the sound and what the network listened to, and the tags over time."""

_EXAMPLES = """examples:
  kerasaudio look street.wav --out look.html
  kerasaudio look street.wav --model YAMNet/audioset --label Bark --out look.html
  kerasaudio look street.wav --method grad_cam --start 30 --out look.html

in Python: kerasaudio.interpret.attribute(model, "street.wav", label="Bark")"""

METHODS = (
    "occlusion",
    "grad_cam",
    "integrated_gradients",
    "saliency",
    "smooth_grad",
)
DEFAULT_SECONDS = 30.0
_MOST_SECONDS = 60
_WORDS: Words = {
    **MODEL_WORDS,
    **NO_SALVAGE_WORDS,
    "label": "--label",
    "method": "--method",
    "path": "--out",
    "offset": "--start",
    "duration": "--seconds",
    " are in model.spec.labels": " are shown by kerasaudio info",
    "Pass on='waveform'": "Use --method occlusion",
    "Pass on='waveform', or use occlusion": "Use --method occlusion",
}


def add(commands: Any) -> None:
    """Register the command."""
    look = commands.add_parser(
        "look",
        help="show where and when a network listens in a sound, as a page",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    look.add_argument("path", metavar="FILE", help="a sound or film")
    add_model_options(look)
    look.add_argument("--label", help="class to explain (default: the best tag)")
    look.add_argument(
        "--method",
        choices=METHODS,
        default=METHODS[0],
        help=f"how to find out (default: {METHODS[0]})",
    )
    look.add_argument(
        "--start",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="where in the file to begin (default: 0)",
    )
    look.add_argument(
        "--seconds",
        type=positive_seconds,
        metavar="SECONDS",
        help=f"length of the part to show, up to {_MOST_SECONDS} (default: "
        f"{DEFAULT_SECONDS:g}, or to the end)",
    )
    look.add_argument("--out", required=True, metavar="PAGE", help="the .html file")
    look.add_argument("--overwrite", action="store_true", help="replace --out")
    look.set_defaults(run=_look, wording=_WORDS)


def _look(options: argparse.Namespace) -> int:
    from kerasaudio.audio import load_audio
    from kerasaudio.interpret import attribute, look_page
    from kerasaudio.plot.check import check_path

    length = options.seconds or DEFAULT_SECONDS
    if length > _MOST_SECONDS:
        raise ValueError(
            f"--seconds must be at most {_MOST_SECONDS}. Received: {length:g}."
        )
    target = check_path(options.out, (".html", ".htm"))
    if target.exists() and not options.overwrite:
        raise ValueError(f"{str(target)!r} exists. Pass --overwrite to replace it.")
    if not os.path.isfile(options.path):
        raise ValueError(f"There is no sound file named {options.path!r}.")
    model = load_model(options)
    if model.spec.labels is None:
        raise ValueError(f"{options.model} has no labels to explain.")
    rate = model.spec.sample_rate
    clip = load_audio(
        options.path, rate, offset=options.start, duration=length + 1 / rate
    )
    if options.seconds is None and len(clip) > length * rate:
        complain(
            f"Showing the first {length:g} s after {options.start:g} s; --start and "
            "--seconds choose another part."
        )
    clip = clip[: round(length * rate)]
    found = attribute(model, clip, rate, label=options.label, method=options.method)
    look_page(model, found, target, name=Path(options.path).name)
    print(f"{printable(str(target))}: {printable(repr(found))}")
    return 0
