"""What is made once for a model, as compiling takes seconds."""

from collections.abc import Callable
from typing import Any

from kerasaudio.core import AudioModel


def kept(model: AudioModel, name: tuple[str, ...], make: Callable[[], Any]) -> Any:
    """Return what is made once for a model, and lives as long as it."""
    # Not an attribute: Keras would count its layers as the model's.
    store = model.__dict__.setdefault("_explained", {})
    if name not in store:
        store[name] = make()
    return store[name]
