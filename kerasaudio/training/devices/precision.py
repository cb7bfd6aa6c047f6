"""Training steps in half precision, of networks that were built in full precision.

The layers compute by the policy during training steps only: validation, and what is
saved, stay as the network was built. Weights are float32 in either case.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import keras

from kerasaudio.core import AudioModel
from kerasaudio.layers.base import Float32Layer
from kerasaudio.models import FACTORIES

Policies = Sequence[tuple[Any, Any]]
"""Layers, and the policy of each."""


class StepPrecision:
    """Dtype policies of layers during training steps.

    Args:
        policies: The layers that change, and their policies.
    """

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._before: list[Any] = []
        self._steps = 0
        self._lock = Lock()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let the layers compute by their policies; several threads may do so."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        with self._lock:
            first, self._steps = self._steps == 0, self._steps + step
            if first:
                self._before = [layer.dtype_policy for layer, _ in self._policies]
                _set(self._policies)
            elif self._steps == 0:
                layers = [layer for layer, _ in self._policies]
                _set(list(zip(layers, self._before, strict=True)))

    def names(self, layers: Sequence[Any]) -> list[str | None]:
        """Return the name of the policy of each layer; None if it does not change."""
        named = {id(layer): policy.name for layer, policy in self._policies}
        return [named.get(id(layer)) for layer in layers]


def _set(policies: Policies) -> None:
    for layer, policy in policies:
        layer.dtype_policy = policy


def policies_for(model: AudioModel, policy: str | None) -> Policies:
    """Return the policy of each layer of a model, as if it was built under a policy.

    The factories decide which layers need float32 under every policy, such as those
    on raw samples. In a network of your own, these are the layers up to `frontend`, and
    `predictions`.

    Args:
        model: Model that was built under another policy.
        policy: Name of a policy; None for no change.
    """
    if policy is None:
        return []
    wanted = keras.dtype_policies.get(policy)
    layers = [*model._flatten_layers(include_self=False)]
    built = _built(model, policy)
    if built is not None:
        found = [layer.dtype_policy for layer in built]
    else:
        kept = _kept(model)
        found = [
            layer.dtype_policy if id(layer) in kept else wanted for layer in layers
        ]
    return list(zip(layers, found, strict=True))


def _built(model: AudioModel, policy: str) -> list[Any] | None:
    """Return the layers of a twin that its factory builds; None if there is no such."""
    factory = FACTORIES.get(model.spec.architecture or "")
    if factory is None:
        return None
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        twin = factory(labels=list(model.spec.labels or ()), **model.spec.arguments)
    finally:
        keras.config.set_dtype_policy(before)
    layers = [*twin._flatten_layers(include_self=False)]
    own = model._flatten_layers(include_self=False)
    same = [type(layer) for layer in layers] == [type(layer) for layer in own]
    return layers if same else None


def _kept(model: AudioModel) -> set[int]:
    """Return the ids of layers that stay in float32 in a network of the user's."""
    front = keras.Model(model.input, model.get_layer("frontend").output)
    last = model.get_layer("predictions")
    kept = {id(layer) for layer in (*front._flatten_layers(), *last._flatten_layers())}
    fixed = (Float32Layer, keras.layers.InputLayer)
    every = model._flatten_layers()
    return kept | {id(layer) for layer in every if isinstance(layer, fixed)}
