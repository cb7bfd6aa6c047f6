"""A CLAP on the command line: --model FOLDER, or --model CLAP --weights FOLDER."""

import argparse
import os
from typing import Any


def clap_folder(options: argparse.Namespace) -> str | None:
    """Return the folder that --model, or --weights of --model CLAP, names, if any."""
    folder: str | None = options.weights if options.model == "CLAP" else options.model
    if folder is None or folder.endswith(".keras") or not os.path.isdir(folder):
        return None
    return folder


def load_clap(options: argparse.Namespace, user: str) -> Any:
    """Return the `ZeroShot` that the command names.

    Args:
        options: The command's options, `model` and `weights`.
        user: Option that needs it, for the message.

    Raises:
        ValueError, OSError: The command names none, or it cannot be read.
    """
    from kerasaudio.zero_shot import ZeroShot

    folder = clap_folder(options)
    if folder is None:
        words = ("--model", options.model), ("--weights", options.weights)
        named = " ".join(f"{option} {word}" for option, word in words if word)
        raise ValueError(
            f"{user} takes any words, for which --model must be the folder of a CLAP "
            f"(docs: zero-shot.md). Received: {named or 'no --model'}."
        )
    if folder == options.model and options.weights is not None:
        raise ValueError(f"--model {folder} holds its weights: leave out --weights.")
    return ZeroShot(folder)
