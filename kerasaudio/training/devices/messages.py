"""What the processes of one training tell each other: JSON and arrays, no pickle."""

import importlib
import io
import json
import struct
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import IO, Any, NamedTuple

import keras
import numpy as np
from numpy.lib import format as npy

_LENGTH = struct.Struct("<Q")
_FUNCTION = "function of a module"


class Message(NamedTuple):
    """One message.

    Attributes:
        facts: Values for JSON.
        arrays: Lists of arrays.
    """

    facts: dict[str, Any]
    arrays: dict[str, list[np.ndarray]]


def write_message(
    pipe: IO[bytes],
    facts: Mapping[str, Any],
    arrays: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> None:
    """Write a message.

    Raises:
        OSError: The other process has ended.
    """
    arrays = arrays or {}
    lengths = {name: len(several) for name, several in arrays.items()}
    _write(pipe, json.dumps({"facts": dict(facts), "arrays": lengths}).encode())
    for several in arrays.values():
        for array in several:
            file = io.BytesIO()
            npy.write_array(file, array, allow_pickle=False)
            _write(pipe, file.getbuffer())
    pipe.flush()


def read_message(pipe: IO[bytes]) -> Message:
    """Read a message.

    Raises:
        EOFError: There is none, or only a part of one.
    """
    head = json.loads(_read(pipe))
    arrays = {
        name: [
            npy.read_array(io.BytesIO(_read(pipe)), allow_pickle=False)
            for _ in range(number)
        ]
        for name, number in head["arrays"].items()
    }
    return Message(head["facts"], arrays)


def _write(pipe: IO[bytes], content: Any) -> None:
    pipe.write(_LENGTH.pack(len(content)))
    pipe.write(content)


def _read(pipe: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError("The other process has ended.")
    return content


def loss_facts(loss: Any) -> Any:
    """Return a loss as values for JSON.

    Raises:
        ValueError: Another process could not find it.
    """
    try:
        if isinstance(loss, FunctionType):
            facts: Any = {_FUNCTION: [loss.__module__, loss.__qualname__]}
        else:
            facts = keras.saving.serialize_keras_object(loss)
        found = loss_of(json.loads(json.dumps(facts)))
    except (TypeError, ValueError, AttributeError, ImportError) as error:
        raise ValueError(unloadable(str(error))) from error
    if isinstance(loss, FunctionType) and (
        found is not loss or loss.__module__ == "__main__"
    ):
        raise ValueError(unloadable(f"Received the loss {loss.__qualname__!r}."))
    return facts


def loss_of(facts: Any) -> Any:
    """Return the loss that `loss_facts` described.

    Raises:
        ValueError, TypeError, AttributeError, ImportError: It is not to be found.
    """
    if isinstance(facts, dict) and _FUNCTION in facts:
        module, name = facts[_FUNCTION]
        return getattr(importlib.import_module(module), name)
    return keras.saving.deserialize_keras_object(facts)


def unloadable(reason: str) -> str:
    """Return the message for a network or a loss that stays in its process."""
    return (
        "devices needs a network and a loss that other processes can load: functions "
        f"and classes of a module, no lambdas. {reason}"
    )
