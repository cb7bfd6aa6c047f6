"""`kerasaudio listen`: tag sound while it arrives."""

import argparse
import os
import stat
import sys
from contextlib import ExitStack
from typing import Any

from kerasaudio.cli.common import (
    MODEL_HELP,
    complain,
    load_model,
    positive,
    positive_seconds,
)
from kerasaudio.cli.out import add_out_options, check_out, opened_out
from kerasaudio.cli.pipe import interruptible
from kerasaudio.cli.scores import (
    SCORE_WORDS,
    WINDOW_WORDS,
    Choice,
    add_tag_options,
    add_window_options,
    choice,
)
from kerasaudio.cli.wording import MODEL_WORDS, Words
from kerasaudio.cli.writer import add_format_options
from kerasaudio.text import counted, printable

_DESCRIPTION = """Name the sounds from the microphone or from a pipe.

By default a WAV stream is read from standard input if that is a pipe or a file, and
otherwise the microphone is used. On a terminal a table is updated with every hop;
otherwise one line is printed per hop. Scores belong to the last window of sound. The
network sets the length of the window, so the first scores come when a window is full.
Stop with Ctrl-C; the command also stops at the end of the sound.

--json prints one object per window; of a model without labels, its vector. The file
--out grows with each window; on a terminal the table is shown as well."""

_EXAMPLES = """examples:
  kerasaudio listen
  kerasaudio listen EfficientAT --window 2 --threshold 0.2 --smoothing average
  kerasaudio listen --label Dog --threshold 0.3 --out dogs.csv
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
    **WINDOW_WORDS,
    **SCORE_WORDS,
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
    add_window_options(
        scores,
        hop="0.25; or a step, for networks with a state such as SileroVAD",
    )
    add_tag_options(scores)
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
    add_out_options(add_format_options(listen), listen)
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

    form = check_out(options)
    source = _source(options)
    model = load_model(options)
    chosen = _choice(options, model, form)
    stream = Stream(
        model,
        options.hop or "auto",
        window_seconds=options.window,
        smoothing=options.smoothing,
        smoothing_seconds=options.smoothing_seconds,
    )
    with ExitStack() as stack:
        writers = []
        if options.out is not None:
            out = stack.enter_context(opened_out(options))
            writers.append(writer(out, stream, form, chosen))
        if options.out is None or (sys.stdout.isatty() and chosen is not None):
            writers.append(writer(sys.stdout, stream, options.form, chosen))
        try:
            for heard in stream.run(source, source.sample_rate):
                for write in writers:
                    write(heard)
        finally:
            report = stream.report()
            if options.report and report.windows:
                complain(str(report))
            if source.complaint:
                complain(source.complaint, _WORDS)
            if options.out is not None and report.windows:
                done = counted(report.windows, "window")
                print(f"{printable(options.out)}: tags of {done}")
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
        return open_wav_stream(interruptible(sys.stdin.buffer))
    if options.rate is None:
        raise ValueError(
            "--raw needs --rate, because samples without a header have no sample "
            "rate. Example: --raw --rate 16000."
        )
    return PcmStream(
        interruptible(sys.stdin.buffer),
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


def _choice(options: argparse.Namespace, model: Any, form: str) -> Choice | None:
    """Return which tags are shown; None for the vectors of a model without labels."""
    if model.spec.labels is not None:
        return choice(options, model.spec.labels)
    given = (options.top, options.threshold, options.label, options.labels)
    if form != "json" or given != (None,) * len(given):
        raise ValueError(
            f"{options.model} has no labels to name sounds with. Use --json, "
            "without --top, --threshold and --label, to get its vectors."
        )
    return None
