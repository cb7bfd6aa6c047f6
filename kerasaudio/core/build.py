"""The arguments that all factories share: defaults, signatures and docstrings.

A factory names its own arguments, takes `**shared: Unpack[Shared]`, and returns
``build(_ARCHITECTURE, **locals())``. `complete` adds the shared arguments to its
signature and docstring. To add a shared argument, add it here and in `assemble`.
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
    """The arguments of every factory, besides `weights`."""

    include_top: bool | None
    labels: Sequence[str] | None
    classes: int | None
    classifier_activation: Activation
    name: str | None


# In a signature, a factory's own arguments come before `name`.
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
    """Build the model that a factory was asked for.

    Args:
        architecture: The architecture of the factory.
        weights: The factory's first argument.
        shared: The shared arguments that were passed.
        **arguments: The factory's own arguments; None means the default of the weights
            or of the architecture.

    Raises:
        TypeError: The factory does not have an argument.
        ValueError, OSError: See `assemble`.
    """
    for key in shared:
        if key not in _DEFAULTS:
            raise TypeError(
                f"{architecture.name}() got an unexpected keyword argument {key!r}"
            )
    settings: dict[str, Any] = {**_defaults(architecture), **shared}
    return assemble(architecture, weights=weights, **settings, **arguments)


def complete(function: Callable[..., AudioModel], architecture: Architecture) -> None:
    """Complete the signature and docstring of a factory, unless they are complete."""
    if hasattr(function, "__signature__"):  # `kerasaudio.models` is reloaded
        return
    function.__signature__ = _signature(function, architecture)  # type: ignore[attr-defined]
    function.__doc__ = _docstring(inspect.getdoc(function) or "", architecture)


def _defaults(architecture: Architecture) -> dict[str, Any]:
    """Return the defaults; include_top is None if no head was published."""
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
    if not text or "\nExamples:\n" in text:  # removed by python -OO, or its own
        return text
    before, found, source = text.partition("\nSource: ")
    examples = "\n".join(["Examples:", *_examples(architecture), ""])
    return f"{before.rstrip()}\n\n{examples}{found}{source}"


def _examples(architecture: Architecture) -> list[str]:
    """Return examples: build the model, tag a sound, load bundled weights."""
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
    """Insert the descriptions of the shared arguments and of the errors."""
    before, found, after = own.partition("Args:\n")
    if not found:  # it refers to another factory's arguments
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
    "ValueError": "The tag is unknown, or arguments are out of range or contradict "
    "each other or the weights.",
    "OSError": "The weights are unavailable or corrupt.",
}


def _texts(architecture: Architecture) -> dict[str, str]:
    name, classes = architecture.name, architecture.classes
    theirs = " or ".join(f"`{suffix}`" for suffix in architecture.suffixes)
    files = "`.weights.h5` or `.safetensors`"
    files += f", or {theirs} of the original code" if theirs else ""
    top = "Whether the model returns class scores rather than the embedding."
    if classes is None:
        top += (
            " None: scores if `labels` or `classes` is passed, or if the weights are "
            "a saved model's with a head."
        )
    return {
        "weights": "None for random weights, a tag "
        f'(see `kerasaudio.list_weights("{name}")`), or the path of a file: {files}.',
        "include_top": top,
        "labels": "Names of your own classes. If they differ from the weights' "
        "classes, the model gets a new head with random weights.",
        "classes": "Number of classes, if they have no names"
        + (f"; default: {classes}." if classes else "."),
        "classifier_activation": "Activation of the head; None returns logits. "
        f'"auto" is {_activations(architecture)}.',
        "name": "Name of the model; default: the network's name and the tag.",
    }


def _activations(architecture: Architecture) -> str:
    if architecture.overlapping:
        return "sigmoid, because sounds overlap"
    if architecture.activation == "sigmoid" and architecture.classes is not None:
        return (
            "sigmoid; for your own labels it is softmax (sigmoid if there is only one)"
        )
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
