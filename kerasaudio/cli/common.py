"""Shared by the commands: choosing a model, finding files, printing messages."""

import argparse
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from kerasaudio.cli.wording import Words, in_options
from kerasaudio.text import did_you_mean, escaped, printable

DEFAULT_MODEL = "YAMNet"
MODEL_HELP = (
    "factory, factory/tag, the path of a saved .keras model, or hf://user/repo "
    f"(default: {DEFAULT_MODEL})"
)
_MOST_NAMES = 2_000  # of a folder that are compared with a wrong name
_OTHERS = "--model names another network, such as MusiCNN for music"


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add --model and --weights."""
    parser.add_argument("--model", help=MODEL_HELP)
    parser.add_argument(
        "--weights", help="tag of published weights, or path of your own file"
    )


def add_repeat_option(parser: argparse.ArgumentParser) -> None:
    """Add --repeat-to."""
    parser.add_argument(
        "--repeat-to",
        type=positive_seconds,
        metavar="SECONDS",
        help="repeat shorter sounds to this length, such as 10 for EfficientAT",
    )


def add_dtype_option(parser: argparse.ArgumentParser) -> None:
    """Add --dtype."""
    parser.add_argument(
        "--dtype",
        choices=("bfloat16", "float16"),
        help="compute the network in half precision, for GPUs (default: float32)",
    )


def load_model(
    options: argparse.Namespace, window: float | None = None, hop: float | None = None
) -> Any:
    """Load the model that --model and --weights name; see `choose_model`.

    Args:
        options: Options of the command; --repeat-to is also read.
        window: Length of the windows in seconds, for commands that pass it to no other
            function; None for the model's own.
        hop: The same, for the time from one window to the next.
    """
    from kerasaudio.loading import load

    choose_model(options)
    repeat_to = getattr(options, "repeat_to", None)
    return with_windows(load(options.model, options.weights), window, hop, repeat_to)


def with_windows(
    model: Any, window: float | None, hop: float | None, repeat_to: float | None
) -> Any:
    """Return a model with other windows, if some are given; all in seconds."""
    if (window, hop, repeat_to) == (None, None, None):
        return model
    return model.with_windows(window, hop, repeat_to_seconds=repeat_to)


def choose_model(options: argparse.Namespace) -> None:
    """Set `options.model` to the default if the command names no model.

    Prints which network and weights answer, unless the command leaves no choice.
    """
    from kerasaudio.weights.manifest import tags

    is_named = options.model is not None
    if not is_named:
        options.model = DEFAULT_MODEL
    name, weights = options.model, options.weights
    is_factory = "/" not in name and not name.endswith(".keras")
    offered = tags(name) if is_factory and weights is None else []
    if not is_named:
        tag = "".join(f"/{tag}" for tag in offered[:1])
        given = f" --weights {weights}" if weights is not None else ""
        complain(f"Using {name}{tag}{given}; {_OTHERS}.")
    elif len(offered) > 1:
        choice = ", ".join(offered)
        complain(f"Using {name}/{offered[0]}; --weights can be: {choice}.")


def add_errors_option(parser: argparse.ArgumentParser) -> None:
    """Add --errors."""
    parser.add_argument(
        "--errors",
        choices=("raise", "salvage"),
        default="raise",
        help="for files that are cut short or damaged: raise an error, or salvage the "
        "part that can be read and report what is missing (default: raise)",
    )


def find_files(given: Sequence[str]) -> tuple[list[Path], int]:
    """Return the audio files, and the number of paths where none were found."""
    from kerasaudio.audio import find_audio

    found: dict[str, Path] = {}
    missing = 0
    for path in given:
        try:
            files = find_audio(path)
        except (ValueError, OSError) as error:
            hint = similar_file(path) if isinstance(error, FileNotFoundError) else ""
            complain(f"{error}{hint}")
            missing += 1
        else:
            for file in files:
                found.setdefault(os.path.abspath(file), file)
    return list(found.values()), missing


def similar_file(path: str | Path) -> str:
    """Return a question that suggests a file of a similar name beside, or ""."""
    missing = Path(path)
    try:
        with os.scandir(missing.parent) as entries:
            names = [entry.name for entry in islice(entries, _MOST_NAMES)]
    except OSError:
        return ""
    return did_you_mean(missing.name, names)


@contextmanager
def warnings_as_lines(words: Words) -> Iterator[None]:
    """Print each warning of the library as one line on stderr."""
    from kerasaudio.audio import AudioWarning

    with warnings.catch_warnings():
        show = warnings.showwarning

        def tell(message: Warning | str, category: type[Warning], *place: Any) -> None:
            if issubclass(category, UserWarning):  # without the line of code
                complain(str(message), words)
            else:
                show(message, category, *place)

        warnings.simplefilter("always", AudioWarning)
        warnings.showwarning = tell  # type: ignore[assignment]
        yield


def positive(text: str) -> int:
    """Read a whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def positive_seconds(text: str) -> float:
    """Read a number of seconds above zero."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return seconds


def seconds(text: str) -> float:
    """Read a number of seconds, 0 or more."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, 0 or more")
    return number


def share(text: str) -> float:
    """Read a number between 0 and 1, both excluded."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return number


def positive_number(text: str) -> float:
    """Read a number above zero."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return number


def seed(text: str) -> int:
    """Read a whole number for the seed of everything random."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number below 2**32")
    return int(text)


def complain(message: str, words: Words | None = None) -> None:
    """Print a message on stderr by one call, because threads do this, too.

    Args:
        message: The text.
        words: How to translate it, if the message is from the library.
    """
    said = in_options(message, words or {})
    sys.stderr.write(f"kerasaudio: {escaped(said)}\n")


def complain_of(path: str | Path, reason: str, words: Words | None = None) -> None:
    """Print why a file cannot be used, with its name unless the reason has it."""
    said = in_options(reason, words or {})
    named = repr(str(path)) in reason
    complain(said if named else f"{printable(path)}: {said}")


def reason_of(error: Exception) -> str:
    """Return the text of an error, without the number of the operating system."""
    return re.sub(r"^\[(Errno|WinError) \d+\] ", "", str(error))
