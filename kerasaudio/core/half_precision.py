"""Networks that compute in bfloat16 or float16, with the weights of a float32 one.

    network in float32 -> the same graph with other dtype policies, the same variables

Weights stay in float32 and are cast where they are used, so that a training or other
new weights need no second copy. Front-ends, layers that read raw samples, the layers
whose factory wants float32, and heads compute in float32.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import keras

from kerasaudio.core.architecture import ARCHITECTURES
from kerasaudio.core.audio_model import WORKERS, AudioModel
from kerasaudio.core.feature_model import (
    Summary,
    config_parts,
    frontend_layers,
    layer_copy,
    tap,
)
from kerasaudio.core.heads import head_layers
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.initializers import numpy_initializers
from kerasaudio.layers.depthwise import xla_on_cpu
from kerasaudio.text import warn

HALVES = ("bfloat16", "float16")
LARGEST_MOVE = 1e-2  # of a score; beyond it, a warning says so
MEASURED = Path(__file__).with_name("half_measured.json")
_OF_KERAS = ("_tracker", "_functional", "_inbound_nodes")  # attributes without weights
_FLOATS = {
    *("float32", "float64", *HALVES),
    *(f"mixed_{half}" for half in HALVES),
}


def check_half(dtype: Any) -> str | None:
    """Return a dtype for inference; None for that of the model's own policies.

    Raises:
        ValueError: It is another one.
    """
    if dtype is None or (isinstance(dtype, str) and dtype in HALVES):
        return dtype
    raise ValueError(
        f"dtype must be {', '.join(map(repr, HALVES))} or None (that of the model). "
        f"Received: {dtype!r}."
    )


def in_half(
    model: AudioModel, dtype: str | None, layers: Sequence[str] | None = None
) -> InferenceModel:
    """Return a network of a model's variables that computes in half precision.

    Args:
        model: The model.
        dtype: "bfloat16", "float16", or None for the dtypes of the model.
        layers: Names of the layers whose vectors it returns, as `tap`; None for the
            scores of the model.

    Returns:
        (batch, samples) -> (batch, features). It is built once for each model.

    Raises:
        ValueError: The dtype is another one, or a layer cannot be copied.

    Warns:
        UserWarning: The scores move by more than `LARGEST_MOVE`, or nobody has measured
            by how much; once for each model and dtype.
    """
    if check_half(dtype) is None:
        return model if layers is None else tap(model, layers)
    assert dtype is not None
    made: dict[Any, InferenceModel] = model.half_networks()
    key = dtype, None if layers is None else tuple(layers)
    if not any(known == dtype for known, _ in made):
        _warn_if_it_moves(model, dtype)
    if key not in made:
        if layers is None:
            network = InferenceModel(model.input, model.output)
            network.clip_lengths = model.clip_lengths
            network.has_state = model.has_state
        else:
            network = tap(model, layers)
        made[key] = _copied(network, dtype, _in_float32(model))
    return made[key]


WORKERS["in_half"] = in_half


def largest_move(preset: str | None, dtype: str) -> float | None:
    """Return by how much scores were seen to move; None if it was not measured.

    Args:
        preset: Factory and tag, such as "YAMNet/audioset".
        dtype: "bfloat16" or "float16".
    """
    row = _measured().get(preset or "")
    return None if row is None else max(each[dtype] for each in row["moved"].values())


@cache
def _measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found["networks"]


def _warn_if_it_moves(model: AudioModel, dtype: str) -> None:
    origin = model.spec.preset
    moved = largest_move(origin, dtype)
    if moved is not None and moved < LARGEST_MOVE:
        return
    if moved is None:
        told = f"Nobody has measured by how much {origin or model.name} moves"
    else:
        told = f"{origin} moved by up to {moved:.2g}, more than {LARGEST_MOVE:g},"
    warn(
        f"{told} in {dtype}. Compare its results with those in float32 on sounds of "
        "yours; see docs/results/half-precision.md.",
        stacklevel=4,
    )


def _in_float32(model: AudioModel) -> set[str]:
    """Return the names of the layers that stay as they are."""
    names = {layer.name for layer in head_layers(model)}
    if any(layer.name == "frontend" for layer in model.layers):
        names |= set(frontend_layers(model))
    architecture = ARCHITECTURES.get(model.spec.architecture)
    if architecture is not None:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            with numpy_initializers():
                body = architecture.body(**model.spec.arguments)
        finally:
            keras.config.set_dtype_policy(before)
        built = keras.Model(body.waveform, [body.embedding, body.penultimate])
        names |= {x.name for x in built.layers if x.compute_dtype == "float32"}
    return names


def _copied(network: InferenceModel, dtype: str, kept: set[str]) -> InferenceModel:
    """Return a network with the same variables whose layers compute in `dtype`."""
    pairs: list[tuple[Any, Any]] = []
    exact: tuple[Any, ...] = (Summary,)
    if dtype == "float16" and xla_on_cpu():
        # It asks for products in float16 that jax does not compile for CPUs.
        exact = (Summary, keras.layers.MultiHeadAttention)

    def clone(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.Layer):
            return layer  # an operation without weights
        is_kept = layer.name in kept or isinstance(layer, exact)
        try:
            config = layer.get_config()
            if not is_kept:
                _set_policies(config, f"mixed_{dtype}", layer.name)
            copy = layer_copy(layer, config)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise ValueError(
                f"The layer {layer.name!r} cannot be rebuilt for dtype={dtype!r}. "
                "Custom layers need get_config() and keras.saving."
                f"register_keras_serializable(). The cause: {error}"
            ) from error
        pairs.append((layer, copy))
        return copy

    with numpy_initializers():
        made = keras.models.clone_model(network, clone_function=clone)
    for layer, copy in pairs:
        _share(layer, copy)
    made.clip_lengths, made.has_state = network.clip_lengths, network.has_state
    return made


def _set_policies(config: Any, policy: str, name: str) -> None:
    """Change the float policies in the configuration of a layer."""
    for part in config_parts(config):
        kind = str(part.get("class_name"))
        if not kind.endswith("DTypePolicy"):
            continue
        if kind != "DTypePolicy" or part["config"]["name"] not in _FLOATS:
            raise ValueError(f"The weights of the layer {name!r} are quantized.")
        part["config"] = {**part["config"], "name": policy}


def _share(original: Any, copy: Any) -> None:
    """Put the variables of a layer in place of those of its copy.

    Raises:
        ValueError: The copy has other variables, or keeps some where they are not
            found.
    """
    theirs, own = original.variables, copy.variables
    shapes = [[tuple(v.shape) for v in variables] for variables in (theirs, own)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"The layer {original.name!r} cannot be rebuilt from its configuration: "
            f"its weights have the shapes {shapes[0]}, those of a copy {shapes[1]}."
        )
    instead = {id(old): new for old, new in zip(own, theirs, strict=True)}
    _replace(copy, instead, set())
    for variable in own:
        # Frees the memory; and a layer that still had it would fail.
        variable._value, variable._initializer = None, _missing


def _missing(*args: Any, **kwargs: Any) -> Any:
    raise ValueError(
        "A layer keeps its weights where they cannot be shared, so that it cannot "
        "compute in half precision. Assign them to attributes in build()."
    )


def _replace(value: Any, instead: dict[int, Any], seen: set[int]) -> Any:
    """Replace variables in a layer, or in a collection; return what to keep."""
    if isinstance(value, keras.Variable):
        return instead.get(id(value), value)
    if isinstance(value, tuple):
        parts = [_replace(part, instead, seen) for part in value]
        if all(new is old for new, old in zip(parts, value, strict=True)):
            return value
        named = hasattr(value, "_fields")
        return type(value)(*parts) if named else type(value)(parts)
    inside: Any = None
    if isinstance(value, keras.layers.Layer | keras.random.SeedGenerator):
        inside = vars(value)
        # What torch's modules know of the old variables; it is made again from these.
        inside.get("_modules", {}).pop("_torch_params", None)
    elif isinstance(value, list | dict):
        inside = value
    if inside is None or id(value) in seen:
        return value
    seen.add(id(value))
    is_list = isinstance(inside, list)
    # Not by the methods of Keras' collections, which would track a variable again.
    put = list.__setitem__ if is_list else dict.__setitem__
    for key, old in list(enumerate(inside) if is_list else inside.items()):
        if key not in _OF_KERAS:
            new = _replace(old, instead, seen)
            if new is not old:
                put(inside, key, new)
    return value
