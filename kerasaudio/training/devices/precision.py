"""Training steps in half precision, of networks that were built in full precision."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import keras

_lock = Lock()
_before: dict[int, tuple[int, list[tuple[Any, Any]]]] = {}  # by id of the model


@contextmanager
def computing_in(model: keras.Model, policy: str | None) -> Iterator[None]:
    """Let the layers of a model compute by a dtype policy, as long as this lasts.

    Layers whose own policy is not the model's, such as front-ends, keep theirs, and so
    does the layer `predictions`. Variables stay as they are.
    """
    yield
