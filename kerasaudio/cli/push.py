"""`kerasaudio push`: upload a model to the Hugging Face Hub."""

import argparse
from typing import Any

from kerasaudio.cli.wording import MODEL_WORDS, Words

_WORDS: Words = {**MODEL_WORDS, "private": "--private", "message": "--message"}


def add(commands: Any) -> None:
    """Register the command."""
    push = commands.add_parser(
        "push",
        help="upload a model to the Hugging Face Hub",
        description="Upload a model and its card to the Hub, in one commit. Log in "
        "first: hf auth login.",
    )
    push.add_argument("model", metavar="MODEL", help="path of a saved model, or a name")
    push.add_argument("repo", metavar="USER/REPO")
    push.add_argument("--private", action="store_true", help="for a new repository")
    push.add_argument("--message", help="of the commit")
    push.add_argument("--license", help="of your model (SPDX)")
    push.set_defaults(run=_push, wording=_WORDS)


def _push(options: argparse.Namespace) -> int:
    from kerasaudio import sharing  # noqa: F401  (registers push_to_hub)
    from kerasaudio.loading import load

    about = {} if options.license is None else {"license": options.license}
    private = True if options.private else None
    model = load(options.model)
    print(
        model.push_to_hub(
            options.repo, private=private, message=options.message, **about
        )
    )
    return 0
