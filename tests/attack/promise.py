"""What is done with something that promises too much, and what may come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Case:
    """Something to do under a limit of memory.

    Attributes:
        name: Of the case, unique.
        do: The call.
        says: What the error says, a pattern.
        errors: What may be raised.
        may_pass: Whether no error is right, too.
    """

    name: str
    do: Callable[[], Any]
    says: str = ""
    errors: tuple[type[Exception], ...] = (ValueError, OSError)
    may_pass: bool = False
