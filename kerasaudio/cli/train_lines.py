"""What `kerasaudio train` prints while it trains, and after it."""

import argparse
import math
import shlex
from typing import Any

from kerasaudio.text import counted, percent, printable, quoted


def measuring_command(options: argparse.Namespace) -> str:
    """Return the command that measures the model on the clips held out."""
    words = ["kerasaudio", "evaluate", options.out, options.path]
    named = {"hold-out": options.hold_out, "seed": options.seed or None}
    named |= {key: getattr(options, key) for key in ("recording", "separator")}
    for name, value in named.items():
        words += [] if value is None else [f"--{name}", str(value)]
    return printable(shlex.join(words))


def introduction(clips: Any, training: int, validation: int, model: Any) -> str:
    """Return how many clips are used for what, and which network learns."""
    counts = clips.multi_hot.sum(axis=0).tolist()
    classes = ", ".join(
        f"{quoted(name)} {count}"
        for name, count in zip(clips.class_names, counts, strict=True)
    )
    spec = model.spec
    origin = spec.preset or f"{spec.architecture}, no published weights"
    if spec.trained_on:
        origin = f"{spec.architecture}, trained on {', '.join(spec.trained_on)}"
    held = len(clips) - training - validation
    rest = f", {held} held out" if held else ""
    return (
        f"{clips.name}: {counted(training, 'clip')} to learn from, {validation} to "
        f"choose the epoch{rest} ({classes})\n"
        f"{origin}, {model.count_params():,} weights"
    )


def announced(clips: int, names: Any, versions: Any) -> str:
    """Return how many versions of the clips are made ahead."""
    made = clips * len(versions)
    return (
        f"{counted(len(versions), 'version')} of each clip to learn from "
        f"({', '.join(names)}): "
        f"{made} more, {clips + made} in an epoch"
    )


def epoch_line(epoch: Any, total: int) -> str:
    """Return the result of an epoch in a line."""
    if math.isnan(epoch.score):
        return (
            f"all clips: epoch {epoch.number:2d}  {epoch.phase:6}  "
            f"loss {epoch.loss:.4f}  {epoch.seconds:.1f} s"
        )
    return (
        f"epoch {epoch.number:2d}/{total}  {epoch.phase:6}  loss {epoch.loss:.4f}  "
        f"validation: {percent(epoch.score)}, loss {epoch.validation_loss:.4f}  "
        f"{epoch.seconds:.1f} s{'  best' if epoch.is_best else ''}"
    )
