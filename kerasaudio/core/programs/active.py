"""Whether models predict by their programs: in Keras' loops, but not when exported."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras

_active = ContextVar("kerasaudio_programs", default=False)


@contextmanager
def programs_run() -> Iterator[None]:
    """Let models predict by their programs; on torch without gradients."""
    before = _active.set(True)
    try:
        if keras.backend.backend() != "torch":
            yield
            return
        import torch

        with torch.no_grad():
            yield
    finally:
        _active.reset(before)


def are_active() -> bool:
    """Return whether models predict by their programs."""
    return _active.get()
