"""kerasaudio's own format: safetensors, one tensor a variable, `layer/variable` keys.

Assigning is strict both ways: a missing key, a left-over key and a wrong shape raise.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import keras
import numpy as np

from kerasaudio.weights.safetensors_file import parse_safetensors

State = dict[str, np.ndarray]


def named_variables(model: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    """Give each weight of a functional model with its key, `layer/variable`."""
    for layer in model.layers:
        for variable in layer.weights:
            inside = variable.path.rpartition(f"{layer.name}/")[2]
            yield f"{layer.name}/{inside}", variable


def model_state(model: keras.Model) -> State:
    """Give the weights of a model as float32 arrays by key."""
    return {
        key: np.asarray(keras.ops.convert_to_numpy(variable.value), "float32")
        for key, variable in named_variables(model)
    }


def assign(model: keras.Model, state: Mapping[str, np.ndarray], origin: str) -> None:
    """Set every weight of a model, or none.

    Args:
        model: A built functional model.
        state: One array for each weight.
        origin: Where the state comes from, for messages.

    Raises:
        ValueError: A weight is missing or left over, has another shape, or is not
            a finite floating-point number.
    """
    variables = dict(named_variables(model))
    problems = [f"missing {key}" for key in variables.keys() - state.keys()]
    problems += [f"left over {key}" for key in state.keys() - variables.keys()]
    for key in variables.keys() & state.keys():
        want, got = tuple(variables[key].shape), state[key].shape
        if want != got:
            problems.append(f"{key} has shape {got}, not {want}")
        elif state[key].dtype.kind != "f":
            problems.append(f"{key} is {state[key].dtype}, not floating-point")
        elif not np.isfinite(state[key]).all():
            problems.append(f"{key} holds NaN or infinity")
    if problems:
        raise ValueError(
            f"The weights of {origin} do not fit {model.name}: "
            + "; ".join(sorted(problems)[:8])
            + (f"; and {len(problems) - 8} more" if len(problems) > 8 else "")
            + ". Are they of another architecture, or of other architecture arguments?"
        )
    for key, variable in variables.items():
        variable.assign(state[key])


def read_native(path: Path) -> State:
    """Read a safetensors file; nothing in it is executed.

    Raises:
        ValueError: It is no safetensors file.
    """
    return parse_native(path.read_bytes(), str(path))


def parse_native(content: bytes, origin: str = "The weights") -> State:
    """Read the bytes of a safetensors file; nothing in them is executed.

    Raises:
        ValueError: They are no safetensors file, or hold numbers of 8 bits.
    """
    try:
        return parse_safetensors(content)
    except ValueError as error:
        raise ValueError(f"{origin}: {error}.") from error


def native_bytes(state: Mapping[str, np.ndarray]) -> bytes:
    """Give a safetensors file, byte for byte the same for the same state."""
    from safetensors.numpy import save

    return save({key: np.ascontiguousarray(state[key]) for key in sorted(state)})
