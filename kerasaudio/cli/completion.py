"""`kerasaudio completion`: scripts with which a shell completes this command line.

The scripts are written from the parser, so that they know every command, option and
choice. Names of models come from `kerasaudio list`, once in a session of the shell.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from typing import Any

from kerasaudio.cli.evaluate import DATA_SETS
from kerasaudio.cli.shells import SHELLS, Command, Option

_DESCRIPTION = """Print a script with which the shell completes this command line:
commands, options, their values, names of models, and files.

  bash  in ~/.bashrc:                    eval "$(kerasaudio completion bash)"
  zsh   in ~/.zshrc:                     eval "$(kerasaudio completion zsh)"
  fish  in ~/.config/fish/config.fish:   kerasaudio completion fish | source"""

# What a value is, by the name of its option or position; others are not completed.
_KINDS = {
    **dict.fromkeys(("model", "what", "words"), "models"),
    **dict.fromkeys(("path", "paths", "query", "out", "weights"), "files"),
    **dict.fromkeys(("verify", "calibrate"), "files"),
}
_MORE_WORDS = {"evaluate": DATA_SETS}


def add(commands: Any) -> None:
    """Register the command."""
    completion = commands.add_parser(
        "completion",
        help="print a script that completes this command line in a shell",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    completion.add_argument("shell", choices=tuple(SHELLS))
    completion.set_defaults(
        run=partial(_complete, commands), wording={}, with_backend=False
    )


def _complete(commands: Any, options: argparse.Namespace) -> int:
    print(SHELLS[options.shell](list(described(commands))), end="")
    return 0


def described(commands: Any) -> Iterator[Command]:
    """Yield the commands of `add_subparsers`, with what each of them takes."""
    helps = {action.dest: action.help for action in commands._choices_actions}
    for name, parser in commands.choices.items():
        given: list[Option] = []
        words: list[Option] = []
        for action in parser._actions:
            if action.help == argparse.SUPPRESS:
                continue
            (given if action.option_strings else words).append(_option(action))
        choices = [choice for word in words for choice in word.choices]
        kinds = {word.kind for word in words}
        yield Command(
            name,
            helps.get(name) or "",
            tuple(given),
            Option(
                (),
                "models" if "models" in kinds else "files" if "files" in kinds else "",
                tuple(choices) + _MORE_WORDS.get(name, ()),
            ),
        )


def _option(action: argparse.Action) -> Option:
    is_flag = action.nargs == 0
    return Option(
        tuple(action.option_strings),
        "" if is_flag or action.choices else _KINDS.get(action.dest, ""),
        () if is_flag else tuple(map(str, action.choices or ())),
        " ".join((action.help or "").split()),
        is_flag,
        isinstance(action, argparse._AppendAction),
    )
