"""Keras' dtype policies, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def under(policy: str) -> Iterator[None]:
    """Set Keras' dtype policy, and set it back."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
