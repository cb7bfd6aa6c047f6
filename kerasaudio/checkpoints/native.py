"""kerasaudio's own format: safetensors, one tensor per variable, `layer/variable` keys.

Assigning is strict: missing keys, unexpected keys and wrong shapes raise.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasaudio.checkpoints.safetensors_file import parse_safetensors

if TYPE_CHECKING:  # reading a file needs no backend
    import keras

State = dict[str, np.ndarray]

_WRAPPED = ("forward_layer", "backward_layer", "layer")  # Bidirectional, Wrapper


def named_variables(model: "keras.Model") -> "dict[str, keras.Variable]":
    """Return the weights of a functional model by key, `layer/variable`.

    Keys do not depend on other models in the process: for a wrapped layer, which Keras
    numbers (`gru`, `gru_1`), the key has its role instead (`forward_layer`).

    Raises:
        ValueError: Two weights have the same key.
    """
    named: dict[str, keras.Variable] = {}
    for layer in model.layers:
        for variable in layer.weights:
            key = f"{layer.name}/{_inside(layer, variable)}"
            if key in named:
                raise ValueError(
                    f"Two weights of {model.name} have the key {key!r}, but a file "
                    "can store only one of them. Give different names to the layers "
                    f"inside the layer {layer.name!r}."
                )
            named[key] = variable
    return named


def _inside(layer: "keras.layers.Layer", variable: "keras.Variable") -> str:
    """Return the path of a weight below its layer."""
    import keras

    for part in _WRAPPED:
        wrapped = getattr(layer, part, None)
        if isinstance(wrapped, keras.layers.Layer) and any(
            weight is variable for weight in wrapped.weights
        ):
            return f"{part}/{_inside(wrapped, variable)}"
    names = variable.path.split("/")
    if layer.name in names:
        names = names[names.index(layer.name) + 1 :]
    return "/".join(names)


def model_state(model: "keras.Model") -> State:
    """Return the weights of a model as float32 arrays by key.

    Raises:
        ValueError: Two weights have the same key.
    """
    import keras

    return {
        key: np.asarray(keras.ops.convert_to_numpy(variable.value), "float32")
        for key, variable in named_variables(model).items()
    }


def assign(model: "keras.Model", state: Mapping[str, np.ndarray], origin: str) -> None:
    """Set all weights of a model, or none of them if the state does not fit.

    Args:
        model: A built functional model.
        state: One array per weight, by key.
        origin: Origin of the state, for messages.

    Raises:
        ValueError: A weight is missing or unexpected, has another shape, or is not a
            finite floating-point number; two weights have the same key.
    """
    check_kin(model, state, origin)
    variables = named_variables(model)
    problems = [f"missing {key}" for key in variables.keys() - state.keys()]
    problems += [f"left over {key}" for key in state.keys() - variables.keys()]
    for key in variables.keys() & state.keys():
        want, got = tuple(variables[key].shape), state[key].shape
        if want != got:
            problems.append(f"{key} has shape {got}, not {want}")
        elif state[key].dtype.kind != "f":
            problems.append(f"{key} is {state[key].dtype}, not floating-point")
        elif not np.isfinite(state[key]).all():
            problems.append(f"{key} contains NaN or infinity")
    if problems:
        raise ValueError(
            f"The weights of {origin} do not fit {model.name}: "
            + "; ".join(sorted(problems)[:8])
            + (f"; and {len(problems) - 8} more" if len(problems) > 8 else "")
            + ". Do they belong to another architecture, or to other arguments?"
        )
    for key, variable in variables.items():
        variable.assign(state[key])


def check_kin(
    model: "keras.Model", state: Mapping[str, np.ndarray], origin: str
) -> None:
    """Check that a state has at least one weight of a model.

    Raises:
        ValueError: It has none: it was written by other code.
    """
    keys = named_variables(model).keys()
    if keys and state and not keys & state.keys():
        found = ", ".join(map(repr, sorted(state)[:4]))
        raise ValueError(
            f"{origin!r} was not written by kerasaudio and does not hold this "
            f"network, {model.name}: it has {found}"
            + (f" and {len(state) - 4} more tensors" if len(state) > 4 else "")
            + f", but none of the network's weights, such as {min(keys)!r}. Pass a "
            "file of model.save_pretrained, or of the code that the factory's "
            "docstring names."
        )


def read_native(path: Path) -> State:
    """Read a safetensors file; nothing in it is executed.

    Raises:
        ValueError: The file is not a safetensors file.
    """
    return parse_native(path.read_bytes(), str(path))


def parse_native(content: bytes, origin: str = "The weights") -> State:
    """Read the bytes of a safetensors file; nothing in them is executed.

    Raises:
        ValueError: The bytes are not a safetensors file, or contain 8-bit floats.
    """
    try:
        return parse_safetensors(content)
    except ValueError as error:
        raise ValueError(f"{origin}: {error}.") from error


def parse_metadata(content: bytes) -> dict[str, str]:
    """Return the metadata in the header of a safetensors file.

    Call `parse_native` first, which checks the file. The file consists of eight bytes
    with the length of the header, the header in JSON, and the tensors.
    """
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    return dict(header.get("__metadata__") or {})


def native_bytes(
    state: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of a safetensors file; the same state gives the same bytes.

    Args:
        state: Tensors by key.
        metadata: Metadata for the header; at most one entry, as the order of several
            is not defined.
    """
    from safetensors.numpy import save

    return save(
        {key: np.ascontiguousarray(state[key]) for key in sorted(state)},
        metadata=None if metadata is None else dict(metadata),
    )
