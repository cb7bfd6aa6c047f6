"""The classes of labels that come one by one: names, numbers, or several of these."""

from collections.abc import Sequence
from typing import Any, Self

from kerasaudio.arguments import class_name
from kerasaudio.arguments import class_names as checked_names
from kerasaudio.datasets.check import listed

Value = tuple[str | int, ...]


class Labels:
    """Collects labels, and then knows their classes.

    Args:
        class_names: Names of the classes; None for those that are found.
        separator: What separates several classes in a text; None for one class.

    Attributes:
        names: Names of the classes, once they are settled.
        several: Whether a clip can have several classes.
    """

    def __init__(
        self, class_names: Sequence[str] | None, separator: str | None
    ) -> None:
        if separator is not None and not separator:
            raise ValueError('separator must not be empty. Received: "".')
        self._given = None if class_names is None else checked_names(class_names)
        self._separator = separator
        self.several = separator is not None
        self._found: set[str | int] = set()
        self.names: tuple[str, ...] = tuple(self._given or ())
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def read(self, label: Any, where: str) -> Value:
        """Return the classes of a label, as names and numbers.

        Args:
            label: A name, a number, or a list of these.
            where: Where it is from, for messages.

        Raises:
            ValueError: It is none of these, or not among the classes.
        """
        if isinstance(label, list | tuple):
            self.several = True
            parts: list[Any] = list(label)
        elif isinstance(label, str) and self._separator is not None:
            parts = [part for part in label.split(self._separator) if part.strip()]
        else:
            parts = [label]
        value = tuple(self._class(part, where) for part in parts)
        self._found.update(value)
        return value

    def settled(self) -> Self:
        """Return these labels with their classes, after the last label.

        Raises:
            ValueError: Some labels are numbers, others names.
        """
        if self._given is None:
            kinds = {type(one) for one in self._found}
            if len(kinds) > 1:
                raise ValueError(
                    "Labels must be all numbers or all names. Received: "
                    f"{listed(sorted(map(str, self._found)))}. Pass class_names=."
                )
            order = sorted(self._found, key=lambda one: (str(type(one)), one))
            self.names = tuple(map(str, order))
            self._numbers = {name: number for number, name in enumerate(self.names)}
        return self

    def numbers(self, value: Value) -> tuple[int, ...]:
        """Return the numbers of classes that `read` returned, in ascending order."""
        if self._given is None:
            return tuple(sorted({self._numbers[str(one)] for one in value}))
        each = (one if isinstance(one, int) else self._numbers[one] for one in value)
        return tuple(sorted(set(each)))

    def _class(self, part: Any, where: str) -> str | int:
        """Return a class as its name, or its number if it has no name."""
        if isinstance(part, str):
            text = class_name(part.strip())
            if self._given is not None and text in self._numbers:
                return text
            if not text.isdecimal():
                if not text or self._given is not None:
                    self._refuse(part, where)
                return text
            part = int(text)
        if isinstance(part, bool) or not isinstance(part, int) or part < 0:
            self._refuse(part, where)
        number = int(part)
        if self._given is not None and number >= len(self._given):
            self._refuse(part, where)
        return number

    def _refuse(self, part: Any, where: str) -> None:
        known = "a name, or a number from 0"
        if self._given is not None:
            known = f"one of {listed(self._given, 5)}, or a number from 0 to "
            known += str(len(self._given) - 1)
        raise ValueError(f"The label of {where} must be {known}. Received: {part!r}.")
