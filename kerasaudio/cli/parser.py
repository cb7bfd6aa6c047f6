"""A parser whose errors suggest what was probably meant."""

import argparse
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from kerasaudio.text import did_you_mean

_CHOICES = re.compile(
    r"^(?P<which>argument .*: invalid choice: '(?P<given>.*)') "
    r"\(choose from (?P<known>.*)\)$",
    re.DOTALL,
)


class SuggestingParser(argparse.ArgumentParser):
    """A parser whose errors suggest a similar command, choice or option."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, and end the program with status 2."""
        match = _CHOICES.match(message)
        if match is not None:
            known = [word.strip("'\"") for word in match["known"].split(", ")]
            question = did_you_mean(match["given"], known)
            if question:
                message = f"{match['which']}.{question}"
        super().error(message)

    def shown_options(self) -> list[str]:
        """Return the names of the options that the help shows."""
        return [
            name
            for name, action in self._option_string_actions.items()
            if action.help != argparse.SUPPRESS
        ]

    def refuse(self, unknown: Iterable[str]) -> NoReturn:
        """End with an error about words that no option takes."""
        words = list(unknown)
        options = [name for name in self.shown_options() if name[:2] == "--"]
        first = next((word for word in words if word.startswith("--")), "")
        question = did_you_mean(first.partition("=")[0], options) if first else ""
        said = f"unrecognized arguments: {' '.join(words)}"
        self.error(f"{said}.{question}" if question else said)


class YesOrNo(argparse.BooleanOptionalAction):
    """An option --NAME, or --no-NAME; giving both is an error."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store True or False, unless the other is stored already."""
        before = getattr(namespace, self.dest)
        super().__call__(parser, namespace, values, option_string)
        if before not in (None, getattr(namespace, self.dest)):
            raise argparse.ArgumentError(self, "give only one of the two")
