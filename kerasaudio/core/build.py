"""What all factories share: arguments, their defaults and what is said of them.

A factory names its own arguments, takes `**shared: Unpack[Shared]`, and returns
``build(_ARCHITECTURE, **locals())``. `complete` gives it the whole signature and
docstring. An argument for all of them is one more here, and one in `assemble`.
"""

import inspect
import json
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from kerasaudio.core.architecture import Activation, Architecture
from kerasaudio.core.assemble import assemble, model_name
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.pretrained import Weights

_WIDTH = 88


class Shared(TypedDict, total=False):
    """Arguments of every factory, besides `weights`."""

    include_top: bool | None
    labels: Sequence[str] | None
    classes: int | None
    classifier_activation: Activation
    name: str | None


# In a signature a factory's own arguments stand before the name.
_DEFAULTS: Shared = {
    "include_top": True,
    "labels": None,
    "classes": None,
    "classifier_activation": "auto",
    "name": None,
}


def build(
    architecture: Architecture, *, weights: Weights, shared: Shared, **arguments: Any
) -> AudioModel:
    """Build what a factory was asked for.

    Args:
        architecture: Of the factory.
        weights: Its first argument.
        shared: What it was given of those that all take.
        **arguments: Its own; None means the weights' or the architecture's default.

    Raises:
        TypeError: An argument that the factory does not have.
        ValueError, OSError: As `assemble`.
    """
    for key in shared:
        if key not in _DEFAULTS:
            raise TypeError(
                f"{architecture.name}() got an unexpected keyword argument {key!r}"
            )
    settings: dict[str, Any] = {**_defaults(architecture), **shared}
    if settings["include_top"] is None:
        settings["include_top"] = not (
            architecture.classes is None  # published without a head
            and settings["labels"] is None
            and settings["classes"] is None
        )
    return assemble(architecture, weights=weights, **settings, **arguments)


def complete(function: Callable[..., AudioModel], architecture: Architecture) -> None:
    """Give a factory its whole signature and docstring, unless it has them already."""
    if hasattr(function, "__signature__"):  # `kerasaudio.models` is loaded again
        return
    function.__signature__ = _signature(function, architecture)  # type: ignore[attr-defined]
    function.__doc__ = _docstring(inspect.getdoc(function) or "", architecture)


def _defaults(architecture: Architecture) -> dict[str, Any]:
    """Give the defaults; a network that was published without a head has none."""
    own = {"include_top": None} if architecture.classes is None else {}
    return {**_DEFAULTS, **own}


def _signature(
    function: Callable[..., AudioModel], architecture: Architecture
) -> inspect.Signature:
    given = inspect.signature(function)
    weights, *own = [
        parameter
        for parameter in given.parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    *first, last = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=bool if default is True else Shared.__annotations__[name],
        )
        for name, default in _defaults(architecture).items()
    ]
    return given.replace(parameters=[weights, *first, *own, last])


def _docstring(own: str, architecture: Architecture) -> str:
    text = _with_arguments(own, architecture)
    if not text or "\nExamples:\n" in text:  # stripped by Python, or its own
        return text
    before, found, source = text.partition("\nSource: ")
    examples = "\n".join(["Examples:", *_examples(architecture), ""])
    return f"{before.rstrip()}\n\n{examples}{found}{source}"


def _examples(architecture: Architecture) -> list[str]:
    """Show how to build it, what it says of a sound, and how to have it trained."""
    name, given = architecture.name, {"labels": ["cat", "dog"], **architecture.example}
    arguments = ", ".join(f"{key}={json.dumps(value)}" for key, value in given.items())
    lines = [
        f">>> model = kerasaudio.{name}({arguments})",
        ">>> model.output_shape",
        str((None, len(given["labels"]))),
        '>>> sorted(label for label, score in model.tag("song.wav"))',
        str(sorted(given["labels"])),
    ]
    if tag := architecture.bundled:
        lines += [
            f'>>> kerasaudio.{name}("{tag}").name',
            repr(model_name(architecture, tag)),
        ]
    return [f"    {line}" for line in lines]


def _with_arguments(own: str, architecture: Architecture) -> str:
    """Insert what is said of the shared arguments, and of errors."""
    before, found, after = own.partition("Args:\n")
    if not found:  # it says whose arguments it has
        return own
    arguments, _, rest = after.partition("\n\n")
    *first, last = [_entry(*item) for item in _texts(architecture).items()]
    raises, found, rest = rest.partition("Raises:\n")
    errors = "\n".join(_entry(*item) for item in _ERRORS.items())
    if not found:
        rest = f"\n{raises}"
    return "\n".join(
        [
            f"{before}Args:",
            *first,
            *filter(str.strip, [arguments.rstrip()]),
            last,
            "",
            "Raises:",
            f"{errors}\n{rest}".rstrip(),
            "",
        ]
    )


_ERRORS = {
    "ValueError": "An unknown tag; arguments that contradict each other or the tag, or "
    "are out of range.",
    "OSError": "The weights cannot be had or are corrupt.",
}


def _texts(architecture: Architecture) -> dict[str, str]:
    name, classes = architecture.name, architecture.classes
    theirs = " or ".join(f"`{suffix}`" for suffix in architecture.suffixes)
    files = "`.weights.h5` or `.safetensors`"
    files += f", or {theirs} of the original code" if theirs else ""
    top = "End in class scores; otherwise in the embedding."
    if classes is None:
        top += " None: a head if labels or classes are given."
    return {
        "weights": f'None for random, a tag (`kerasaudio.list_weights("{name}")`), or '
        f"a path: {files}.",
        "include_top": top,
        "labels": "Names of your own classes; other than the tag's, they get a new "
        "head.",
        "classes": "Their number, if they have no names"
        + (f"; {classes}." if classes else "."),
        "classifier_activation": "Of the head; None gives logits. "
        f'"auto" is {_activations(architecture)}.',
        "name": "Of the model; None for the network's, with the tag.",
    }


def _activations(architecture: Architecture) -> str:
    if architecture.overlapping:
        return "sigmoid, as sounds overlap"
    if architecture.activation == "sigmoid" and architecture.classes is not None:
        return "sigmoid, and softmax over your own labels (sigmoid over one)"
    return "softmax (sigmoid for one class)"


def _entry(name: str, text: str) -> str:
    return textwrap.fill(
        f"{name}: {text}",
        _WIDTH - 4,
        initial_indent=" " * 4,
        subsequent_indent=" " * 8,
        break_long_words=False,
        break_on_hyphens=False,
    )
