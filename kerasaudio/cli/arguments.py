"""`--set NAME=VALUE`: arguments of a factory, read according to its signature."""

import argparse
import math
from typing import Any, get_args

# Decided by the data or by other options.
_DECIDED = ("classes", "include_top", "name")
_KINDS = (bool, int, float, str)
_TRUTH = {"true": True, "false": False}


def add_set_option(parser: Any) -> None:
    """Add --set."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=VALUE",
        dest="arguments",
        help="an argument of the factory, such as filters=16; can be repeated",
    )


def factory_arguments(model: str, given: list[tuple[str, str]]) -> dict[str, Any]:
    """Read the values of --set, with the types of the factory's signature.

    Args:
        model: Value of --model.
        given: Names and texts of the arguments.

    Raises:
        ValueError: The factory has no such argument, the argument is given twice, its
            text is not a value of its type, or the model is not a factory.
    """
    from kerasaudio.loading import arguments_of
    from kerasaudio.models import FACTORIES

    factory = model.partition("/")[0]
    if not given:
        return {}
    if model.endswith(".keras"):
        raise ValueError(
            f"{model!r} is a saved model: leave out --set, which is for factories."
        )
    if factory not in FACTORIES:
        return dict(given)  # loading the model reports the unknown name
    taken = {k: v for k, v in arguments_of(factory).items() if k not in _DECIDED}
    values: dict[str, Any] = {}
    for name, text in given:
        if name not in taken:
            raise ValueError(
                f"{factory} has no argument {name!r} that can be set. It takes: "
                f"{', '.join(taken)}."
            )
        if name in values:
            raise ValueError(f"--set {name}= is given twice.")
        values[name] = _read(name, text, taken[name].annotation)
    return values


def set_words(given: list[tuple[str, str]]) -> dict[str, str]:
    """Return the words in which errors name the arguments of --set; see `Words`."""
    return {name: f"--set {name}=" for name, _ in given}


def _read(name: str, text: str, annotation: Any) -> Any:
    kinds = get_args(annotation) or (annotation,)
    kind = next(kind for kind in _KINDS if kind in kinds)
    value: Any = text
    try:
        if kind is bool:
            value = _TRUTH[text.lower()]
        elif kind is int:
            value = int(text)
        elif kind is float:
            value = float(text)
    except (KeyError, ValueError):
        value = math.nan
    if isinstance(value, float) and not math.isfinite(value):
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}
        raise ValueError(f"--set {name}= takes {wanted[kind]}. Received: {text!r}.")
    return value


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.replace("-", "_"), value
