"""`kerasaudio listen`: tag sound while it arrives."""

import argparse
import math
import os
import stat
import sys
from typing import Any

from kerasaudio.cli.common import (
    MODEL_HELP,
    complain,
    load_model,
    positive,
    positive_seconds,
)
from kerasaudio.cli.wording import MODEL_WORDS, Words

_DESCRIPTION = """Name the sounds from the microphone or from a pipe.

By default a WAV stream is read from standard input if that is a pipe or a file, and
otherwise the microphone is used. On a terminal a table is updated with every hop;
otherwise one line is printed per hop. Scores belong to the last window of sound. The
network sets the length of the window, so the first scores come when a window is full.
Stop with Ctrl-C; the command also stops at the end of the sound."""

_EXAMPLES = """examples:
  kerasaudio listen
  kerasaudio listen EfficientAT --window 2 --threshold 0.2 --smoothing average
  ffmpeg -v error -i rtsp://camera/audio -f wav - | kerasaudio listen YAMNet --json
  arecord -t raw -f S16_LE -r 16000 | kerasaudio listen --raw --rate 16000"""

# As in kerasaudio.streaming, which needs a backend to be imported.
SMOOTHINGS = ("average", "exponential")
_SOURCES = {
    "microphone": "the microphone, through the package sounddevice",
    "wav": "a WAV stream on standard input",
    "raw": "samples without a header on standard input; needs --rate",
}

_WORDS: Words = {
    **MODEL_WORDS,
    "window_seconds": "--window",
    "hop_seconds": "--hop",
    "hop_samples": "--hop, in samples,",
    "smoothing": "--smoothing",
    "smoothing_seconds": "--smoothing-seconds",
    "sample_rate": "--rate",
    "channels": "--channels",
}


def add(commands: Any) -> None:
    """Register the command."""
    listen = commands.add_parser(
        "listen",
        help="name the sounds from the microphone or a pipe, live",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listen.add_argument("model", nargs="?", metavar="MODEL", help=MODEL_HELP)
    listen.add_argument(
        "--weights", help="tag of published weights, or path of your own file"
    )
    _add_sound_options(listen.add_argument_group("sound"))
    scores = listen.add_argument_group("scores")
    scores.add_argument(
        "--hop",
        type=positive_seconds,
        metavar="SECONDS",
        help="time from one window to the next (default: 0.25; or a step, for networks "
        "with a state such as SileroVAD)",
    )
    scores.add_argument(
        "--window",
        type=positive_seconds,
        metavar="SECONDS",
        help="length of a window, for networks that take any (default: the model's)",
    )
    scores.add_argument(
        "--smoothing",
        choices=SMOOTHINGS,
        help="of the scores over the last windows (default: none)",
    )
    scores.add_argument(
        "--smoothing-seconds",
        type=positive_seconds,
        default=1.0,
        metavar="SECONDS",
        help="span or time constant of the smoothing (default: 1)",
    )
    scores.add_argument(
        "--top", type=positive, help="largest number of tags (default: 5)"
    )
    scores.add_argument(
        "--threshold",
        type=_number,
        metavar="SCORE",
        help="leave out tags with lower scores",
    )
    listen.add_argument(
        "--json",
        action="store_true",
        help="print one object per line; a model without labels gives vectors",
    )
    listen.add_argument(
        "--report", action="store_true", help="print the speed at the end"
    )
    listen.set_defaults(run=_listen, wording=_WORDS)


def _add_sound_options(sound: Any) -> None:
    from kerasaudio.audio.pcm import SAMPLE_FORMATS

    source = sound.add_mutually_exclusive_group()
    for name, text in _SOURCES.items():
        source.add_argument(
            f"--{name}", dest="source", action="store_const", const=name, help=text
        )
    sound.add_argument(
        "--rate", type=positive, metavar="HZ", help="sample rate of --raw"
    )
    sound.add_argument(
        "--format",
        choices=SAMPLE_FORMATS,
        metavar="FORMAT",
        help=f"format of --raw: {', '.join(SAMPLE_FORMATS)} (default: s16le)",
    )
    sound.add_argument(
        "--channels", type=positive, metavar="N", help="channels of --raw (default: 1)"
    )
    sound.add_argument(
        "--device", help="the device of --microphone: its number or part of its name"
    )


def _listen(options: argparse.Namespace) -> int:
    from kerasaudio.cli.live import writer
    from kerasaudio.streaming import Stream

    source = _source(options)
    model = load_model(options)
    _check_labels(options, model)
    stream = Stream(
        model,
        options.hop or "auto",
        window_seconds=options.window,
        smoothing=options.smoothing,
        smoothing_seconds=options.smoothing_seconds,
    )
    write = writer(sys.stdout, stream, options.json, options.top, options.threshold)
    try:
        for heard in stream.run(source, source.sample_rate):
            write(heard)
    finally:
        report = stream.report()
        if options.report and report.windows:
            complain(str(report))
        if source.complaint:
            complain(source.complaint, _WORDS)
    if not report.windows:
        complain("Less than 50 ms of sound was received, which is too short to score.")
    return int(source.complaint is not None or not report.windows)


def _source(options: argparse.Namespace) -> Any:
    from kerasaudio.audio.microphone import Microphone
    from kerasaudio.audio.pcm import PcmStream, open_wav_stream

    kind = options.source or ("wav" if _is_piped() else "microphone")
    owners = {"rate": "raw", "format": "raw", "channels": "raw", "device": "microphone"}
    for name, owner in owners.items():
        if getattr(options, name) is not None and kind != owner:
            raise ValueError(
                f"--{name} needs --{owner}, but the sound comes from --{kind}."
            )
    if kind == "microphone":
        device = options.device
        number = device is not None and device.isdecimal()
        return Microphone(int(device) if number else device)
    if kind == "wav":
        return open_wav_stream(sys.stdin.buffer)
    if options.rate is None:
        raise ValueError(
            "--raw needs --rate, because samples without a header have no sample "
            "rate. Example: --raw --rate 16000."
        )
    return PcmStream(
        sys.stdin.buffer,
        options.rate,
        options.format or "s16le",
        options.channels or 1,
    )


def _is_piped() -> bool:
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):  # there is no standard input
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def _check_labels(options: argparse.Namespace, model: Any) -> None:
    labels = model.spec.labels
    if labels is None:
        if not options.json or options.top or options.threshold is not None:
            raise ValueError(
                f"{options.model} has no labels to name sounds with. Use --json, "
                "without --top and --threshold, to get its vectors."
            )
    elif options.top and options.top > len(labels):
        raise ValueError(
            f"--top must be from 1 to {len(labels)}, the classes of {options.model}. "
            f"Received: {options.top}."
        )


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number
